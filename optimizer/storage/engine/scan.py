"""Goes through folders: reads every small file whole at once, and lists the larger ones."""

import os
import stat
import sys
from hashlib import sha256
from struct import Struct
from typing import Final

from optimizer.storage.engine.crew import Pulse
from optimizer.storage.engine.deal import Deal
from optimizer.storage.engine.notes import Notes
from optimizer.storage.engine.roots import READ, Root, Way, join
from optimizer.storage.engine.spill import BUCKETS, SPILL_AT, Spill

#: Up to this size, to read a file costs about as much as to look at it, and saves to open it a second time.
SMALL: Final = 16 * 1024
#: Where reclaimed files wait for their purge; never looked into.
QUARANTINE: Final = ".hro-quarantine"

#: A small file: length of its name, SHA-256 of its content, device, inode, mtime and atime in ns, number of its
#: folder, size; then its name.
RECORD: Final = Struct("<H32sQQqqIH")

#: Names of one folder that are dealt in one go.
_SLICE: Final = 256
_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
_EPERM: Final = 1


class Scan:
    """What one process sees of the roots. Of no file more is kept than it takes to find it again."""

    def __init__(self, roots: list[Root], deal: Deal, spill: Spill, notes: Notes) -> None:
        self.folders: list[tuple[int, bytes]] = []  #: root and path below it, by the number that records have
        self.larger: list[tuple[int, int, int, int, int, bytes]] = []  #: State, folder, name
        self.folder_count = 0
        self.file_count = 0  #: names of regular files
        self.size = 0  #: bytes of those that have only one name
        self.linked: dict[tuple[int, int], int] = {}  #: device and inode of those with several names: their size
        self.bytes_read = 0
        self._roots = roots
        self._deal = deal
        self._spill = spill
        self._buckets = spill.buckets
        self._notes = notes
        self._way = Way(roots)

    def run(self, pulse: Pulse) -> None:
        """Until no folder is left, for any process."""
        while (work := self._deal.take()) is not None:
            number, folder, *names = work
            files, size = self.file_count, self.bytes_read
            self._look(int(number), folder, [os.fsdecode(name) for name in names])
            self._deal.done()
            path = self._roots[int(number)].path_of(folder)
            pulse.beat(path, files=self.file_count - files, size=self.bytes_read - size)

    def close(self) -> None:
        self._way.close()

    def _look(self, number: int, folder: bytes, names: list[str]) -> None:
        root = self._roots[number]
        if not root.is_folder:
            self.folders.append((number, b""))
            self._count_and_read(root, b"", b"", os.dup(root.descriptor))
            return
        try:
            descriptor = self._way.open(number, folder)
            status = os.fstat(descriptor)
        except OSError as error:
            self._notes.error(root.path_of(folder), error)
            self._count_closed(number, folder)
            return
        if status.st_dev != root.device:
            self._notes.skip(root.path_of(folder))
            return
        self.folders.append((number, folder))
        if not names:
            self.folder_count += 1
            names = self._list(number, folder, descriptor)
        self._read_files(root, folder, descriptor, names)

    def _count_closed(self, number: int, folder: bytes) -> None:
        """A folder that cannot be opened counts, if it is one of this filesystem."""
        above, _, name = folder.rpartition(b"/")
        try:
            status = os.stat(name, dir_fd=self._way.open(number, above), follow_symlinks=False)
        except OSError:  # gone meanwhile
            return
        if status.st_dev != self._roots[number].device:
            self._notes.skip(self._roots[number].path_of(folder))
        elif stat.S_ISDIR(status.st_mode):
            self.folder_count += 1

    def _list(self, number: int, folder: bytes, descriptor: int) -> list[str]:
        """The names of the regular files, but for those that were dealt to others. Folders are dealt."""
        root = self._roots[number]
        mounts = root.mounts.get(folder, ())
        names: list[str] = []
        try:
            with os.scandir(descriptor) as entries:
                for entry in entries:
                    # Before it is looked at: even that may hang where a file server is gone
                    if mounts and os.fsencode(entry.name) in mounts:
                        self._notes.skip(root.path_of(folder, os.fsencode(entry.name)))
                    elif entry.is_file(follow_symlinks=False):
                        names.append(entry.name)
                        if len(names) > _SLICE:
                            self._add(number, folder, [os.fsencode(name) for name in names])
                            names = []
                    elif entry.is_dir(follow_symlinks=False) and entry.name != QUARANTINE:
                        self._add(number, join(folder, os.fsencode(entry.name)), [])
        except OSError as error:
            self._notes.error(root.path_of(folder), error)
        return names

    def _add(self, number: int, folder: bytes, names: list[bytes]) -> None:
        self._deal.add([b"%d" % number, folder, *names])

    def _read_files(self, root: Root, folder: bytes, descriptor: int, names: list[str]) -> None:
        flags = READ | os.O_NOATIME
        for text in names:
            try:
                try:
                    file = os.open(text, flags, dir_fd=descriptor)
                except PermissionError as error:
                    if error.errno != _EPERM or flags == READ:
                        raise
                    flags = READ  # only the owner may ask for O_NOATIME, and a folder mostly has one owner
                    file = os.open(text, flags, dir_fd=descriptor)
            except OSError as error:
                self._count_unread(root, folder, descriptor, text, error)
                continue
            self._count_and_read(root, folder, text.encode(_ENCODING, _ERRORS), file)

    def _count_unread(self, root: Root, folder: bytes, descriptor: int, text: str, error: OSError) -> None:
        self._notes.error(root.path_of(folder, os.fsencode(text)), error)
        try:
            status = os.stat(text, dir_fd=descriptor, follow_symlinks=False)
        except OSError:  # gone meanwhile
            return
        if stat.S_ISREG(status.st_mode):
            self._count(status)

    def _count(self, status: os.stat_result) -> None:
        self.file_count += 1
        if status.st_nlink == 1:
            self.size += status.st_size
        else:
            self.linked[status.st_dev, status.st_ino] = status.st_size

    def _count_and_read(self, root: Root, folder: bytes, name: bytes, file: int) -> None:
        """Closes the file. Called for every file, so it makes few calls itself."""
        try:
            status = os.fstat(file)
            size = status.st_size
            if not stat.S_ISREG(status.st_mode):
                return
            self._count(status)
            if not size:
                return
            if size > SMALL:
                key = (size, status.st_dev, status.st_ino, status.st_ctime_ns)
                self.larger.append((*key, len(self.folders) - 1, name))
                return
            content = os.pread(file, size + 1, 0)
            is_changed = os.fstat(file).st_ctime_ns != status.st_ctime_ns or len(content) != size
        except OSError as error:
            self._notes.error(root.path_of(folder, name), error)
            return
        finally:
            os.close(file)
        self.bytes_read += len(content)
        if is_changed:
            self._notes.change(root.path_of(folder, name))
            return
        digest = sha256(content).digest()
        bucket = digest[0] % BUCKETS
        records = self._buckets[bucket]
        records += RECORD.pack(
            len(name),
            digest,
            status.st_dev,
            status.st_ino,
            status.st_mtime_ns,
            status.st_atime_ns,
            len(self.folders) - 1,
            size,
        )
        records += name
        if len(records) > SPILL_AT:
            self._spill.flush(bucket)
