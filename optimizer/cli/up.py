"""`hro up`: the whole service in the foreground, for as long as nobody presses Ctrl-C."""

import argparse
from pathlib import Path

from optimizer import settings as configuration
from optimizer.cli.errors import Exit
from optimizer.cli.keys import KEYS_FILE, add_key
from optimizer.cli.stack.guard import guarded
from optimizer.cli.stack.programs import check_ports, local_address, start
from optimizer.cli.stack.redis import free_port
from optimizer.cli.stack.state import held, make_private, secret_file
from optimizer.cli.stack.supervisor import Supervisor
from optimizer.host.clock import SystemClock
from optimizer.kinds import Scope
from optimizer.settings import Settings

_FLOWER_FILE = "flower-auth"
_KEY_SCOPES = (Scope.READ, Scope.PLAN, Scope.APPLY)


def run(arguments: argparse.Namespace) -> int:
    settings = configuration.load()
    state = settings.state_dir.absolute()
    make_private(state)
    return guarded(lambda: _hold_and_serve(settings, state, yes=arguments.yes))


def _hold_and_serve(settings: Settings, state: Path, *, yes: bool) -> int:
    try:
        with held(state) as lock, Supervisor(state / "logs") as supervisor:
            _serve(settings, state, lock, supervisor, yes=yes)
    except KeyboardInterrupt:
        print("Stopped.")
    return Exit.DONE


def _serve(settings: Settings, state: Path, lock: int, supervisor: Supervisor, *, yes: bool) -> None:
    check_ports(settings)
    print("Starting …", flush=True)
    overrides = {
        "HRO_STATE_DIR": str(state),
        "HRO_PORT": str(settings.port or free_port()),
        "HRO_FLOWER_PORT": str(settings.flower_port or free_port()),
        **_secrets(settings, state),
    }
    running = start(supervisor, overrides, settings.resources, yes=yes, lock=lock, with_extras=True)
    _greet(running, supervisor)
    try:
        supervisor.watch()
    finally:
        print("\nStopping …", flush=True)


def _secrets(settings: Settings, state: Path) -> dict[str, str]:
    """Name the files of secrets that the user has not given; make those that are not there yet."""
    files = {}
    if "signing_key" not in settings.model_fields_set:
        files["HRO_SIGNING_KEY_FILE"] = str(secret_file(state / "signing-key"))
    if "flower_auth" not in settings.model_fields_set:
        files["HRO_FLOWER_AUTH_FILE"] = str(secret_file(state / _FLOWER_FILE, prefix="hro:"))
    if "api_keys" not in settings.model_fields_set:
        files["HRO_API_KEYS_FILE"] = str(state / KEYS_FILE)
        _show_key(state / KEYS_FILE)
    return files


def _show_key(keys: Path) -> None:
    """Show the first key at once when it is made: should the start fail, it is known all the same."""
    if keys.exists():
        print(f"The hashes of the API keys are in {keys}. For one more key:")
        print(f"  hro key new --scopes {','.join(_KEY_SCOPES)} --file {keys}")
    else:
        print(f"API key, with scopes {', '.join(_KEY_SCOPES)}; only its hash is kept, in {keys}:")
        print(f"  {add_key(keys, _KEY_SCOPES, SystemClock().now())}")


def _flower_auth(settings: Settings) -> str:
    made = settings.state_dir / _FLOWER_FILE
    return f"in {made}" if made.exists() else "as in HRO_FLOWER_AUTH"


def _greet(settings: Settings, supervisor: Supervisor) -> None:
    address, logs = local_address(settings), settings.state_dir / "logs"
    lines = {
        "Address": f"{address}    in a browser: {address}/ and {address}/docs",
        "Flower": f"http://{settings.flower_bind}:{settings.flower_port}    login: {_flower_auth(settings)}",
        "Host": settings.host,
        "Programs": f"{', '.join(supervisor.pids())}    their logs: {logs}",
        "RabbitMQ": "as HRO_AMQP_URL says" if settings.amqp_url else "none; events wait until HRO_AMQP_URL names one",
        "Stop": "Ctrl-C",
    }
    print("\n".join(f"{name:9} {text}" for name, text in lines.items()), flush=True)
