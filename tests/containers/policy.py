"""What every service of a compose file must and must not say. Pure: a parsed file in, the rules that it breaks out."""

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Service = Mapping[str, Any]

_SECRET = re.compile(r"PASS|SECRET|KEY|TOKEN|AUTH|_URL", re.IGNORECASE)
_HOST_NAMESPACES = ("pid", "ipc", "uts", "userns_mode", "cgroup")
#: Folders of the host that tell or change too much to be handed into a container; of the second, nothing below either
_FORBIDDEN_BINDS = ("/", "/usr", "/root", "/home", "/tmp", "/var", "/var/lib")
_FORBIDDEN_TREES = ("/proc", "/sys", "/dev", "/etc", "/boot", "/run", "/var/run", "/var/lib/docker")


def broken_rules(compose: Mapping[str, Any]) -> list[str]:
    """`service: rule` for each rule that a service breaks."""
    disguised = [
        f"{name}: a volume with options of a driver may be any folder of the host"
        for name, volume in compose.get("volumes", {}).items()
        if (volume or {}).get("driver_opts")
    ]
    return disguised + [
        f"{name}: {rule}"
        for name, service in compose["services"].items()
        for check in CHECKS
        for rule in check(service)
    ]


def _privileges(service: Service) -> Iterator[str]:
    if service.get("privileged"):
        yield "nothing is privileged"
    if service.get("cap_drop") != ["ALL"] or service.get("cap_add"):
        yield "every capability is dropped, and none is added"
    options = [str(option).replace("=", ":") for option in service.get("security_opt", [])]
    if "no-new-privileges:true" not in options:
        yield "no new privileges can be gained"
    if any(option.startswith("seccomp:") and option != "seccomp:builtin" for option in options):
        yield "the engine's own seccomp profile stays: another value names a file, or switches it off"
    if "apparmor:unconfined" in options:
        yield "AppArmor is not switched off"
    if str(service.get("user", "0")).split(":")[0] in ("0", "root"):
        yield "nothing runs as root"


def _namespaces(service: Service) -> Iterator[str]:
    shared = [key for key in _HOST_NAMESPACES if service.get(key) == "host"]
    if shared or service.get("network_mode") == "host":
        yield "no namespace of the host is shared"


def _filesystems(service: Service) -> Iterator[str]:
    if service.get("read_only") is not True:
        yield "the root filesystem is read-only"
    mounts = [str(mount) for mount in service.get("tmpfs", [])]
    tmp = [mount for mount in mounts if mount.startswith("/tmp:")]
    if (
        not tmp
        or not {"noexec", "nosuid", "nodev"} <= set(tmp[0].partition(":")[2].split(","))
        or "size=" not in tmp[0]
    ):
        yield "/tmp is a tmpfs of limited size from which nothing can be run"
    for volume in service.get("volumes", []):
        yield from _volume(volume)


def _volume(volume: Any) -> Iterator[str]:
    if isinstance(volume, str):
        yield "volumes are written out: the short form drops what it does not know, such as noexec and size"
        source = volume.partition(":")[0]
    elif volume["type"] == "bind":
        source = re.sub(r"^\$\{[^:}]+:-(.*)\}$", r"\1", volume["source"])
        if volume.get("read_only") is not True:
            yield "what is bound in from the host is read-only"
        if volume.get("bind", {}).get("create_host_path") is not False:
            yield "a folder of the host that is missing is not made"
    else:
        return
    folder = posixpath.normpath(source)
    if folder in _FORBIDDEN_BINDS or any(f"{folder}/".startswith(f"{tree}/") for tree in _FORBIDDEN_TREES):
        yield f"{source} of the host stays outside"
    if "docker.sock" in source:
        yield "no engine's socket is handed in: read-only or not, it is the whole engine"


def _limits(service: Service) -> Iterator[str]:
    if not service.get("pids_limit"):
        yield "processes are limited"
    if not service.get("mem_limit") or service.get("mem_limit") != service.get("memswap_limit"):
        yield "memory is limited, and swap does not add to it"
    if not service.get("cpus"):
        yield "CPU is limited"
    if service.get("logging", {}).get("driver") != "local" or "max-size" not in service["logging"].get("options", {}):
        yield "logs are limited"


def _network(service: Service) -> Iterator[str]:
    for port in service.get("ports", []):
        address = port.get("host_ip") if isinstance(port, dict) else port
        if not str(address).startswith("127.0.0.1"):
            yield "ports are published on this machine alone"


def _secrets(service: Service) -> Iterator[str]:
    environment = service.get("environment", {})
    if not isinstance(environment, dict):
        environment = dict(entry.partition("=")[::2] for entry in environment)
    for name, value in environment.items():
        if _SECRET.search(name) and not name.endswith("_FILE"):
            yield f"secrets come as files: {name}"
        if "://" in str(value) and "@" in str(value):
            yield f"no address holds a password: {name}"


def _life(service: Service) -> Iterator[str]:
    if service.get("init") is not True:
        yield "what a dead parent leaves behind is collected"
    if "restart" not in service:
        yield "what ends is started again, or says that it is meant to end"
    if service.get("restart") != "no" and not service.get("healthcheck", {}).get("test"):
        yield "what keeps running says whether it is healthy"


CHECKS: tuple[Callable[[Service], Iterator[str]], ...] = (
    _privileges, _namespaces, _filesystems, _limits, _network, _secrets, _life
)  # fmt: skip
