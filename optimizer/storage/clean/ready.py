"""Whether a cache's manager can be told to clear it now: asked when it is planned, and again right before."""

import os
import shutil

from optimizer.host import run
from optimizer.host.busy import lock_holder, running, user_below
from optimizer.host.people import account_of
from optimizer.paths import readable
from optimizer.storage.clean.rule import Command, filled

#: Write permission of the group and of others, and the bit that keeps them from replacing what is not theirs
_WRITABLE, _STICKY = 0o022, 0o1000


def why_not(command: Command, folder: bytes, owner: int) -> str | None:
    """A sentence; None where nothing speaks against it. `owner` is the uid that the folder belongs to."""
    try:
        return _without_program(command) or _without_rights(folder, owner) or _in_use(command, folder, owner)
    except OSError as error:
        return f"Whether it is in use cannot be known: {error.strerror} ({error.filename})."


def _without_program(command: Command) -> str | None:
    name = command.argv[0]
    return None if shutil.which(name, path=run.PATH) else f"There is no {name} in {run.PATH}."


def _without_rights(folder: bytes, owner: int) -> str | None:
    """It runs as the user whose cache it is: a program of root's in a folder of somebody else's would do their will."""
    account = account_of(owner)
    if account is None:
        return f"It belongs to uid {owner}, which is no user of this host."
    if not run.may_become(owner):
        return f"It belongs to {account.name}, and this worker can run no program as {account.name}."
    writable = _writable_by_others(folder) if owner == 0 else None
    if writable:
        return f"Others than root can write to {readable(writable)}, and put another folder in its place."
    return None


def _writable_by_others(folder: bytes) -> bytes | None:
    """The folder, or one above it, in which others than root can replace what is there."""
    path = os.path.realpath(folder)
    while True:
        status = os.lstat(path)
        if status.st_uid != 0 or (status.st_mode & _WRITABLE and not status.st_mode & _STICKY):
            return path
        if path == b"/":
            return None
        path = os.path.dirname(path)  # noqa: PTH120 - bytes


def _in_use(command: Command, folder: bytes, owner: int) -> str | None:
    for lock in filled(command.locks, folder):
        holder = lock_holder(lock)
        if holder:
            return f"{holder} has a lock on {readable(lock)}."
    runs = running(command.users, {0, owner})
    if runs:
        return f"{runs} is at work, and may be using it."
    user = user_below(os.path.realpath(folder))
    return f"{user} has a file in it open." if user else None
