"""Which folders are never given over to changes, whatever the settings say: those whose loss takes a host down."""

import os
from collections.abc import Iterable

from optimizer.errors import SettingsError
from optimizer.host import mountinfo
from optimizer.host.people import people
from optimizer.paths import readable

#: Of the Filesystem Hierarchy Standard, with what is below them. What they hold is installed, or live state
_SYSTEM = (
    b"/bin", b"/boot", b"/dev", b"/etc", b"/lib", b"/lib32", b"/lib64", b"/libx32", b"/proc", b"/run", b"/sbin",
    b"/sys", b"/usr", b"/var/lib/dpkg", b"/var/lib/rpm", b"/var/lib/docker", b"/var/lib/containerd",
)  # fmt: skip
#: These alone: a folder in them may be a place for changes
_TOO_WIDE = (b"/", b"/home", b"/media", b"/mnt", b"/opt", b"/srv", b"/var", b"/var/lib")
#: Folders of temporary files are often filesystems of their own, and made to be emptied
_MAY_BE_MOUNTS = (b"/tmp", b"/var/tmp")


def require_fit(roots: Iterable[os.PathLike[str]]) -> None:
    """Raises SettingsError, naming the folder of HRO_ROOTS that cannot be one and what to name instead."""
    whole = _whole_filesystems()
    homes = _homes()
    for root in roots:
        real = os.path.realpath(os.fsencode(root))
        why = _why_unfit(real, whole, homes)
        if why:
            raise SettingsError(f"HRO_ROOTS: {readable(os.fsencode(root))} {why}; name a folder inside it instead.")


def _why_unfit(real: bytes, whole_filesystems: frozenset[bytes], homes: frozenset[bytes]) -> str | None:
    if real in _TOO_WIDE:
        return "is too much of a host to be changed"
    if any(real == system or real.startswith(system + b"/") for system in _SYSTEM):
        return "belongs to the system"
    if real in homes:
        return "is somebody's home"
    if real in whole_filesystems and real not in _MAY_BE_MOUNTS:
        return "is the root of a whole filesystem"
    return None


def _homes() -> frozenset[bytes]:
    """Of people and of root; a service's home may be just the folder that wants tidying."""
    return frozenset(os.path.realpath(os.fsencode(account.home)) for account in people())


def _whole_filesystems() -> frozenset[bytes]:
    """Where whole filesystems are mounted. A bind mount of one folder, as a container has, is no such place."""
    try:
        return frozenset(mount.point for mount in mountinfo.read() if mount.root == b"/")
    except OSError:  # no /proc: nothing is known of mounts, and the walk and openat2 still keep to one
        return frozenset()
