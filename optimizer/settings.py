"""The only reader of the environment and of secret files. Everything else is given what it needs."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator

from optimizer.errors import SettingsError
from optimizer.kinds import Resource, Scope
from optimizer.values import Value

PREFIX = "HRO_"
#: prometheus_client takes the folder for what several processes count together from this variable alone
SHARED_METRICS = "PROMETHEUS_MULTIPROC_DIR"


def _paths(value: Any) -> Any:
    """A text as a list split at each colon, as PATH is; an empty text is an empty list."""
    return tuple(part for part in value.split(":") if part) if isinstance(value, str) else value


def _scopes(value: Any) -> Any:
    """The same for words, which may stand between commas as well."""
    return _paths(value.replace(",", ":")) if isinstance(value, str) else value


def _by_resource(value: Any) -> Any:
    """A text such as `storage=7200:cpu=60` as a number for each resource."""
    return dict(part.partition("=")[::2] for part in _paths(value)) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_paths)]
Paths = Annotated[tuple[Path, ...], BeforeValidator(_paths)]
Scopes = Annotated[tuple[Scope, ...], BeforeValidator(_scopes)]
Resources = Annotated[tuple[Resource, ...], BeforeValidator(_paths)]
Limits = Annotated[Mapping[Resource, Annotated[int, Field(ge=10)]], BeforeValidator(_by_resource)]


def _require_absolute(paths: tuple[Path, ...]) -> None:
    for path in paths:
        if not path.is_absolute():
            raise ValueError(f"{path} is not an absolute path")


class Settings(Value):
    """Every setting, checked. Field `redis_url` is `HRO_REDIS_URL`; a secret also comes as `HRO_…_FILE`."""

    model_config = Value.model_config | {"strict": False}

    host: str = Field(default_factory=socket.gethostname, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$")
    default_host: str = ""
    bind: str = "127.0.0.1"
    port: int = Field(11110, ge=0, le=65_535)
    api_processes: int = Field(2, ge=1, le=16)
    allowed_hosts: Names = ()
    redis_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    cache_url: SecretStr | None = None  #: of the hash cache; by default database 1 of the same server
    amqp_url: SecretStr | None = None
    state_dir: Path = Path()
    heart_file: Path | None = None  #: touched with each heartbeat, for a health check from outside the process
    roots: Paths = ()
    scan_roots: Paths = ()
    keep: Names = ()  #: globs of whole paths that no plan may touch
    api_keys: SecretStr = SecretStr("[]")
    signing_key: SecretStr | None = None
    queue_scopes: Scopes = (Scope.READ, Scope.PLAN)
    docker_url: str = ""
    flower_bind: str = "127.0.0.1"
    flower_port: int = Field(5555, ge=0, le=65_535)
    flower_auth: SecretStr | None = None  #: user:password; Flower does not start without
    schedules: Path | None = None  #: a TOML file, see schedules.py
    policies: Path | None = None  #: a TOML file, see storage/policy/policy.py
    rules_dir: Path | None = None  #: rules of the administrator's own, see storage/clean/rule.py
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    concurrency: int = Field(1, ge=1, le=64, description="Processes of each worker.")
    lease_seconds: int = Field(15, ge=3, le=600)
    time_limit_seconds: int = Field(3600, ge=10, le=24 * 3600)
    time_limits: Limits = Field(default_factory=dict)
    memory_limit_mb: int = Field(256, ge=10)
    memory_limits_mb: Limits = Field(default_factory=dict)
    background: Resources = (Resource.STORAGE, Resource.HASHING)
    record_days: int = Field(7, ge=1, le=365)
    quarantine_days: int = Field(7, ge=0, le=3650)
    plan_minutes: int = Field(15, ge=1, le=7 * 24 * 60)
    hash_cache_seconds: int = Field(3600, ge=0)
    hash_cache_mb: int = Field(256, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, values: dict[str, Any]) -> dict[str, Any]:
        roots = _paths(values.get("roots", ()))
        usual = (*roots, "/tmp", "/var/tmp", "/var/log", "/var/cache")  # noqa: S108 - read, never written
        values.setdefault("scan_roots", tuple(dict.fromkeys(map(str, usual))))
        return values

    @model_validator(mode="after")
    def _absolute_roots(self) -> Self:
        _require_absolute((*self.roots, *self.scan_roots, *([self.rules_dir] if self.rules_dir else [])))
        return self

    @property
    def job_host(self) -> str:
        """Whose queue a job goes to that names no host."""
        return self.default_host or self.host

    @property
    def resources(self) -> tuple[Resource, ...]:
        return tuple(Resource)


#: Fields that may be given as a file's name, so that no secret stands in an environment.
SECRETS = frozenset(name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation))


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process.

    Raises SettingsError, naming each variable that is unknown, unreadable or of a wrong value.
    """
    environ = os.environ if environ is None else environ  # noqa: TID251 - here and nowhere else
    values: dict[str, Any] = {"state_dir": _state_dir(environ), "docker_url": environ.get("DOCKER_HOST", "")}
    for variable, text in environ.items():
        if variable.startswith(PREFIX):
            name, value = _setting(variable, text)
            values[name] = value
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        problems = [f"{PREFIX}{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors() if item["loc"]]
        raise SettingsError("; ".join(problems) or str(error)) from None


def shared_metrics() -> str | None:
    """The folder where an API's processes count together, if there is one."""
    return os.environ.get(SHARED_METRICS)  # noqa: TID251 - here and nowhere else


def schedule_text(settings: Settings) -> str | None:
    """The text of the file HRO_SCHEDULES, None where no file is named. Raises SettingsError."""
    return _text_of("HRO_SCHEDULES", settings.schedules)


def policy_text(settings: Settings) -> str | None:
    """The text of the file HRO_POLICIES, None where no file is named. Raises SettingsError."""
    return _text_of("HRO_POLICIES", settings.policies)


def _text_of(variable: str, path: Path | None) -> str | None:
    try:
        return path.read_text(encoding="utf-8") if path else None
    except OSError as error:
        raise SettingsError(f"{variable}: {path} cannot be read: {error.strerror}") from None


def _setting(variable: str, text: str) -> tuple[str, str]:
    """The field that a variable sets, and its value."""
    name = variable.removeprefix(PREFIX).lower()
    if name in Settings.model_fields:
        return name, text
    secret = name.removesuffix("_file")
    if name == secret or secret not in SECRETS:
        raise SettingsError(f"{variable} is not a setting of this product; see docs/operations.md")
    try:
        return secret, Path(text).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{variable}: {text} cannot be read: {error.strerror}") from None


def _state_dir(environ: Mapping[str, str]) -> str:
    if os.geteuid() == 0:
        return "/var/lib/hro"
    base = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME", "/")) / ".local/state")
    return str(Path(base) / "hro")


def child_environment(overrides: Mapping[str, str], *, inherit: bool = True) -> dict[str, str]:
    """The environment for a program that we start, perhaps in another folder: `overrides` on top of ours.

    Without `inherit`, none of our own `HRO_` settings are passed on.
    """
    passed = {
        name: str(Path(text).absolute()) if name.startswith(PREFIX) and name.endswith("_FILE") else text
        for name, text in os.environ.items()  # noqa: TID251 - here and nowhere else
        if inherit or not name.startswith(PREFIX)
    }
    return {**passed, **overrides}
