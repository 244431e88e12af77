"""The trees that are measured on: built once, kept for the next time, and read into memory or out of it."""

import hashlib
import inspect
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from benchmarks import corpus_kinds, corpus_plan
from benchmarks.corpus import make_plan
from benchmarks.corpus_plan import Plan, answer_file

_BLOCK = 4096
_CHUNK = 1 << 20


class NoSpaceError(Exception):
    """A tree does not fit."""


def ensure_tree(home: Path, name: str, scale: float) -> Path:
    """The tree of a corpus below `home`, built if need be. Raises NoSpaceError, OSError."""
    root = home / f"{name}-{scale:g}-{_edition()}"
    if answer_file(root).exists():
        return root
    plan = make_plan(name, scale=scale)
    home.mkdir(parents=True, exist_ok=True)
    _check_space(home, plan)
    _build(plan, root)
    return root


def _edition() -> str:
    """Another one when what makes the trees has changed."""
    sources = inspect.getsource(corpus_kinds) + inspect.getsource(corpus_plan)
    return hashlib.sha256(sources.encode()).hexdigest()[:8]


def _check_space(home: Path, plan: Plan) -> None:
    blocks = sum(-(-content.size // _BLOCK) + 1 for content in plan.files.values())
    free = shutil.disk_usage(home).free
    if blocks * _BLOCK > free:
        raise NoSpaceError(f"{plan.name} needs {blocks * _BLOCK:,} bytes, and {home} has {free:,}")


def _build(plan: Plan, root: Path) -> None:
    """Under another name, so that what a killed run left half-built is never measured."""
    half = root.with_name(f"{root.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    shutil.rmtree(root, ignore_errors=True)
    plan.write(half)
    half.rename(root)
    answer_file(half).rename(answer_file(root))  # last: it says that the tree is there
    os.sync()  # a page that is not on disk yet cannot be evicted, and writing it would disturb a run


def warm(root: Path) -> None:
    """Read every file, so that the page cache holds it as far as there is memory."""
    _each_file(root, _read)


def evict(root: Path) -> None:
    """Let the kernel drop the pages of every file; names and inodes stay in its caches.

    posix_fadvise(2), POSIX_FADV_DONTNEED: it asks for this tree only, where drop_caches would slow the whole machine.
    """
    _each_file(root, lambda file: os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED))


def _read(file: int) -> None:
    while os.read(file, _CHUNK):
        pass


def _each_file(root: Path, use: Callable[[int], None]) -> None:
    for _, _, names, folder in os.fwalk(os.fsencode(root)):
        for name in names:
            if stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
                try:
                    use(file)
                finally:
                    os.close(file)
