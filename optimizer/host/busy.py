"""Who is at work on files: as far as this process may see, which without rights is only its own user's processes.

Each answer names the process for people, as `apt-get (process 4711)`.
"""

import fcntl
import os
import struct
from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from optimizer.host import procfs
from optimizer.host.beneath import READ
from optimizer.host.procfs import PROC
from optimizer.paths import readable

#: struct flock of fcntl(2): l_type, l_whence, l_start, l_len, l_pid
_FLOCK = "hhqqi"
#: Words of a command line in which a program's name may stand, as in `python3 -u -m pip`
_WORDS = 5


def lock_holder(path: bytes) -> str | None:
    """Who holds a lock of fcntl(2) on a file; None where nobody does, or there is no such file. Raises OSError."""
    try:
        descriptor = os.open(path, READ | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    finally:
        os.close(descriptor)
    return None if kind == fcntl.F_UNLCK else _shown(pid)


def user_below(folder: bytes, proc_root: Path = PROC) -> str | None:
    """A process, other than this one, that has a file below a folder open; `folder` without symbolic links."""
    prefix = folder.rstrip(b"/") + b"/"
    for pid in _others(proc_root):
        if any(link.startswith(prefix) for link in _open_files(proc_root / str(pid))):
            return _shown(pid, proc_root)
    return None


def running(programs: Collection[str], uids: Collection[int], proc_root: Path = PROC) -> str | None:
    """A process of one of these users that runs a program whose name matches one of these globs."""
    for pid in _others(proc_root):
        try:
            process = proc_root / str(pid)
            if process.stat().st_uid in uids and _is_one_of(programs, (process / "cmdline").read_bytes()):
                return _shown(pid, proc_root)
        except OSError:  # it has ended since, or is not ours to look at
            continue
    return None


def _others(proc_root: Path) -> Iterator[int]:
    return (pid for pid in procfs.pids(proc_root) if pid != os.getpid())


def _open_files(process: Path) -> Iterator[bytes]:
    try:
        links = list((process / "fd").iterdir())
    except OSError:
        return
    for link in links:
        try:
            yield os.fsencode(link.readlink())
        except OSError:  # closed since
            continue


def _is_one_of(programs: Iterable[str], command_line: bytes) -> bool:
    """By the first words of its command line, which some programs, npm among them, write into one."""
    words = command_line.replace(b" ", b"\0").split(b"\0")[:_WORDS]
    names = [readable(os.path.basename(word)) for word in words]  # noqa: PTH119 - bytes
    return any(fnmatchcase(name, glob) for name in names for glob in programs)


def _shown(pid: int, proc_root: Path = PROC) -> str:
    """Of a process that is out of sight, in another container, the kernel tells 0."""
    try:
        return f"{procfs.read_process(pid, proc_root).name} (process {pid})"
    except (OSError, ValueError):
        return f"process {pid}" if pid > 0 else "a process of another container"
