"""The workers' own app, with naps between its steps: `celery --app benchmarks.chaos.worker worker`.

The product has no switch for it. This entry puts slower parts in the place of those that bootstrap builds, before a
process of the worker has built any.
"""

from collections.abc import Mapping
from typing import Any

from benchmarks.chaos.naps import NappingJournal, napping
from optimizer import bootstrap
from optimizer.host.clock import SystemClock
from optimizer.host.journal import Journal
from optimizer.runner import Handler
from optimizer.settings import Settings
from workers.app import app

__all__ = ["app"]

_real_handlers = bootstrap.handlers


def _open_journal(settings: Settings) -> Journal:
    return NappingJournal(settings.state_dir / "journal.db", SystemClock())


def _handlers(settings: Settings, **more: Any) -> Mapping[str, Handler]:
    return {kind: napping(handler) for kind, handler in _real_handlers(settings, **more).items()}


vars(bootstrap).update(open_journal=_open_journal, handlers=_handlers)
