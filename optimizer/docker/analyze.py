"""What Docker's images, containers, volumes and build cache use."""

from optimizer.docker.engine import EngineError, engine_state, read_disk_usage
from optimizer.docker.usage import disk_usage
from optimizer.jobs import Job
from optimizer.ports import Progress
from optimizer.runner import Analysis, Finding
from optimizer.values import JsonObject


def analyze_docker(url: str) -> Analysis:
    """The handler of `analyze_docker`; `url` is empty for the engine of this host.

    The rows are those of `docker system df`, see usage.py. Where no engine answers, `docker_available` is
    false, `reason` says why, and there are no rows.
    """

    def look(_job: Job, progress: Progress) -> Finding:
        progress.report(phase="asking the engine")
        return Finding(result=_result(url))

    return Analysis(look=look)


def _result(url: str) -> JsonObject:
    engine = engine_state(url)
    if engine.state != "healthy":
        return {"docker_available": False, "engine": engine.state, "reason": engine.reason}
    try:
        usage = disk_usage(read_disk_usage(url))
    except EngineError as error:
        return {"docker_available": False, "engine": "unhealthy", "reason": str(error)}
    return {
        "docker_available": True,
        "engine": engine.state,
        "server_version": engine.server_version,
        **usage.to_json(),
    }
