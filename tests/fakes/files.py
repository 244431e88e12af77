"""Files as a walk would have seen them."""

from optimizer.storage.candidate import Candidate


def candidate(path: bytes, *, root: bytes = b"/tmp", links: int = 1, **facts: int) -> Candidate:
    known = {"device": 1, "inode": 2, "size": 5, "allocated": 4096, "uid": 0}
    times = {"atime_ns": 0, "mtime_ns": 0, "ctime_ns": 0}
    return Candidate(root=root, path=path, links=links, **{**known, **times, **facts})
