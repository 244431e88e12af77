"""The one place that builds the real parts from the settings, and binds each kind to its handler."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from redis import Redis

from optimizer import schedules
from optimizer import settings as configuration
from optimizer.cpu.analyze import analyze_cpu
from optimizer.cpu.optimize import optimize_cpu
from optimizer.docker.analyze import analyze_docker
from optimizer.docker.engine import engine_state
from optimizer.docker.optimize import optimize_docker
from optimizer.hashing.cache import open_cache
from optimizer.hashing.handlers import hash_files
from optimizer.host import capabilities
from optimizer.host.clock import SystemClock
from optimizer.host.files import ScanRoots, raise_open_file_limit
from optimizer.host.journal import Journal
from optimizer.host.unfit import require_fit
from optimizer.kinds import Resource
from optimizer.memory.analyze import analyze_memory
from optimizer.memory.optimize import optimize_memory
from optimizer.plans import Plan
from optimizer.ports import Clock
from optimizer.runner import Handler
from optimizer.schedules import Schedule
from optimizer.settings import Settings
from optimizer.storage.changes import Tools, changes
from optimizer.storage.clean.load import load_rules
from optimizer.storage.clean.rule import Catalogue
from optimizer.storage.handlers import analyze_duplicates, analyze_large_files, analyze_report, analyze_storage
from optimizer.storage.keep import Keep
from optimizer.storage.policy import policy as policies
from optimizer.store import keys
from optimizer.store.attempts import AttemptStore
from optimizer.store.connection import IMPATIENT, PATIENT, Scripts, connect
from optimizer.store.endings import Lifetimes
from optimizer.store.intake import Intake
from optimizer.store.jobs import JobStore
from optimizer.store.outbox import Stream
from optimizer.store.reconciler import Reconciler
from optimizer.store.shelf import Shelf
from optimizer.store.vitals import Vitals
from optimizer.values import JsonObject

_DAY = 24 * 3600
#: A worker's job waits so long for another one on its roots: a person's, or an attempt that is being ended
_ROOT_PATIENCE_SECONDS = 60.0
#: How long after its record an id is still answered with "expired" rather than "unknown", in seconds
_TOMBSTONE_SECONDS = 30 * _DAY


def lifetimes(settings: Settings) -> Lifetimes:
    record_seconds = settings.record_days * _DAY
    return Lifetimes(record_seconds=record_seconds, tombstone_seconds=record_seconds + _TOMBSTONE_SECONDS)


def configured_schedules(settings: Settings) -> tuple[Schedule, ...]:
    """Raises SettingsError."""
    text = configuration.schedule_text(settings)
    return schedules.DEFAULT if text is None else schedules.parse(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiParts:
    """What the API stands on."""

    store: JobStore
    intake: Intake
    schedules: tuple[Schedule, ...]
    vitals: Vitals
    shelf: Shelf
    clock: SystemClock


def api_parts(settings: Settings) -> ApiParts:
    client = connect(settings.redis_url.get_secret_value(), IMPATIENT)
    clock, scripts = SystemClock(), Scripts(client)
    return ApiParts(
        schedules=configured_schedules(settings),
        intake=_intake(settings, client, scripts, clock),
        store=_job_store(settings, client, scripts, clock),
        vitals=Vitals(redis=client, clock=clock),
        shelf=Shelf(client),
        clock=clock,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerParts:
    """What a worker stands on; made anew in each of its processes."""

    attempts: AttemptStore
    intake: Intake
    vitals: Vitals
    clock: SystemClock
    store: JobStore
    handlers: Mapping[str, Handler]
    journal: Journal
    signing_key: bytes | None


def worker_parts(settings: Settings) -> WorkerParts:
    raise_open_file_limit()  # a walk keeps the folders above it open
    client = connect(settings.redis_url.get_secret_value(), PATIENT)
    clock, scripts = SystemClock(), Scripts(client)
    return WorkerParts(
        intake=_intake(settings, client, scripts, clock),
        attempts=AttemptStore(
            scripts=scripts, lifetimes=lifetimes(settings), clock=clock, lease_seconds=settings.lease_seconds
        ),
        vitals=Vitals(redis=client, clock=clock),
        clock=clock,
        store=_job_store(settings, client, scripts, clock),
        handlers=handlers(settings, patience_seconds=_ROOT_PATIENCE_SECONDS),
        journal=open_journal(settings),
        signing_key=_signing_key(settings),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeeperParts:
    """What the keeper stands on."""

    redis: Redis
    scripts: Scripts
    intake: Intake
    reconciler: Reconciler
    outbox: Stream
    celery_events: Stream
    vitals: Vitals
    clock: SystemClock


def keeper_parts(settings: Settings) -> KeeperParts:
    client = connect(settings.redis_url.get_secret_value(), PATIENT)
    clock, scripts = SystemClock(), Scripts(client)
    consumer = f"keeper@{settings.host}"
    return KeeperParts(
        redis=client,
        scripts=scripts,
        intake=_intake(settings, client, scripts, clock),
        reconciler=Reconciler(
            redis=client,
            scripts=scripts,
            lifetimes=lifetimes(settings),
            clock=clock,
            lease_seconds=settings.lease_seconds,
        ),
        outbox=Stream(redis=client, scripts=scripts, name=keys.OUTBOX, consumer=consumer),
        celery_events=Stream(redis=client, scripts=scripts, name=keys.CELERY_EVENTS, consumer=consumer),
        vitals=Vitals(redis=client, clock=clock),
        clock=clock,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatParts:
    """What beat stands on."""

    store: JobStore
    schedules: tuple[Schedule, ...]
    vitals: Vitals
    clock: SystemClock


def beat_parts(settings: Settings) -> BeatParts:
    client = connect(settings.redis_url.get_secret_value(), PATIENT)
    clock = SystemClock()
    return BeatParts(
        store=_job_store(settings, client, Scripts(client), clock),
        schedules=configured_schedules(settings),
        vitals=Vitals(redis=client, clock=clock),
        clock=clock,
    )


def _job_store(settings: Settings, client: Redis, scripts: Scripts, clock: Clock) -> JobStore:
    return JobStore(
        redis=client,
        scripts=scripts,
        lifetimes=lifetimes(settings),
        clock=clock,
        signing_key=_signing_key(settings),
    )


def _intake(settings: Settings, client: Redis, scripts: Scripts, clock: Clock) -> Intake:
    return Intake(
        redis=client,
        scripts=scripts,
        lifetimes=lifetimes(settings),
        clock=clock,
        default_host=settings.job_host,
        allowed=settings.queue_scopes,
    )


def _signing_key(settings: Settings) -> bytes | None:
    return settings.signing_key.get_secret_value().encode() if settings.signing_key else None


def cache_url(settings: Settings) -> str:
    """The hash cache's database: not the store's, so that it can be emptied without touching a job."""
    if settings.cache_url:
        return settings.cache_url.get_secret_value()
    return next_database(settings.redis_url.get_secret_value())


def next_database(redis_url: str) -> str:
    """The URL of the database after that of `redis_url`, on the same server."""
    parts = urlsplit(redis_url)
    query = parse_qs(parts.query)
    named = query.pop("db", None) or ([parts.path.strip("/")] if parts.scheme != "unix" else [])
    query["db"] = [str(int(named[0] or 0) + 1 if named else 1)]
    path = parts.path if parts.scheme == "unix" else ""
    # urlunsplit drops the // of a scheme that it does not know
    return f"{parts.scheme}://{parts.netloc}{path}?{urlencode(query, doseq=True)}"


def open_journal(settings: Settings) -> Journal:
    """The journal of this host; there is one, whoever writes to it."""
    return Journal(settings.state_dir / "journal.db", SystemClock())


def change_roots(settings: Settings) -> ScanRoots:
    """Where changes are allowed. Raises SettingsError where a folder can never be one."""
    require_fit(settings.roots)
    return ScanRoots(settings.roots, setting="HRO_ROOTS", one_mount=True)


def handlers(
    settings: Settings, load_plan: Callable[[str], Plan] | None = None, *, patience_seconds: float = 0.0
) -> Mapping[str, Handler]:
    """Every kind's handler, by the kind's name.

    `load_plan` gives a dry run's plan; by default the store has it. A change waits `patience_seconds` for another one
    to be done with its roots.
    """
    clock = SystemClock()
    readable = ScanRoots(settings.scan_roots)
    cache = open_cache(
        cache_url(settings),
        settings.state_dir / "digests.db",
        host=settings.host,
        ttl_seconds=settings.hash_cache_seconds,
        room=settings.hash_cache_mb * 1_000_000,
        clock=clock,
    )
    tools = Tools(
        roots=change_roots(settings),
        journal=open_journal(settings),
        keep=Keep(settings.keep),
        cache=cache,
        clock=clock,
        patience_seconds=patience_seconds,
        policies=policies.parse(configuration.policy_text(settings) or ""),
        catalogue=Catalogue(load_rules(settings.rules_dir), Keep(settings.keep)),
    )
    return {
        "analyze_storage": analyze_storage(readable, clock),
        "analyze_duplicates": analyze_duplicates(readable, cache, clock),
        "analyze_large_files": analyze_large_files(readable, clock),
        "analyze_report": analyze_report(readable, cache, clock),
        "analyze_memory": analyze_memory(),
        "analyze_cpu": analyze_cpu(),
        "analyze_docker": analyze_docker(settings.docker_url),
        "hash_files": hash_files(readable, cache, clock),
        "optimize_memory": optimize_memory(),
        "optimize_cpu": optimize_cpu(),
        "optimize_docker": optimize_docker(settings.docker_url),
        **changes(tools, load_plan or partial(_stored_plan, settings)),
    }


def _stored_plan(settings: Settings, optimization_id: str) -> Plan:
    """A plan as the dry run left it. Raises JobNotFoundError, JobExpiredError, StoreUnavailableError."""
    client = connect(settings.redis_url.get_secret_value(), PATIENT)
    with closing(client):
        return _job_store(settings, client, Scripts(client), SystemClock()).whole_plan(optimization_id)


def worker_facts(settings: Settings, resource: str) -> JsonObject:
    """What a worker says of itself with each heartbeat: who it is, what it can do and where."""
    facts: dict[str, Any] = {
        "host": settings.host,
        "resource": resource,
        "capabilities": dict(capabilities.read()),
        "roots": list(map(str, settings.roots)),
        "scan_roots": list(map(str, settings.scan_roots)),
    }
    if resource == Resource.DOCKER:
        facts["docker"] = asdict(engine_state(settings.docker_url))
    return facts
