"""A file into a compressed one beside it, and back.

The new file has no name until it is complete, proven and on disk. The old one goes after that, and only if it is the
same still and nobody waits for it. So at each moment one of both is there, under its name or in quarantine.
"""

import os

from optimizer.errors import HroError
from optimizer.host.attributes import Attributes, attributes_of, put_attributes
from optimizer.host.fiemap import shared_bytes
from optimizer.host.in_use import require_alone
from optimizer.host.journal import Entry, State
from optimizer.host.unnamed import give_name, unnamed
from optimizer.paths import exact, readable
from optimizer.plans import Action
from optimizer.storage.compress.codec import CorruptError, pack, require_equal, unpack
from optimizer.storage.compress.names import SUFFIXES
from optimizer.storage.compress.worth import least_saving
from optimizer.storage.effects import move
from optimizer.storage.effects.compress_settle import is_quarantined, settle
from optimizer.storage.effects.delete import delete, delete_known, place_of, status_of
from optimizer.storage.effects.ground import BLOCK, Effect, Ground, Held, StaleError, facts
from optimizer.values import JsonObject


class NotWorthwhileError(HroError):
    """Compressing it would save too little of its space."""

    code = "not_worthwhile"


def _apply(ground: Ground, action: Action) -> JsonObject:
    algorithm = action.target["algorithm"]
    with ground.held(exact(action.target), action.relied_on) as held, unnamed(held.parent_fd) as packed_fd:
        name = held.name + SUFFIXES[algorithm]
        _require_free(held.parent_fd, name)
        known = _make(held, packed_fd, algorithm)
        ground.intend(action, **known)
        _replace(ground, action, held, packed_fd, name)
        ground.note(action, State.REPLACED, moved=facts(os.fstat(packed_fd)))
    return {"freed_bytes": known["freed_bytes"]}


def _require_free(folder_fd: int, name: bytes) -> None:
    """Raises StaleError where a name is taken. Giving it to a file asks again; this saves the work until then."""
    if status_of(folder_fd, name):
        raise StaleError(f"There is a {readable(name)} beside it.")


def _make(held: Held, packed_fd: int, algorithm: str) -> JsonObject:
    """Compress a held file into an unnamed one, and prove that. What the journal has to know of both."""
    own_bytes = _own_bytes(held)
    attributes = attributes_of(held.descriptor)
    sha256 = pack(held.descriptor, packed_fd, algorithm, lambda: _require_saving(held, packed_fd, own_bytes))
    put_attributes(packed_fd, attributes)
    os.fsync(packed_fd)  # only then its space on disk is known
    _require_saving(held, packed_fd, own_bytes)
    require_equal(packed_fd, held.descriptor, algorithm, lambda: require_alone(held.descriptor))
    if facts(os.fstat(held.descriptor)) != facts(held.status):
        raise StaleError("It was changed while it was compressed.")
    return {
        "before": facts(held.status),
        "attributes": attributes.to_json(),
        "sha256": sha256,
        "made": facts(os.fstat(packed_fd)),
        "allocated_bytes": held.allocated,
        "freed_bytes": own_bytes - _allocated(packed_fd),
    }


def _own_bytes(held: Held) -> int:
    """What would be free without the file: nothing of what it shares with others, nor while it has another name."""
    return held.allocated - shared_bytes(held.descriptor) if held.status.st_nlink == 1 else 0


def _allocated(descriptor: int) -> int:
    return os.fstat(descriptor).st_blocks * BLOCK


def _require_saving(held: Held, packed_fd: int, own_bytes: int) -> None:
    """Raises NotWorthwhileError where what was compressed so far takes too much, InUseError where somebody waits."""
    require_alone(held.descriptor)
    if own_bytes - _allocated(packed_fd) < least_saving(held.allocated, os.fstatvfs(packed_fd).f_frsize):
        raise NotWorthwhileError


def _replace(ground: Ground, action: Action, held: Held, packed_fd: int, name: bytes) -> None:
    """Name the new file, then delete the old one. Raises HroError, OSError: then the old one is still there."""

    def require_same(moved: os.stat_result) -> None:
        if not os.path.samestat(moved, held.status):
            raise StaleError("Another file had taken its name.")
        require_alone(held.descriptor)  # nobody finds it by its name any more: whoever did before is seen here

    place = (ground.job, action.number)
    try:
        give_name(packed_fd, held.parent_fd, name)
        os.fsync(held.parent_fd)
        delete(ground, place, held.parent_fd, held.name, require_same)
    except (HroError, OSError):
        waiting = ground.quarantine.look(*place)
        if waiting is None:
            delete_known(ground, place, held.parent_fd, name, facts(os.fstat(packed_fd)))
            ground.note(action, State.WITHDRAWN)
        else:  # its name was taken when it was to be put back
            ground.note(action, State.QUARANTINED, moved=facts(waiting))
        raise


def _undo(ground: Ground, entry: Entry) -> None:
    known, algorithm = entry.facts, entry.facts["target"]["algorithm"]
    if is_quarantined(entry):
        move.give_back(ground, entry)
        return
    path = exact(known["target"]) + SUFFIXES[algorithm]
    with ground.held(path, known["moved"]) as held, unnamed(held.parent_fd) as plain_fd:
        name = held.name.removesuffix(SUFFIXES[algorithm])
        _require_free(held.parent_fd, name)
        sha256 = unpack(held.descriptor, plain_fd, algorithm, lambda: require_alone(held.descriptor))
        if sha256 != known["sha256"]:
            raise CorruptError
        put_attributes(plain_fd, Attributes.from_json(known["attributes"]))
        os.fsync(plain_fd)
        give_name(plain_fd, held.parent_fd, name)
        os.fsync(held.parent_fd)
        delete_known(ground, place_of(entry), held.parent_fd, held.name, known["moved"])


COMPRESS = Effect(apply=_apply, undo=_undo, settle=settle)
