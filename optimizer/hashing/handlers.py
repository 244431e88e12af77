"""The kinds of jobs of this room, in the runner's shape."""

from optimizer.hashing.job import HashJob
from optimizer.host.files import ScanRoots
from optimizer.jobs import Job
from optimizer.options import HashOptions
from optimizer.ports import Clock, HashCache, Progress
from optimizer.runner import Analysis, Finding


def hash_files(roots: ScanRoots, cache: HashCache, clock: Clock) -> Analysis:
    def look(job: Job, progress: Progress) -> Finding:
        options = HashOptions.model_validate(dict(job.options))
        hash_job = HashJob(algorithm=options.algorithm, opener=roots, cache=cache, clock=clock, progress=progress)
        with cache.shared():
            result = hash_job.run([target.encode() for target in options.targets])
        told = ("algorithm", "files_hashed", "bytes_read", "cache", "changed_count", "error_count", "truncated")
        return Finding(
            result={**result, "timestamp": clock.now().isoformat()},
            event={name: result[name] for name in told},
        )

    return Analysis(look=look)
