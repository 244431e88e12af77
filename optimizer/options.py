"""What a job of each kind may be asked for: checked alike at every door (HTTP, queue, command line)."""

import posixpath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from optimizer.values import Value


def _absolute(path: str) -> str:
    if not path.startswith("/"):
        raise ValueError("must be an absolute path, starting with /")
    if "\0" in path:
        raise ValueError("must not hold a NUL character")
    if not path.isascii() and any("\ud800" <= letter <= "\udfff" for letter in path):
        raise ValueError("must be text that UTF-8 can write, without surrogates")
    # A leading // is the one thing that normpath leaves alone, as POSIX lets a system define it
    return posixpath.normpath("/" + path.lstrip("/"))


#: An absolute path without `.`, `..` or doubled slashes; symbolic links in it are not followed by anyone.
AbsolutePath = Annotated[str, AfterValidator(_absolute), Field(max_length=4096, examples=["/var/log"])]


class NoOptions(Value):
    """A kind that needs nothing to be said."""


class ScanOptions(Value):
    path: AbsolutePath = Field(description="The folder or file to read, inside HRO_SCAN_ROOTS.")


class LargeFilesOptions(ScanOptions):
    min_size_mb: int = Field(100, ge=0, le=1 << 40, description="Smallest file to list, in MiB.")


class HashOptions(Value):
    """A file, a list of files, or a whole tree."""

    path: AbsolutePath | None = None
    paths: tuple[AbsolutePath, ...] | None = Field(None, min_length=1, max_length=10_000, strict=False)
    algorithm: Literal["sha256", "sha512", "blake2b"] = "sha256"

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.path is None) == (self.paths is None):
            raise ValueError("give either path or paths")
        return self

    @property
    def targets(self) -> tuple[str, ...]:
        return self.paths or (self.path or "",)


class ChangeOptions(Value):
    """What every kind that changes the host understands."""

    dry_run: bool = Field(False, description="Stop after the plan; nothing is changed.")
    allow_irreversible: bool = Field(False, description="Also do what cannot be undone.")


class PathChangeOptions(ChangeOptions):
    path: AbsolutePath = Field(description="The folder to act on, inside HRO_ROOTS.")


class StorageOptions(ChangeOptions):
    """Everything that reclaims storage. Duplicates and cold files are only looked for below a path that is named."""

    path: AbsolutePath | None = Field(None, description="Where to look for duplicates and cold files.")
    policy: str | None = Field(
        None, max_length=64, description="A policy of HRO_POLICIES, which then says what is done."
    )

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if self.path is not None and self.policy is not None:
            raise ValueError("a policy has a path of its own; leave path out")
        return self


class DuplicatesOptions(PathChangeOptions):
    """Copies of equal content below a folder."""

    action: Literal["reflink", "hard_link", "quarantine"] = Field(
        "reflink",
        description="Let the copies share their blocks, make them names of one file, or put them in quarantine.",
    )
    keep: Literal["newest", "oldest", "shortest_path"] = Field("newest", description="Which copy of a group stays.")
    reference: AbsolutePath | None = Field(None, description="A folder below the path whose copies all stay.")
    across_owners: bool = Field(
        False,
        description="Also replace copies whose owner, mode or attributes differ from those of the one that stays; to "
        "share blocks needs no leave, as it changes none of them.",
    )
    min_size_bytes: int = Field(1, ge=1, le=1 << 60, description="Leave smaller files.")

    @model_validator(mode="after")
    def _reference_inside(self) -> Self:
        if self.reference is not None and not self.reference.startswith(self.path.rstrip("/") + "/"):
            raise ValueError("reference must be a folder inside path: elsewhere no copy is looked for")
        return self


class CacheOptions(ChangeOptions):
    """Caches that refill themselves, by the rules of the catalogue."""

    rules: tuple[str, ...] | None = Field(
        None, min_length=1, strict=False, description="Names of rules; all, if left out."
    )


class LogsOptions(ChangeOptions):
    """Logs that nobody writes to any more: of /var/log, as far as HRO_ROOTS allows, or of one folder that is named."""

    path: AbsolutePath | None = Field(None, description="A folder of logs, inside HRO_ROOTS.")
    days_old: int = Field(7, ge=0, le=36_500, description="Leave logs that changed within so many days.")


class TempOptions(ChangeOptions):
    """Old temporary files of /tmp and /var/tmp, as far as HRO_ROOTS allows, or of one folder that is named."""

    path: AbsolutePath | None = Field(None, description="A folder of temporary files, inside HRO_ROOTS.")
    days_old: int = Field(7, ge=0, le=36_500, description="Leave files read or changed within so many days.")


class ItemsOptions(Value):
    """As much of what a job did as is meant."""

    items: tuple[Annotated[int, Field(ge=0)], ...] | None = Field(
        None, min_length=1, max_length=10_000, strict=False, description="Numbers of its actions; all, if left out."
    )


class UndoOptions(ItemsOptions):
    """A kind that brings back what another job changed."""

    optimization_id: str = Field(max_length=128, description="The job whose changes are meant.")


class PurgeOptions(ItemsOptions):
    """A kind that deletes what waits in quarantine: what one job moved there, or all that has waited for so long."""

    optimization_id: str | None = Field(None, max_length=128, description="The job whose files are meant.")
    older_than_days: int | None = Field(None, ge=0, le=36_500, description="Whatever job moved them there.")

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.optimization_id is None) == (self.older_than_days is None):
            raise ValueError("give either optimization_id or older_than_days")
        return self


class PlanOptions(Value):
    """A kind that does what another job planned."""

    optimization_id: str = Field(max_length=128, description="The dry run whose plan it is.")
    digest: str = Field(pattern="^[0-9a-f]{64}$", description="Of the plan that was looked at.")


class CompressOptions(PathChangeOptions):
    algorithm: Literal["zstd", "gzip"] = "zstd"
    min_size_bytes: int = Field(4096, ge=1, le=1 << 60, description="Leave smaller files.")
    days_old: int = Field(30, ge=0, le=36_500, description="Leave files that changed within so many days.")
