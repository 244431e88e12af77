"""Old temporary files: which of them may be moved into quarantine. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from optimizer.options import TempOptions
from optimizer.paths import readable
from optimizer.plans import Action, Plan
from optimizer.storage.candidate import Candidate
from optimizer.storage.keep import Keep
from optimizer.storage.left import MOST_ACTIONS, by_reason, told
from optimizer.storage.temp.tmpfiles_d import TmpfilesD
from optimizer.storage.types import QUARANTINE

_DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What ages as one: an entry of a folder of temporary files, with all that is below it."""

    files: tuple[Candidate, ...]
    newest_ns: int  #: of every file and folder in it: the latest of their times, that of their birth included
    sockets: int = 0  #: sockets and FIFOs: places where running programs meet


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    units: tuple[Unit, ...]
    now_ns: int
    keep: Keep
    tmpfiles: TmpfilesD = field(default_factory=TmpfilesD)
    notes: tuple[str, ...] = ()


def plan_temp(options: TempOptions, seen: Seen) -> Plan:
    """An action for each file of each unit that is old enough and nobody's live state, by path."""
    limit = seen.now_ns - options.days_old * _DAY_NS
    old = [unit for unit in seen.units if unit.newest_ns < limit]
    quiet = [unit for unit in old if not unit.sockets]
    files = sorted((file for unit in quiet for file in unit.files), key=lambda candidate: candidate.path)
    kept = _kept(files, seen)
    chosen = [file for file in files if file.path not in kept]
    notes = [*seen.notes, *told(by_reason(kept.items()), len(chosen) - MOST_ACTIONS)]
    if len(old) > len(quiet):
        notes.append(f"Kept {len(old) - len(quiet)} old folders with sockets in them, where programs may still meet.")
    actions = tuple(_action(number, candidate, limit) for number, candidate in enumerate(chosen[:MOST_ACTIONS]))
    return Plan(actions=actions, notes=tuple(notes))


def _kept(files: Iterable[Candidate], seen: Seen) -> dict[bytes, str]:
    reasons = ((file.path, seen.keep.reason(file.path) or seen.tmpfiles.reason(file.path)) for file in files)
    return {path: reason for path, reason in reasons if reason}


def _action(number: int, candidate: Candidate, limit_ns: int) -> Action:
    return Action(
        number=number,
        type=QUARANTINE,
        target=candidate.target(),
        relied_on={**candidate.relied_on(), "not_read_since_ns": limit_ns},
        reversible=True,
        claimed_bytes=candidate.claimed_bytes,
        reason=f"{readable(candidate.path)} was not used for the time that was asked for",
    )
