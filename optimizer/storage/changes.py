"""The kinds of this room that change something, bound to their handlers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from optimizer.host.files import ScanRoots
from optimizer.host.journal import Journal
from optimizer.options import CacheOptions, CompressOptions, DuplicatesOptions, LogsOptions, TempOptions
from optimizer.plans import Plan
from optimizer.ports import Clock, HashCache
from optimizer.runner import Handler
from optimizer.storage.clean.analyze import Cleaning
from optimizer.storage.clean.plan import plan_clean
from optimizer.storage.clean.rule import Catalogue
from optimizer.storage.compress.analyze import look as look_at_cold
from optimizer.storage.compress.plan import plan_compress
from optimizer.storage.duplicates.copies import look as look_at_copies
from optimizer.storage.duplicates.plan import plan_duplicates
from optimizer.storage.hands import Hands
from optimizer.storage.keep import Keep
from optimizer.storage.logs.analyze import Logs
from optimizer.storage.logs.plan import plan_logs
from optimizer.storage.policy.handler import Policies
from optimizer.storage.policy.owners import kubelet
from optimizer.storage.policy.policy import Policy
from optimizer.storage.policy.steps import policy_steps
from optimizer.storage.reclaim import Part, apply_plan, purge, reclaim, total, undo
from optimizer.storage.temp.analyze import look as look_at_temp
from optimizer.storage.temp.plan import plan_temp

Parts = Sequence[Part[Any, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the parts stand on."""

    roots: ScanRoots  #: where changes are allowed
    journal: Journal
    keep: Keep
    cache: HashCache
    clock: Clock
    policies: Mapping[str, Policy]
    catalogue: Catalogue
    patience_seconds: float  #: to wait for another change of the same roots


def changes(tools: Tools, load_plan: Callable[[str], Plan]) -> Mapping[str, Handler]:
    """Each kind's handler by its name; `load_plan` gives the plan of a dry run as it was shown."""
    hands = Hands(tools.roots, tools.journal, patience_seconds=tools.patience_seconds, catalogue=tools.catalogue)
    parts: Mapping[str, Parts] = {
        "optimize_temp": [_temp(tools)],
        "optimize_cache": [_caches(tools)],
        "optimize_logs": [_logs(tools), _journals(tools)],
        "optimize_compress": [_compress(tools)],
        "optimize_duplicates": [_duplicates(tools)],
    }
    disk = [part for kind in _DISK for part in parts.get(kind, ())]
    more = [part for kind in _MORE for part in parts.get(kind, ())]
    return {
        **{kind: reclaim(parts_of_kind, hands) for kind, parts_of_kind in parts.items()},
        "optimize_disk": total(disk, hands),
        "optimize_storage": _policies(tools, parts).handler(total([*disk, *more], hands)),
        "apply_plan": apply_plan(hands, load_plan),
        "undo": undo(hands),
        "purge": purge(hands, tools.clock),
    }


#: What optimize_disk is the sum of, and what optimize_storage adds to it
_DISK = ("optimize_temp", "optimize_cache", "optimize_logs")
_MORE = ("optimize_duplicates", "optimize_compress")


def _temp(tools: Tools) -> Part[Any, Any]:
    return Part(
        options=TempOptions,
        look=partial(look_at_temp, tools.roots, tools.keep, tools.clock),
        plan=plan_temp,
        nothing="No temporary file there was left alone for {days_old} days.",
    )


def _caches(tools: Tools) -> Part[Any, Any]:
    return Part(
        options=CacheOptions,
        look=_cleaning(tools).caches,
        plan=plan_clean,
        nothing="No rule found anything to clear: no folder of theirs is there, or nothing in it that may go.",
    )


def _journals(tools: Tools) -> Part[Any, Any]:
    return Part(
        options=LogsOptions,
        look=_cleaning(tools).logs,
        plan=plan_clean,
        nothing="No journal there was closed {days_old} days ago.",
    )


def _duplicates(tools: Tools) -> Part[Any, Any]:
    return Part(
        options=DuplicatesOptions,
        look=partial(look_at_copies, tools.roots, tools.keep, tools.cache),
        plan=plan_duplicates,
        nothing="No two files there of {min_size_bytes} bytes or more have equal content.",
    )


def _compress(tools: Tools) -> Part[Any, Any]:
    return Part(
        options=CompressOptions,
        look=partial(look_at_cold, tools.roots, tools.keep, tools.clock),
        plan=plan_compress,
        nothing="No file there of {min_size_bytes} bytes or more was left alone for {days_old} days.",
    )


def _logs(tools: Tools) -> Part[Any, Any]:
    return Part(
        options=LogsOptions,
        look=Logs(roots=tools.roots, keep=tools.keep, clock=tools.clock).look,
        plan=plan_logs,
        nothing="No closed log there was left alone for {days_old} days.",
    )


def _cleaning(tools: Tools) -> Cleaning:
    return Cleaning(catalogue=tools.catalogue, roots=tools.roots, clock=tools.clock)


def _policies(tools: Tools, parts: Mapping[str, Parts]) -> Policies:
    return Policies(
        named=tools.policies,
        steps=policy_steps(parts, tools.journal, tools.clock),
        roots=tools.roots,
        journal=tools.journal,
        clock=tools.clock,
        other_owner=kubelet,
        patience_seconds=tools.patience_seconds,
        catalogue=tools.catalogue,
    )
