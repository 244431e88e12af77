"""The digests that one job asked for: of a file, of several, or of all regular files below folders."""

import base64
import stat
from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import islice

from optimizer.errors import PathNotFoundError, PathUnusableError
from optimizer.hashing.hasher import FileVersion, Hasher, batches
from optimizer.host.files import Opener
from optimizer.host.tree import ScanLog, Tree
from optimizer.host.walk import SeenFile, seen_file, walk
from optimizer.paths import readable
from optimizer.ports import Clock, HashCache, Progress

#: Files of one job. Its result names each of them, and has to fit into the store.
MAX_FILES = 100_000

Row = dict[str, object]


class HashJob:
    """One job. Trees are opened one after the other, and closed when their files have been read."""

    def __init__(self, *, algorithm: str, opener: Opener, cache: HashCache, clock: Clock, progress: Progress) -> None:
        self._algorithm = algorithm
        self._opener = opener
        self._progress = progress
        self._log = ScanLog()
        self._hasher = Hasher(algorithm=algorithm, cache=cache, clock=clock, log=self._log, progress=progress)
        self._left: list[Tree] = []  # walked to their end, and perhaps not read yet
        self._rows: dict[bytes, Row] = {}

    def run(self, targets: Sequence[bytes], limit: int = MAX_FILES) -> Row:
        """The result, with `hashes` as {path: {digest (hexadecimal), cached, size, path_bytes?}}.

        Of a single target, raises PathNotFoundError or PathUnusableError; of several, those are recorded and the
        others done. Always raises PathForbiddenError and CancelledError.
        """
        truncated = False
        with closing(self._files(targets)) as files:
            try:
                for batch in batches(islice(files, limit)):
                    self._add(batch)
                    self._close_left()
                truncated = next(files, None) is not None
            finally:
                files.close()
                self._close_left()
                self._hasher.finish()
        return self._result(truncated=truncated)

    def _files(self, targets: Sequence[bytes]) -> Generator[SeenFile, None, None]:
        seen: set[bytes] = set()
        for target in targets:
            try:
                tree = Tree.open(target, self._opener)
            except (PathNotFoundError, PathUnusableError) as error:
                if len(targets) == 1:
                    raise
                self._log.record(target, error.message)
                continue
            try:
                for file in _regular_files(tree, self._log, self._progress):
                    if file.path not in seen:
                        seen.add(file.path)
                        yield file
            finally:
                self._left.append(tree)

    def _close_left(self) -> None:
        while self._left:
            self._left.pop().close()

    def _add(self, batch: list[SeenFile]) -> None:
        """Every name of the batch; hard links of one inode are read once."""
        cached = self._hasher.look_up(batch)
        unread: dict[FileVersion, SeenFile] = {}
        for file in batch:
            if (file.key, file.state) not in cached:
                unread.setdefault((file.key, file.state), file)
        with closing(self._hasher.read(unread.values())) as digests:
            read = {(file.key, file.state): digest for file, digest in digests}
        for file in batch:
            version = (file.key, file.state)
            digest = cached.get(version) or read.get(version)
            if digest is not None:
                size = file.state.size
                self._rows[file.path] = {"digest": digest.hex(), "cached": version in cached, "size": size}

    def _result(self, *, truncated: bool) -> Row:
        return {
            "algorithm": self._algorithm,
            "hashes": _by_text(self._rows),
            "files_hashed": len(self._rows),
            "bytes_read": self._hasher.meter.bytes,
            "cache": self._hasher.cache_json(),
            "changed": self._hasher.changed,
            "changed_count": self._hasher.changed_count,
            "truncated": truncated,
            **self._log.to_json(),
        }


def _regular_files(tree: Tree, log: ScanLog, progress: Progress) -> Generator[SeenFile, None, None]:
    with closing(walk(tree, log, progress)) as folders:
        for folder, entries in folders:
            for name, status in entries:
                if stat.S_ISREG(status.st_mode):
                    yield seen_file(folder, name, status)


def _by_text(rows: dict[bytes, Row]) -> dict[str, Row]:
    """The rows by their paths as text. Bytes that are not UTF-8 stand in `path_bytes`, in base64.

    Two different paths may look alike as text; then the odd one's key gets a number at its end.
    """
    by_text: dict[str, Row] = {}
    odd: list[bytes] = []
    for path, row in rows.items():
        try:
            by_text[path.decode("utf-8")] = row
        except UnicodeDecodeError:
            odd.append(path)
    for path in odd:
        text, number = readable(path), 1
        while text in by_text:
            number += 1
            text = f"{readable(path)} ({number})"
        by_text[text] = {**rows[path], "path_bytes": base64.b64encode(path).decode("ascii")}
    return by_text
