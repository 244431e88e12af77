"""Which copies of equal content are replaced, and by which of them. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from optimizer.options import DuplicatesOptions
from optimizer.paths import path_fields, readable
from optimizer.plans import Action, Plan
from optimizer.storage.keep import Keep
from optimizer.storage.left import MOST_ACTIONS, Left, count_left, told
from optimizer.storage.types import HARD_LINK, REDUNDANT, REFLINK
from optimizer.values import JsonObject

_TYPES = {"reflink": REFLINK, "hard_link": HARD_LINK, "quarantine": REDUNDANT}
_DONE_TO = {
    REFLINK: "shares the blocks of",
    HARD_LINK: "becomes a further name of",
    REDUNDANT: "goes into quarantine, as it is a copy of",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """An inode of a group, with those of its names that were met."""

    root: bytes  #: the configured root that it lies in
    paths: tuple[bytes, ...]
    device: int
    inode: int
    size: int
    allocated: int  #: bytes on disk
    shared: int  #: of these, bytes that other files have too
    links: int  #: names that it has anywhere
    uid: int
    gid: int
    mode: int
    attributes: str  #: a digest of its extended attributes, access control lists among them
    mtime_ns: int
    ctime_ns: int

    @property
    def owned(self) -> tuple[int, int, int, str]:
        """Who may do what with it: a further name of another file would bring along that one's rights."""
        return (self.uid, self.gid, self.mode, self.attributes)

    def relied_on(self) -> JsonObject:
        """Of a file with several names, what is done to one of them changes the ctime; the comparison has to do."""
        known = {"device": self.device, "inode": self.inode, "size": self.size, "mtime_ns": self.mtime_ns}
        return known if self.links > 1 else {**known, "ctime_ns": self.ctime_ns}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    groups: tuple[tuple[Copy, ...], ...]  #: each of two or more inodes of equal content
    can_share: bool | None = None  #: whether their filesystem has reflinks; None where nobody asked
    keep: Keep = field(default_factory=Keep)
    notes: tuple[str, ...] = ()


def plan_duplicates(options: DuplicatesOptions, seen: Seen) -> Plan:
    """For each group the one that stays, and an action for each name of the others."""
    if options.action == "reflink" and seen.can_share is False:
        note = (
            "This filesystem cannot let files share their blocks, so nothing is planned. Ask for the action "
            "hard_link or quarantine if that is what you want."
        )
        return Plan(notes=(*seen.notes, note))
    left: dict[str, Left] = {}
    planned = [action for group in seen.groups for action in _of_group(options, group, seen.keep, left)]
    actions = tuple(a.model_copy(update={"number": number}) for number, a in enumerate(planned[:MOST_ACTIONS]))
    return Plan(actions=actions, notes=(*seen.notes, *told(left, len(planned) - MOST_ACTIONS)))


def _of_group(options: DuplicatesOptions, group: Sequence[Copy], keep: Keep, left: dict[str, Left]) -> Iterator[Action]:
    kept = _the_one_that_stays(options, group)
    if kept is None:
        count_left(left, group[0].paths[0], f"no copy of them is below the reference folder {options.reference}")
        return
    for copy in sorted(group, key=lambda copy: copy.paths):
        why = _why_left(options, copy, kept, keep)
        if why is None:
            yield from _replace(_TYPES[options.action], copy, kept)
        elif copy is not kept:
            count_left(left, copy.paths[0], why)


def _the_one_that_stays(options: DuplicatesOptions, group: Iterable[Copy]) -> Copy | None:
    """By the rule; where two are alike, by path. With a reference folder, one of those in it, if there is one."""
    eligible = [copy for copy in group if options.reference is None or _is_below(options.reference, copy)]
    rules = {
        "newest": lambda copy: (-copy.mtime_ns, copy.paths),
        "oldest": lambda copy: (copy.mtime_ns, copy.paths),
        "shortest_path": lambda copy: (len(copy.paths[0]), copy.paths),
    }
    return min(eligible, key=rules[options.keep], default=None)


def _is_below(folder: str, copy: Copy) -> bool:
    prefix = folder.encode().rstrip(b"/") + b"/"
    return any(path.startswith(prefix) for path in copy.paths)


def _why_left(options: DuplicatesOptions, copy: Copy, kept: Copy, keep: Keep) -> str | None:
    """The first reason why a copy must not be replaced."""
    checks = (
        (copy is kept, "it stays"),
        (
            options.reference is not None and _is_below(options.reference, copy),
            "all copies below the reference folder stay",
        ),
        (
            (copy.root, copy.device) != (kept.root, kept.device),
            "they lie in another root or on another filesystem than the copy that stays",
        ),
        (copy.allocated == 0, "they take no space"),
        (
            options.action == "reflink" and copy.shared >= copy.allocated,
            "they share all of their blocks already",
        ),
        (
            options.action == "hard_link" and copy.owned != kept.owned and not options.across_owners,
            "owner, mode or attributes differ from those of the copy that stays",
        ),
    )
    reasons = (keep.reason(path) for path in copy.paths)
    return next((why for holds, why in checks if holds), None) or next(filter(None, reasons), None)


def _replace(action: str, copy: Copy, kept: Copy) -> Iterator[Action]:
    """Sharing blocks is done to the file, once; the others to each of its names, of which the last one frees it."""
    paths = copy.paths[:1] if action == REFLINK else copy.paths
    all_known = len(copy.paths) == copy.links
    for path in paths:
        frees = action == REFLINK or (all_known and path == paths[-1])
        yield Action(
            number=0,
            type=action,
            target={"root": path_fields(copy.root), **path_fields(path), "kept": path_fields(kept.paths[0])},
            relied_on={**copy.relied_on(), "kept": _lasting(kept)},
            reversible=True,
            claimed_bytes=copy.allocated - copy.shared if frees else 0,
            reason=f"{readable(path)} {_DONE_TO[action]} {readable(kept.paths[0])}",
        )


def _lasting(kept: Copy) -> JsonObject:
    """What does not change by what is done to its copies; a further name changes the ctime."""
    return {"device": kept.device, "inode": kept.inode, "size": kept.size, "mtime_ns": kept.mtime_ns}
