"""Which logs logrotate takes care of, by its configuration; see logrotate(8). Pure."""

import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

#: Each begins lines of shell, up to one that says endscript
_SCRIPTS = frozenset({"prerotate", "postrotate", "firstaction", "lastaction", "preremove"})
#: A rotated log's name is the log's, then one of these, then a number or a date in whatever format
_BEFORE_ROTATION = re.compile(r"[-._]")


@dataclass(frozen=True, slots=True)
class Logrotate:
    """What a configuration says, as far as it says whose a file is."""

    globs: tuple[str, ...] = ()  #: of logs; `*` does not stand for a slash
    includes: tuple[str, ...] = ()  #: files and folders with more of it

    def owns(self, path: bytes) -> bool:
        """Whether logrotate rotates this file, or made it by rotating another."""
        folder, name = posixpath.split(path.decode("utf-8", "surrogateescape"))
        names = [name, *(name[: mark.start()] for mark in _BEFORE_ROTATION.finditer(name) if mark.start())]
        return any(_matches(posixpath.join(folder, known), glob) for known in names for glob in self.globs)


def parse(text: str) -> Logrotate:
    """Of one file. What it does not understand it leaves out: it decides nothing but whose a log is."""
    globs: list[str] = []
    includes: list[str] = []
    block: list[str] = []  # the logs of the block that is being read
    inside = False
    for words, brace in _pieces(text):
        if inside:
            globs += _old_folders(words, block)
        elif words[:1] == ["include"]:
            includes += words[1:2]
        else:
            named = [word for word in words if word.startswith(("/", "~"))]
            block += named
            globs += named
        if brace:
            inside = brace == "{"
        if brace == "}":
            block = []
    return Logrotate(tuple(globs), tuple(includes))


def _pieces(text: str) -> Iterator[tuple[list[str], str]]:
    """The words of each line, and the brace that ends them, if one does."""
    in_script = False
    for line in map(str.strip, text.splitlines()):
        word = line.partition(" ")[0]
        if in_script or line.startswith("#"):
            in_script = in_script and word != "endscript"
            continue
        in_script = word in _SCRIPTS
        while line and not in_script:
            piece, brace, line = _until_brace(line)  # noqa: PLW2901 - the rest of the line is read next
            yield _words(piece), brace


def _until_brace(line: str) -> tuple[str, str, str]:
    found = re.search(r"[{}]", line)
    return (line[: found.start()], found[0], line[found.end() :].strip()) if found else (line, "", "")


def _words(piece: str) -> list[str]:
    try:
        return shlex.split(piece)
    except ValueError:  # a quotation mark without its counterpart
        return piece.split()


def _old_folders(words: list[str], logs: list[str]) -> list[str]:
    """Globs of what the directive olddir moves rotated logs to, which may be relative to each log's folder."""
    directive = " ".join(words).replace("=", " ").split()
    if len(directive) < 2 or directive[0] != "olddir":  # noqa: PLR2004 - the directive and its value
        return []
    return [posixpath.join(posixpath.dirname(log), directive[1], "*") for log in logs]


def _matches(path: str, glob: str) -> bool:
    parts, patterns = path.split("/"), posixpath.normpath(glob).split("/")
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, patterns))
