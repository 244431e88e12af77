"""What goes by the rules of the catalogue: files into quarantine, and whole caches by their managers. Pure."""

from dataclasses import dataclass

from optimizer.options import ChangeOptions
from optimizer.paths import path_fields, readable
from optimizer.plans import Action, Plan
from optimizer.storage.candidate import Candidate
from optimizer.storage.classes import megabytes
from optimizer.storage.clean.rule import Command, Rule, filled
from optimizer.storage.keep import Keep
from optimizer.storage.left import MOST_ACTIONS, by_reason, told
from optimizer.storage.types import CLEAR, QUARANTINE

_DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A folder of a rule, as it is on this host."""

    rule: Rule
    root: bytes
    folder: bytes
    device: int
    inode: int
    uid: int
    files: tuple[Candidate, ...] = ()  #: those that the rule's globs match; empty with a command
    bytes: int = 0  #: of all that its manager might clear
    claimed_bytes: int = 0  #: of what its manager is known to clear
    why_not: str | None = None  #: why its manager cannot be told to


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    found: tuple[Found, ...]
    now_ns: int
    keep: Keep
    days_old: int | None = None  #: in place of what the rules say
    notes: tuple[str, ...] = ()


def plan_clean(options: ChangeOptions, seen: Seen) -> Plan:
    """An action for each old file, and one for each folder whose manager clears it."""
    clearing: dict[bytes, Found] = {}  # by folder: what one manager has cleared is not another one's any more
    caches = [
        (found, found.rule.command, _why_left(options, found) or _why_second(found, clearing))
        for found in seen.found
        if found.rule.command and _may_free(found)
    ]
    clears = [_clear(found, command) for found, command, reason in caches if reason is None]
    notes = [_told(found, reason) for found, _, reason in caches if reason]
    old = [(found, file) for found in seen.found for file in _old_files(seen, found)]
    kept = {file.path: reason for _, file in old if (reason := seen.keep.reason(file.path))}
    chosen = [(found, file) for found, file in old if file.path not in kept]
    moves = [_move(seen, found, file) for found, file in chosen[:MOST_ACTIONS]]
    notes += told(by_reason(kept.items()), len(chosen) - MOST_ACTIONS)
    actions = tuple(action.model_copy(update={"number": number}) for number, action in enumerate([*clears, *moves]))
    return Plan(actions=actions, notes=(*seen.notes, *notes))


def shown_command(command: Command, folder: bytes) -> list[str]:
    """What is run, as a plan shows it."""
    return [readable(argument) for argument in filled(command.argv, folder)]


def _may_free(found: Found) -> bool:
    """Where only the manager knows what it would delete, it is asked."""
    return found.claimed_bytes > 0 if found.rule.files else found.bytes > 0


def _why_left(options: ChangeOptions, found: Found) -> str | None:
    """Why a cache is not cleared; None where it is."""
    if found.why_not or options.allow_irreversible:
        return found.why_not
    return "It cannot be undone, so it needs allow_irreversible."


def _why_second(found: Found, clearing: dict[bytes, Found]) -> str | None:
    """Why a rule's command is not run after that of another one for the same folder; None for the first."""
    first = clearing.setdefault(found.folder, found)
    return None if first is found else f"The rule {first.rule.name} clears this folder already."


def _told(found: Found, reason: str) -> str:
    exactly, about = f"{megabytes(found.claimed_bytes)} MiB", f"a part of {megabytes(found.bytes)} MiB"
    size = exactly if found.rule.files else about
    return f"{found.rule.name}: {readable(found.folder)}, {size}, is not cleared. {reason}"


def _clear(found: Found, command: Command) -> Action:
    return Action(
        number=0,
        type=CLEAR,
        target={
            "root": path_fields(found.root),
            **path_fields(found.folder),
            "rule": found.rule.name,
            "command": shown_command(command, found.folder),
        },
        relied_on={"device": found.device, "inode": found.inode, "uid": found.uid},
        reversible=False,
        claimed_bytes=found.claimed_bytes,
        reason=f"{found.rule.title} in {readable(found.folder)} are cleared by their manager: {found.rule.refills}",
    )


def _old_files(seen: Seen, found: Found) -> list[Candidate]:
    limit = _limit_ns(seen, found.rule)
    return sorted((file for file in found.files if _last_ns(found.rule, file) < limit), key=lambda file: file.path)


def _limit_ns(seen: Seen, rule: Rule) -> int:
    days = rule.min_age_days if seen.days_old is None else seen.days_old
    return seen.now_ns - days * _DAY_NS


def _last_ns(rule: Rule, file: Candidate) -> int:
    return file.newest_ns if rule.age == "used" else max(file.mtime_ns, file.ctime_ns)


def _move(seen: Seen, found: Found, file: Candidate) -> Action:
    limit = {"not_read_since_ns": _limit_ns(seen, found.rule)} if found.rule.age == "used" else {}
    return Action(
        number=0,
        type=QUARANTINE,
        target={**file.target(), "rule": found.rule.name},
        relied_on={**file.relied_on(), **limit},
        reversible=True,
        claimed_bytes=file.claimed_bytes,
        reason=f"{readable(file.path)} is old enough to go: {found.rule.refills}",
    )
