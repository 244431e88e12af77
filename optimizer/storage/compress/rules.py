"""Which files are cold, and which of them stay as they are though they are. Pure."""

from dataclasses import dataclass
from typing import Protocol

from optimizer.storage.candidate import Candidate
from optimizer.storage.compress.content import COMPRESSED, is_packed
from optimizer.storage.keep import Keep

#: Folders in which a package manager or a container engine knows each file by its name, wherever they are mounted
_MANAGED = (
    b"/var/lib/dpkg/", b"/var/lib/apt/", b"/var/lib/rpm/", b"/usr/lib/sysimage/", b"/var/lib/pacman/", b"/lib/apk/db/",
    b"/var/db/pkg/", b"/var/lib/flatpak/", b"/var/lib/snapd/", b"/nix/store/", b"/gnu/store/", b"/var/lib/docker/",
    b"/var/lib/containerd/", b"/var/lib/containers/",
)  # fmt: skip


class Rules(Protocol):
    """What a kind says of a file before that is opened."""

    def means(self, file: Candidate) -> bool:
        """Whether it is what the kind is about; nothing is told of others."""

    def why_left(self, file: Candidate) -> str | None:
        """Why it stays all the same, if it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdRules:
    """Files that were neither read nor changed for long."""

    limit_ns: int  #: since 1970: what was used then or later is not cold
    min_size_bytes: int
    keep: Keep

    def means(self, file: Candidate) -> bool:
        return file.newest_ns < self.limit_ns and file.size >= self.min_size_bytes and file.allocated > 0

    def why_left(self, file: Candidate) -> str | None:
        return self.keep.reason(file.path) or why_unsuited(file)


def why_unsuited(file: Candidate) -> str | None:
    """Why a file is not to be compressed, as far as its name and its inode tell."""
    if file.links > 1:
        return "it has another name, and nothing would be free"
    if file.size > file.allocated:
        return "it has holes, or its filesystem compresses it"
    if is_packed(file.path):
        return f"it is {COMPRESSED}"
    if any(folder in file.path for folder in _MANAGED):
        return "it belongs to a package manager or a container engine"
    return None
