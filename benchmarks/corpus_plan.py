"""What a corpus is made of: files by content, links and times, all decided before the disk is touched."""

import json
import os
import posixpath
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHUNK = 1 << 20
EPOCH = 1_700_000_000  # newest modification time, so that age classes are stable
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds: a pseudo-random stream, cut at `size`, with one byte flipped.

    Two files are duplicates exactly when their contents are equal; streams of different
    `stream` numbers share no aligned block.  `flip` is None or an offset in the file.
    """

    stream: int
    size: int
    flip: int | None = None
    shared_prefix: int = 0  # this many first bytes are the same in all that have it

    def chunks(self) -> Iterator[bytes]:
        position = 0
        for piece in self._raw():
            yield self._flipped(piece, position)
            position += len(piece)

    def _flipped(self, piece: bytes, position: int) -> bytes:
        if self.flip is None or not position <= self.flip < position + len(piece):
            return piece
        edited = bytearray(piece)
        edited[self.flip - position] ^= 0xFF
        return bytes(edited)

    def _raw(self) -> Iterator[bytes]:
        head = min(self.shared_prefix, self.size)
        if head:
            yield random.Random(f"prefix:{head}").randbytes(head)
        source = random.Random(f"stream:{self.stream}")
        left = self.size - head
        while left > 0:
            piece = source.randbytes(min(left, CHUNK))
            left -= len(piece)
            yield piece


@dataclass(slots=True)
class Plan:
    """Everything to be written, decided before the disk is touched."""

    name: str
    seed: int
    scale: float
    files: dict[bytes, Content] = field(default_factory=dict)
    hardlinks: dict[bytes, bytes] = field(default_factory=dict)  # new name -> existing
    symlinks: dict[bytes, bytes] = field(default_factory=dict)  # name -> target text

    def groups(self, *, empty: bool = False, links: bool = False) -> list[list[bytes]]:
        """Duplicate groups: >= 2 distinct inodes of equal content.

        With `links` the extra hard-linked names of a member are listed with it.
        """
        by_content: dict[Content, list[bytes]] = defaultdict(list)
        for path, content in self.files.items():
            if content.size or empty:
                key = content if content.size else Content(0, 0)
                by_content[key].append(path)
        found = [sorted(paths) for paths in by_content.values() if len(paths) > 1]
        if links:
            names = defaultdict(list)
            for new, old in self.hardlinks.items():
                names[old].append(new)
            found = [sorted(p for m in g for p in (m, *names[m])) for g in found]
        return sorted(found)

    def summary(self) -> dict[str, Any]:
        groups = self.groups()
        same_size = Counter(content.size for content in self.files.values())
        candidates = [c.size for c in self.files.values() if c.size and same_size[c.size] > 1]
        return {
            "name": self.name,
            "seed": self.seed,
            "scale": self.scale,
            "inodes": len(self.files),
            "hardlinks": len(self.hardlinks),
            "symlinks": len(self.symlinks),
            "empty": same_size.get(0, 0),
            "bytes": sum(content.size for content in self.files.values()),
            "groups": len(groups),
            "redundant_files": sum(len(group) - 1 for group in groups),
            "redundant_bytes": sum((len(group) - 1) * self.files[group[0]].size for group in groups),
            "candidate_files": len(candidates),
            "candidate_bytes": sum(candidates),
        }

    def write(self, root: Path) -> dict[str, Any]:
        """Make the tree and, beside it, the answer. The tree must not be there yet."""
        base = os.fsencode(root.absolute())
        ages = random.Random(f"age:{self.seed}")
        for parent in self._folders():
            Path(os.fsdecode(posixpath.join(base, parent))).mkdir(parents=not parent)
        for path, content in self.files.items():
            when = EPOCH - int(ages.expovariate(1 / (120 * DAY)))
            _write_file(posixpath.join(base, path), content, when)
        for path, target in self.hardlinks.items():
            os.link(posixpath.join(base, target), posixpath.join(base, path))
        for path, target in self.symlinks.items():
            full = posixpath.join(base, path)
            os.symlink(target, full)  # noqa: PTH211 - the target is bytes
            os.utime(full, (EPOCH, EPOCH), follow_symlinks=False)
        for parent in self._folders():  # last: making an entry touches its directory
            os.utime(posixpath.join(base, parent), (EPOCH, EPOCH))
        return self._write_answer(root)

    def _folders(self) -> list[bytes]:
        """Every folder of the tree, the tree itself first, parents before what is in them."""
        found = {b""}
        for path in (*self.files, *self.hardlinks, *self.symlinks):
            parent = posixpath.dirname(path)
            while parent not in found:
                found.add(parent)
                parent = posixpath.dirname(parent)
        return sorted(found)

    def _write_answer(self, root: Path) -> dict[str, Any]:
        summary = self.summary()
        answer = {
            "summary": summary,
            "groups": [[escaped(path) for path in group] for group in self.groups()],
            "aliases": {escaped(new): escaped(old) for new, old in self.hardlinks.items()},
        }
        answer_file(root).write_text(json.dumps(answer))
        return summary


def answer_file(root: Path) -> Path:
    return root.with_name(f"{root.name}.json")


def _write_file(path: bytes, content: Content, when: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        for piece in content.chunks():
            view = memoryview(piece)
            while view:
                view = view[os.write(handle, view) :]
        os.utime(handle, (when, when))
    finally:
        os.close(handle)


def escaped(path: bytes) -> str:
    """A printable, reversible spelling of any byte path."""
    return path.decode("utf-8", "surrogateescape").encode("unicode_escape").decode("ascii")


def unescaped(text: str) -> bytes:
    """The path that `escaped` spelled."""
    return text.encode("ascii").decode("unicode_escape").encode("utf-8", "surrogateescape")
