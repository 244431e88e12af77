"""Which copies of equal content are replaced, and by which of them. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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
_NO_REFLINKS = (
    "This filesystem cannot let files share their blocks, so nothing is planned. Ask for the action hard_link or "
    "quarantine if that is what you want."
)


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
    own: int  #: of these, bytes that could be shared and are not
    layout: str  #: where its blocks are: equal for files that share all of them; empty where it has none to share
    links: int  #: names that it has anywhere
    uid: int
    gid: int
    mode: int
    attributes: str  #: a digest of its extended attributes, access control lists among them
    mtime_ns: int
    ctime_ns: int

    @property
    def rights(self) -> tuple[int, int, int, str]:
        """Who may do what with it: a further name of another file would bring along that one's rights."""
        return (self.uid, self.gid, self.mode, self.attributes)

    def relied_on(self) -> JsonObject:
        """Of a file with several names, what is done to one of them changes the ctime; the comparison has to do."""
        known = self.lasting()
        return known if self.links > 1 else {**known, "ctime_ns": self.ctime_ns}

    def lasting(self) -> JsonObject:
        """What does not change by what is done to other names or to copies; a further name changes the ctime."""
        return {
            "device": self.device,
            "inode": self.inode,
            "size": self.size,
            "mtime_ns": self.mtime_ns,
            "uid": self.uid,
            "gid": self.gid,
            "mode": self.mode,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    groups: tuple[tuple[Copy, ...], ...]  #: each of two or more inodes of equal content
    can_share: bool = True  #: False where reflinks were asked for and the filesystem has none
    keep: Keep = field(default_factory=Keep)
    notes: tuple[str, ...] = ()


def plan_duplicates(options: DuplicatesOptions, seen: Seen) -> Plan:
    """For each group the one that stays, and an action for each name of the others."""
    if not seen.can_share:
        return Plan(notes=(*seen.notes, _NO_REFLINKS))
    left: dict[str, Left] = {}
    pairs = [pair for group in seen.groups for pair in _of_group(options, group, seen.keep, left)]
    planned = [action for copy, kept in pairs for action in _replace(_TYPES[options.action], copy, kept)]
    notes = (*seen.notes, *_strangers(options, pairs), *told(left, len(planned) - MOST_ACTIONS))
    actions = tuple(a.model_copy(update={"number": number}) for number, a in enumerate(planned[:MOST_ACTIONS]))
    return Plan(actions=actions, notes=notes)


def _of_group(
    options: DuplicatesOptions, group: Sequence[Copy], keep: Keep, left: dict[str, Left]
) -> Iterator[tuple[Copy, Copy]]:
    """Each copy that is to be replaced, with the one that stays."""
    kept = _the_one_that_stays(options, group)
    if kept is None:
        count_left(left, group[0].paths[0], f"no copy of them is below the reference folder {options.reference}")
        return
    for copy in sorted(group, key=lambda copy: copy.paths):
        why = _why_left(options, copy, kept, keep)
        if why is None:
            yield copy, kept
        elif copy is not kept:
            count_left(left, copy.paths[0], why)


def _the_one_that_stays(options: DuplicatesOptions, group: Iterable[Copy]) -> Copy | None:
    """By the rule; where two are alike, by path. With a reference folder, one of those in it, if there is one.

    When blocks are to be shared all of them stay, so the first choice is one whose blocks are shared already: then
    the others come to it, and not it to them, which would free nothing.
    """
    eligible = [copy for copy in group if options.reference is None or _is_below(options.reference, copy)]
    shared_first = options.action == "reflink"
    return min(eligible, key=lambda copy: (-copy.shared * shared_first, *_RULES[options.keep](copy)), default=None)


_RULES: Mapping[str, Callable[[Copy], tuple[Any, ...]]] = {
    "newest": lambda copy: (-copy.mtime_ns, copy.paths),
    "oldest": lambda copy: (copy.mtime_ns, copy.paths),
    "shortest_path": lambda copy: (len(copy.paths[0]), copy.paths),
}


def _is_below(folder: str, copy: Copy) -> bool:
    prefix = folder.encode().rstrip(b"/") + b"/"
    return any(path.startswith(prefix) for path in copy.paths)


def _why_left(options: DuplicatesOptions, copy: Copy, kept: Copy, keep: Keep) -> str | None:
    """The first reason why a copy must not, or need not, be replaced."""
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
            options.action == "reflink" and not (copy.layout and kept.layout),
            "they are so small that the filesystem keeps them where no blocks can be shared",
        ),
        (
            options.action != "quarantine" and bool(copy.layout) and copy.layout == kept.layout,
            "they share all of their blocks already",
        ),
        (
            options.action != "reflink" and copy.rights != kept.rights and not options.across_owners,
            "owner, mode or attributes differ from those of the copy that stays",
        ),
    )
    reasons = (keep.reason(path) for path in copy.paths)
    return next((why for holds, why in checks if holds), None) or next(filter(None, reasons), None)


def _strangers(options: DuplicatesOptions, pairs: Iterable[tuple[Copy, Copy]]) -> Iterator[str]:
    """A warning of what `across_owners` is about to do."""
    strangers = [copy for copy, kept in pairs if copy.rights != kept.rights]
    if strangers and options.action != "reflink":
        effect = " and get those" if options.action == "hard_link" else ""
        yield (
            f"Copies that have another owner, mode or attributes than the one that stays{effect}, as across_owners "
            f"was asked for: {len(strangers)}, such as {readable(strangers[0].paths[0])}."
        )


def _replace(action: str, copy: Copy, kept: Copy) -> Iterator[Action]:
    """Sharing blocks is done to the file, once; the others to each of its names, of which the last one frees it."""
    paths = copy.paths[:1] if action == REFLINK else copy.paths
    for path in paths:
        yield Action(
            number=0,
            type=action,
            target={"root": path_fields(copy.root), **path_fields(path), "kept": path_fields(kept.paths[0])},
            relied_on={**copy.relied_on(), "kept": kept.lasting()},
            reversible=True,
            claimed_bytes=_claimed(action, copy) if path == paths[-1] else 0,
            reason=f"{readable(path)} {_DONE_TO[action]} {readable(kept.paths[0])}",
        )


def _claimed(action: str, copy: Copy) -> int:
    """Nothing is free while a name is left that was not met."""
    if action == REFLINK:
        return copy.own
    return copy.allocated - copy.shared if len(copy.paths) == copy.links else 0
