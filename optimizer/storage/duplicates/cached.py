"""The search for duplicates that asks a cache of digests first, and tells it what it read."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing

from optimizer.hashing.hasher import Hasher
from optimizer.host.tree import ScanLog, Tree
from optimizer.host.walk import SeenFile
from optimizer.ports import Clock, HashCache, Progress
from optimizer.storage.duplicates.candidates import Candidates, collect
from optimizer.storage.duplicates.ends import EndsReader
from optimizer.storage.duplicates.report import DuplicateReport, Group, Name
from optimizer.storage.facts import FileFacts

#: What proves that files are equal. A cached digest of the same file in the same state counts as one just read.
_ALGORITHM = "sha256"

#: Size and digest. The size as well, as a digest from the cache is worth what the cache is worth.
_Content = tuple[int, bytes]


def find_with_cache(trees: Sequence[Tree], cache: HashCache, progress: Progress, clock: Clock) -> DuplicateReport:
    """As `find.find_duplicates`. It looks at everything before it reads anything, in one process."""
    log = ScanLog()
    candidates = collect(trees, log, progress)
    hasher = Hasher(algorithm=_ALGORITHM, cache=cache, clock=clock, log=log, progress=progress)
    ends = EndsReader(hasher, log, progress)
    groups = _sorted_groups(_by_digest(candidates.of_shared_size(), hasher, ends), candidates)
    return DuplicateReport(
        groups=groups,
        redundant_copies=sum(group.copies - 1 for group in groups),
        reclaimable_bytes=sum(group.reclaimable_bytes for group in groups),
        files=candidates.files,
        folders=candidates.folders,
        size=candidates.size,
        bytes_read=ends.meter.bytes + hasher.meter.bytes,
        cache=dict(hasher.cache_json()),
        changed=tuple(dict(fields) for fields in hasher.changed),
        changed_count=hasher.changed_count,
        log=log,
    )


def _by_digest(files: list[SeenFile], hasher: Hasher, ends: EndsReader) -> Mapping[_Content, list[SeenFile]]:
    known = hasher.look_up(files)
    groups: dict[_Content, list[SeenFile]] = defaultdict(list)
    unread = []
    for file in ends.alike(files, known):
        digest = known.get((file.key, file.state))
        if digest is None:
            unread.append(file)
        else:
            groups[file.state.size, digest].append(file)
    with closing(hasher.read(unread)) as digests:
        for file, digest in digests:
            groups[file.state.size, digest].append(file)
    return groups


def _sorted_groups(groups: Mapping[_Content, list[SeenFile]], candidates: Candidates) -> tuple[Group, ...]:
    found = [_group(content, files, candidates) for content, files in groups.items() if len(files) > 1]
    return tuple(sorted(found, key=lambda group: (-group.reclaimable_bytes, group.digest)))


def _group(content: _Content, files: list[SeenFile], candidates: Candidates) -> Group:
    names = [_name(name) for file in files for name in candidates.names_of(file)]
    size, digest = content
    return Group(
        digest=digest,
        size=size,
        copies=len(files),
        names=tuple(sorted(names, key=lambda name: name.facts.path)),
    )


def _name(file: SeenFile) -> Name:
    facts = FileFacts(file.path, file.state.size, file.state.mtime_ns / 1e9, file.accessed_ns / 1e9)
    return Name(facts, file.key)
