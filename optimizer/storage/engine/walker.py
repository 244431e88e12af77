"""Goes through the folders of some roots, together with the other processes."""

import os
import stat
import sys
from collections.abc import Iterator
from typing import NamedTuple

from optimizer.storage.engine.deal import Deal
from optimizer.storage.engine.notes import Notes
from optimizer.storage.engine.roots import Root, Way, join

#: Where reclaimed files wait for their purge; never looked into.
QUARANTINE = ".hro-quarantine"

#: Names of one folder that are dealt in one go.
_SLICE = 128
_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()


class Met(NamedTuple):
    """A folder, or some names in it: one with very many names is shared."""

    number: int  #: of the root
    folder: bytes  #: the path below it
    descriptor: int  #: good until the next one is met; of a root that is a file, its own; -1 where nothing can be read
    status: os.stat_result | None  #: of the folder, for the one who lists it
    names: list[str]  #: of what is no folder


class Walker:
    """What one process goes through. It keeps to the filesystem and mount of each root, and follows no link."""

    def __init__(self, roots: list[Root], deal: Deal, notes: Notes, *, only_files: bool = False) -> None:
        """With `only_files`, the names of links, sockets, FIFOs and devices are left out."""
        self._only_files = only_files
        self._roots = roots
        self._deal = deal
        self._notes = notes
        self._way = Way(roots)

    def met(self) -> Iterator[Met]:
        """Until no folder is left, for any process. Of a root that is a file, its name alone."""
        while (work := self._deal.take()) is not None:
            number, folder, *names = work
            if not self._roots[int(number)].is_folder:
                root = self._roots[int(number)]
                name = os.path.basename(root.path)  # noqa: PTH119 - bytes
                yield Met(int(number), b"", root.descriptor, None, [os.fsdecode(name)])
            else:
                yield from self._open(int(number), folder, [os.fsdecode(name) for name in names])
            self._deal.done()

    def close(self) -> None:
        self._way.close()

    def _open(self, number: int, folder: bytes, names: list[str]) -> Iterator[Met]:
        root = self._roots[number]
        try:
            descriptor = self._way.open(number, folder)
            status = os.fstat(descriptor)
        except OSError as error:
            self._notes.error(root.path_of(folder), error)
            yield from self._closed(number, folder)
            return
        if status.st_dev != root.device:
            self._notes.skip(root.path_of(folder))
        elif names:
            yield Met(number, folder, descriptor, None, names)
        else:
            yield Met(number, folder, descriptor, status, self._list(number, folder, descriptor))

    def _closed(self, number: int, folder: bytes) -> Iterator[Met]:
        """A folder that cannot be opened takes space all the same, if it is one of this filesystem."""
        above, _, name = folder.rpartition(b"/")
        try:
            status = os.lstat(name or b".", dir_fd=self._way.open(number, above))
        except OSError:  # gone meanwhile
            return
        if status.st_dev != self._roots[number].device:
            self._notes.skip(self._roots[number].path_of(folder))
        elif stat.S_ISDIR(status.st_mode):
            yield Met(number, folder, -1, status, [])

    def _list(self, number: int, folder: bytes, descriptor: int) -> list[str]:
        """The names of what is no folder, but for those that were dealt to others. Folders are dealt."""
        root = self._roots[number]
        place = [b"%d" % number, folder]
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
                    elif entry.is_dir(follow_symlinks=False):
                        if entry.name != QUARANTINE:
                            self._deal.add([place[0], join(folder, entry.name.encode(_ENCODING, _ERRORS))])
                    elif not self._only_files:
                        names.append(entry.name)
                    if len(names) > 2 * _SLICE:
                        self._deal.add(place + [os.fsencode(name) for name in names[_SLICE:]])
                        del names[_SLICE:]
        except OSError as error:
            self._notes.error(root.path_of(folder), error)
        return names
