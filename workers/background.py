"""Work that can wait gives way to the host's own."""

import psutil
import structlog

#: Of 0 to 19: a process of the usual 0 gets about nine times the CPU time of one of 10 (kernel, sched_prio_to_weight)
_NICE = 10

log = structlog.get_logger(__name__)


def give_way() -> None:
    """Lower this process, and those that it will start: nice 10, and the disk only when nobody else wants it."""
    process = psutil.Process()
    try:
        process.nice(max(_NICE, process.nice()))
        process.ionice(psutil.IOPRIO_CLASS_IDLE)
    except (psutil.Error, OSError) as error:  # a sandbox may forbid it, which is no reason not to work
        log.info("does_not_give_way", reason=str(error))
