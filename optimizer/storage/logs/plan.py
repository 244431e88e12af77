"""Which logs are compressed. Pure."""

from optimizer.options import LogsOptions
from optimizer.plans import Plan
from optimizer.storage.compress.names import GZIP
from optimizer.storage.compress.plan import Seen, plan_packing


def plan_logs(_options: LogsOptions, seen: Seen) -> Plan:
    """An action for each closed log that compressing makes much smaller. With gzip: what reads logs reads that."""
    return plan_packing(seen, GZIP, {}, "is a log that nobody has written to for the time that was asked for")
