"""How many bytes a change really freed: claimed, accounted by inode, and seen by the filesystem. Pure.

What an inode gives back is known exactly and may still be wrong (a filesystem packs small files, a snapshot keeps
what was deleted). What statvfs shows is what counts, and wanders with everything else that the host does. So the
first is never told without the bound that the second sets.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from optimizer.values import JsonObject

#: How long a filesystem is looked at, before and after, to see what others do to it
LOOK_SECONDS = 0.12
#: Free space moves by some blocks for a folder that shrinks or a journal that is written; no effect is told from this
_BLOCKS_OF_NO_MEANING = 256 * 1024


class ProofVerdict(StrEnum):
    PROVEN = "proven"  #: the filesystem shows what was accounted, within its noise
    PARTLY = "partly"  #: it shows something else
    NOT_MEASURABLE = "not_measurable"  #: its noise is larger than what is to be seen


class Proof(NamedTuple):
    accounted_bytes: int
    measured_bytes: int  #: by how much free space grew on all filesystems of the roots; negative where it shrank
    noise_bytes: int
    verdict: ProofVerdict

    @property
    def freed_bytes(self) -> int:
        """What is reported: never more than the filesystem shows, give or take its noise."""
        return max(0, min(self.accounted_bytes, self.measured_bytes + self.noise_bytes))

    def to_json(self, claimed_bytes: int) -> JsonObject:
        return {
            "claimed_bytes": claimed_bytes,
            "accounted_bytes": self.accounted_bytes,
            "measured_bytes": self.measured_bytes,
            "noise_bytes": self.noise_bytes,
            "verdict": self.verdict.value,
        }


def prove(accounted_bytes: int, before: JsonObject, after: JsonObject, seconds: float) -> Proof:
    """`before` and `after` as the storage room measures them, in `filesystems`.

    The noise of both looks is taken to have gone on for all the `seconds` between them.
    """
    earlier, later = _by_device(before["filesystems"]), _by_device(after["filesystems"])
    both = earlier.keys() & later.keys()
    measured = sum(_free(later[device]) - _free(earlier[device]) for device in both)
    seen = sum(later[device]["noise_bytes"] + earlier[device]["noise_bytes"] for device in both)
    noise = round(seen * max(1.0, seconds / (2 * LOOK_SECONDS)))
    return Proof(accounted_bytes, measured, noise, _verdict(accounted_bytes, measured, noise))


def _free(filesystem: Mapping[str, Any]) -> int:
    """As if the journal took no space: its rows are the price of the change, not an effect of it."""
    return int(filesystem["free_bytes"]) + int(filesystem["journal_bytes"])


def _verdict(accounted: int, measured: int, noise: int) -> ProofVerdict:
    if noise > max(accounted, _BLOCKS_OF_NO_MEANING):
        return ProofVerdict.NOT_MEASURABLE
    tolerance = noise + max(_BLOCKS_OF_NO_MEANING, accounted // 100)
    return ProofVerdict.PROVEN if abs(measured - accounted) <= tolerance else ProofVerdict.PARTLY


def _by_device(filesystems: Iterable[Mapping[str, Any]]) -> dict[int, Mapping[str, Any]]:
    """Two roots on one filesystem count once."""
    return {filesystem["device"]: filesystem for filesystem in filesystems}
