"""Which files are compressed, and what that is likely to free. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from optimizer.options import CompressOptions
from optimizer.paths import readable
from optimizer.plans import Action, Plan
from optimizer.storage.candidate import Candidate
from optimizer.storage.compress.worth import LEAST_PERCENT, least_saving
from optimizer.storage.left import MOST_ACTIONS, Left, told
from optimizer.storage.types import COMPRESS
from optimizer.values import JsonObject

#: Of nearly all filesystems; what is really saved is measured
_BLOCK = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """A file, and how much smaller its first bytes get."""

    file: Candidate
    saved_share: float  #: from 0 to 1

    @property
    def claimed_bytes(self) -> int:
        """What it is likely to free, if the rest of it is like its beginning."""
        blocks = -int(-self.file.size * (1 - self.saved_share) // _BLOCK)
        return self.file.allocated - blocks * _BLOCK

    @property
    def is_worthwhile(self) -> bool:
        return self.claimed_bytes >= least_saving(self.file.allocated, _BLOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    files: tuple[Sampled, ...]
    left: Mapping[str, Left]  #: files that stay, by the reason why
    limit_ns: int  #: what was used then or later, in nanoseconds since 1970, is not meant
    notes: tuple[str, ...] = ()


def plan_compress(options: CompressOptions, seen: Seen) -> Plan:
    """An action for each cold file that compressing makes much smaller."""
    relied_on = {"not_read_since_ns": seen.limit_ns}
    return plan_packing(seen, options.algorithm, relied_on, "was not used for the time that was asked for")


def plan_packing(seen: Seen, algorithm: str, relied_on: JsonObject, why: str) -> Plan:
    """An action for each file that is worth it, the one that frees most first."""
    chosen = sorted(
        (sampled for sampled in seen.files if sampled.is_worthwhile),
        key=lambda sampled: (-sampled.claimed_bytes, sampled.file.path),
    )
    poor = [sampled.file.path for sampled in seen.files if not sampled.is_worthwhile]
    left = dict(seen.left)
    if poor:
        left[f"compressing would save less than {LEAST_PERCENT} % of it"] = Left(len(poor), min(poor))
    notes = [*seen.notes, *told(left, len(chosen) - MOST_ACTIONS)]
    actions = tuple(
        Action(
            number=number,
            type=COMPRESS,
            target={**sampled.file.target(), "algorithm": algorithm},
            relied_on={**sampled.file.relied_on(), **relied_on},
            reversible=True,
            claimed_bytes=sampled.claimed_bytes,
            reason=f"{readable(sampled.file.path)} {why}",
        )
        for number, sampled in enumerate(chosen[:MOST_ACTIONS])
    )
    return Plan(actions=actions, notes=tuple(notes))
