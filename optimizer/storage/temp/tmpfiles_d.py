"""Which files the lines of tmpfiles.d(5) protect. Pure."""

import posixpath
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from optimizer.paths import readable

#: A line's type, its path, which may be in quotes, and its age, after mode, user and group
_LINE = re.compile(
    rb"""\s*([A-Za-z]\S*)\s+("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?:[^\s\\]|\\.)+)(?:(?:\s+\S+){3}\s+(\S+))?"""
)
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|(.))")
_SPECIFIER = re.compile(rb"%(.)")
#: What stands for a folder that is known; any other specifier is taken for whatever a name may have there
_FOLDERS = {b"T": b"/tmp", b"V": b"/var/tmp", b"t": b"/run", b"S": b"/var/lib", b"C": b"/var/cache", b"L": b"/var/log",
            b"h": b"/root", b"%": b"%"}  # fmt: skip
_GLOB = re.compile(rb"[*?[]")
#: Types that are about a path with all that is below it, where they protect at all
_RECURSIVE = frozenset(b"xRDdevqQC")
_FOLDER_TYPES, _REMOVING = frozenset(b"dDevqQ"), frozenset(b"rR")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that protects: `*` in its path does not stand for a slash."""

    type: bytes
    path: bytes

    def protects(self, path: bytes) -> bool:
        if not path.startswith(self.path[: self._literal()]):
            return False
        parts, patterns = path.split(b"/"), self.path.split(b"/")
        long_enough = len(parts) >= len(patterns) if self.type[0] in _RECURSIVE else len(parts) == len(patterns)
        return long_enough and all(map(fnmatchcase, parts, patterns))

    def _literal(self) -> int:
        """How much of the path stands for itself alone."""
        found = _GLOB.search(self.path)
        return found.start() if found else len(self.path)


@dataclass(frozen=True, slots=True)
class TmpfilesD:
    """What other programs asked systemd-tmpfiles for."""

    lines: tuple[Line, ...] = ()

    def reason(self, path: bytes) -> str | None:
        """Why a file must stay; None where no line speaks against taking it."""
        found = next((line for line in self.lines if line.protects(path)), None)
        return f"tmpfiles.d has a line for it: {readable(found.type)} {readable(found.path)}" if found else None


def parse(lines: Iterable[bytes], cleaned: Collection[bytes] = ()) -> TmpfilesD:
    """`cleaned` are the folders that are to be cleaned. Lines that systemd could not understand are left out.

    `x` and `X` protect from being cleaned. A `!` means: only at boot, so what it is about is in use until then. A line
    that makes or adjusts a file shows that somebody needs it. So does one of a folder below the cleaned ones, if it
    gives no age: systemd never cleans that. Other lines protect nothing.
    """
    found = [(match[1], _path(match[2]), match[3]) for match in map(_LINE.match, lines) if match]
    return TmpfilesD(tuple(Line(kind, path) for kind, path, age in found if _protects(kind, path, age, cleaned)))


def _protects(kind: bytes, path: bytes, age: bytes | None, cleaned: Collection[bytes]) -> bool:
    if not path.startswith(b"/") or (kind[0] in _REMOVING and b"!" not in kind):
        return False
    if kind[0] not in _FOLDER_TYPES or b"!" in kind:
        return True
    return age in (None, b"-") and any(path.startswith(folder.rstrip(b"/") + b"/") for folder in cleaned)


def _path(word: bytes) -> bytes:
    bare = word[1:-1] if word[:1] in (b'"', b"'") else word
    plain = _ESCAPE.sub(_unescaped, bare)
    return posixpath.normpath(_SPECIFIER.sub(lambda found: _FOLDERS.get(found[1], b"*"), plain))


def _unescaped(found: re.Match[bytes]) -> bytes:
    """As in C, as far as a path has it."""
    hexadecimal, octal, other = found.groups()
    if hexadecimal or octal:
        return bytes([int(hexadecimal, 16) if hexadecimal else int(octal, 8) & 0xFF])
    return bytes(other)
