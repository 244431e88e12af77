"""The one table of job kinds. Tasks, queues, routes, schemas and command-line verbs derive from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from pydantic import ValidationError

from optimizer.errors import InvalidRequestError
from optimizer.events import EventType
from optimizer.options import (
    CacheOptions,
    ChangeOptions,
    CompressOptions,
    DuplicatesOptions,
    HashOptions,
    LargeFilesOptions,
    LogsOptions,
    NoOptions,
    PlanOptions,
    PurgeOptions,
    ScanOptions,
    StorageOptions,
    TempOptions,
    UndoOptions,
)
from optimizer.values import JsonObject, Value


class Resource(StrEnum):
    """What a worker is pinned to; each has a queue on each host."""

    MEMORY = "memory"
    CPU = "cpu"
    STORAGE = "storage"
    HASHING = "hashing"
    DOCKER = "docker"


class Scope(StrEnum):
    """What an API key may do."""

    READ = "read"
    PLAN = "plan"
    APPLY = "apply"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    name: str
    resource: Resource | None  #: None for a kind of parts, which no worker runs
    path: str  #: of its HTTP route; GET where it only reads and may be answered at once, else POST
    options: type[Value]
    summary: str
    changes_host: bool = False
    anonymous: bool = False  #: whether a caller on loopback without a key may have it
    event: EventType | None = None  #: sent beside job.completed when the job did its work
    parts: tuple[str, ...] = ()  #: kinds of the jobs that a job of this kind is made of; it has no task of its own

    @property
    def task_name(self) -> str:
        return f"optimizer.{self.name}"

    @property
    def acts_on_a_job(self) -> bool:
        """Whether its route names the job that it acts on, instead of the body."""
        return "<" in self.path

    @property
    def method(self) -> str:
        return "GET" if self.path.startswith("/analyze/") else "POST"

    def scope(self, options: JsonObject) -> Scope:
        """What a caller needs for it: a change needs apply, all that only looks needs plan."""
        return Scope.APPLY if self.changes_host and not options.get("dry_run") else Scope.PLAN


_TABLE = (
    Kind(
        name="analyze_storage",
        resource=Resource.STORAGE,
        path="/analyze/storage",
        options=ScanOptions,
        anonymous=True,
        event=EventType.STORAGE_ANALYZED,
        summary="What uses the space below a folder",
    ),
    Kind(
        name="analyze_duplicates",
        resource=Resource.STORAGE,
        path="/analyze/storage/duplicates",
        options=ScanOptions,
        anonymous=True,
        event=EventType.STORAGE_ANALYZED,
        summary="Files of equal content below a folder",
    ),
    Kind(
        name="analyze_large_files",
        resource=Resource.STORAGE,
        path="/analyze/storage/large-files",
        options=LargeFilesOptions,
        anonymous=True,
        event=EventType.STORAGE_ANALYZED,
        summary="The largest files below a folder",
    ),
    Kind(
        name="analyze_report",
        resource=Resource.STORAGE,
        path="/analyze/storage/report",
        options=NoOptions,
        anonymous=True,
        event=EventType.STORAGE_ANALYZED,
        summary="Usage, duplicates and large files of every scan root",
    ),
    Kind(
        name="analyze_memory",
        resource=Resource.MEMORY,
        path="/analyze/memory",
        options=NoOptions,
        anonymous=True,
        summary="Available memory, pressure and the largest processes",
    ),
    Kind(
        name="analyze_cpu",
        resource=Resource.CPU,
        path="/analyze/cpu",
        options=NoOptions,
        anonymous=True,
        summary="CPU use, load, pressure and the busiest processes",
    ),
    Kind(
        name="analyze_docker",
        resource=Resource.DOCKER,
        path="/analyze/docker",
        options=NoOptions,
        anonymous=True,
        summary="What images, containers, volumes and build cache use",
    ),
    Kind(
        name="hash_files",
        resource=Resource.HASHING,
        path="/hash",
        options=HashOptions,
        event=EventType.FILES_HASHED,
        summary="Digests of files, cached for as long as a file is unchanged",
    ),
    Kind(
        name="optimize_memory",
        resource=Resource.MEMORY,
        path="/optimize/memory",
        options=ChangeOptions,
        changes_host=True,
        anonymous=True,
        event=EventType.MEMORY_OPTIMIZED,
        summary="Give unused heap of the memory worker back to the system",
    ),
    Kind(
        name="optimize_cpu",
        resource=Resource.CPU,
        path="/optimize/cpu",
        options=ChangeOptions,
        changes_host=True,
        anonymous=True,
        event=EventType.CPU_OPTIMIZED,
        summary="Relieve the CPU",
    ),
    Kind(
        name="optimize_docker",
        resource=Resource.DOCKER,
        path="/optimize/docker",
        options=ChangeOptions,
        changes_host=True,
        anonymous=True,
        event=EventType.DOCKER_OPTIMIZED,
        summary="Reclaim what Docker no longer needs",
    ),
    Kind(
        name="optimize_all",
        resource=None,
        path="/optimize/all",
        options=ChangeOptions,
        changes_host=True,
        anonymous=True,
        parts=("optimize_memory", "optimize_cpu", "optimize_storage", "optimize_docker"),
        summary="Memory, CPU, storage and Docker, each by its own worker",
    ),
    *(
        Kind(
            name=name,
            resource=Resource.STORAGE,
            path=path,
            options=options,
            changes_host=True,
            anonymous=True,
            event=EventType.STORAGE_OPTIMIZED,
            summary=summary,
        )
        for name, path, options, summary in (
            ("optimize_disk", "/optimize/disk", ChangeOptions, "Temporary files, caches and logs"),
            ("optimize_storage", "/optimize/storage", StorageOptions, "Every kind of storage reclaim"),
            (
                "optimize_duplicates",
                "/optimize/storage/duplicates",
                DuplicatesOptions,
                "Replace copies of equal content below a folder",
            ),
            ("optimize_cache", "/optimize/storage/cache", CacheOptions, "Clear caches that refill themselves"),
            (
                "optimize_compress",
                "/optimize/storage/compress",
                CompressOptions,
                "Compress files that have not changed for long",
            ),
            ("optimize_logs", "/optimize/storage/logs", LogsOptions, "Compress closed logs"),
            ("optimize_temp", "/optimize/storage/temp", TempOptions, "Put old temporary files in quarantine"),
        )
    ),
)

_ON_A_JOB = (
    Kind(
        name="apply_plan",
        resource=Resource.STORAGE,
        path="/optimizations/<optimization_id>/apply",
        options=PlanOptions,
        changes_host=True,
        event=EventType.STORAGE_OPTIMIZED,
        summary="Do exactly what a dry run planned",
    ),
    Kind(
        name="undo",
        resource=Resource.STORAGE,
        path="/optimizations/<optimization_id>/undo",
        options=UndoOptions,
        changes_host=True,
        event=EventType.UNDO_COMPLETED,
        summary="Bring back what a job changed",
    ),
    Kind(
        name="purge",
        resource=Resource.STORAGE,
        path="/optimizations/<optimization_id>/purge",
        options=PurgeOptions,
        changes_host=True,
        event=EventType.PURGE_COMPLETED,
        summary="Delete what waits in quarantine, for good",
    ),
)

#: Every kind by its name.
KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in (*_TABLE, *_ON_A_JOB)})


def parse_options(kind: Kind, options: JsonObject) -> Value:
    """The options as a checked value.

    Raises InvalidRequestError, whose details name each field that is missing, unknown or wrong.
    """
    try:
        return kind.options.model_validate(dict(options))
    except ValidationError as error:
        raise invalid_request(error) from None


def invalid_request(error: ValidationError) -> InvalidRequestError:
    """The product's error for pydantic's, with a JSON pointer and a sentence for each field."""
    problems = [
        {"pointer": "".join(f"/{part}" for part in item["loc"]), "detail": item["msg"]}
        for item in error.errors(include_url=False, include_input=False)
    ]
    named = "; ".join(f"{item['pointer'] or '/'}: {item['detail']}" for item in problems)
    return InvalidRequestError(f"The request cannot be taken: {named}", errors=problems)
