"""The handler of `optimize_memory`."""

from optimizer.memory.apply import measure, observe, trim_heap
from optimizer.memory.plan import Worker, conclude, plan_memory
from optimizer.runner import Change


def optimize_memory() -> Change[Worker]:
    """Gives the free heap of the worker itself back to the system, and measures what that brought."""
    return Change(analyze=observe, plan=plan_memory, apply=trim_heap, measure=measure, conclude=conclude)
