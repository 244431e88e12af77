"""A cache, cleared by its own manager: that cannot be undone, and what it gave back is measured."""

import os
from collections.abc import Mapping
from typing import Any

from optimizer.errors import PathForbiddenError, PathNotFoundError, PathUnusableError
from optimizer.host.journal import Entry, State
from optimizer.host.people import account_of
from optimizer.host.run import Ended, Running
from optimizer.paths import exact
from optimizer.plans import Action
from optimizer.ports import Progress
from optimizer.storage.clean.plan import shown_command
from optimizer.storage.clean.ready import why_not
from optimizer.storage.clean.rule import Command, Rule, filled
from optimizer.storage.clean.weigh import Weight, weigh
from optimizer.storage.effects.ground import Effect, FailedError, Ground, StaleError, UnavailableError, Unheard
from optimizer.values import JsonObject


def _apply(ground: Ground, action: Action) -> JsonObject:
    """What is run is what this host's catalogue says, and never what a plan says that came from elsewhere.

    Raises FailedError, with the `freed_bytes`, where the manager said that it failed or had to be stopped.
    """
    folder, uid = exact(action.target), action.relied_on["uid"]
    rule, command = _rule(ground, action, folder)
    _require_unchanged(ground, folder, action.relied_on)
    before = _weight(ground, rule, folder, ground.progress)
    account, reason = account_of(uid), before.obstacle or why_not(command, folder, uid)
    if account is None or reason:
        raise UnavailableError(reason)
    ground.intend(action)
    try:
        running = Running.start(filled(command.argv, folder), account)
    except OSError:
        ground.note(action, State.WITHDRAWN)
        raise
    try:
        ended = running.finish(command.seconds, ground.progress.report)
    finally:  # also where its job was stopped: what is deleted by then is deleted
        freed = max(0, before.bytes - _bytes_left(ground, rule, folder, before))
        ground.note(action, State.DONE, freed_bytes=freed)
    if ended.exit_code != 0:
        raise FailedError(_why(command, ended), freed_bytes=freed)
    return {"freed_bytes": freed}


def _rule(ground: Ground, action: Action, folder: bytes) -> tuple[Rule, Command]:
    rule = ground.catalogue.rules.get(action.target["rule"])
    if rule is None or rule.command is None or shown_command(rule.command, folder) != action.target["command"]:
        raise StaleError("Its rule has changed since it was planned.")
    return rule, rule.command


def _require_unchanged(ground: Ground, folder: bytes, relied_on: Mapping[str, Any]) -> None:
    """Raises StaleError, PathForbiddenError where the folder is not inside HRO_ROOTS any more, PathNotFoundError."""
    descriptor = ground.roots.open(folder)
    try:
        status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if relied_on != {"device": status.st_dev, "inode": status.st_ino, "uid": status.st_uid}:
        raise StaleError("Another folder has taken its place since it was planned.")


def _weight(ground: Ground, rule: Rule, folder: bytes, progress: Progress) -> Weight:
    return weigh(ground.catalogue, rule, ground.roots, folder, progress)


def _bytes_left(ground: Ground, rule: Rule, folder: bytes, before: Weight) -> int:
    """As many as before, so that nothing counts as freed, where something else has taken the folder's place."""
    try:
        return _weight(ground, rule, folder, Unheard()).bytes
    except PathNotFoundError:  # its manager has deleted the folder too
        return 0
    except (PathForbiddenError, PathUnusableError):
        return before.bytes


def _why(command: Command, ended: Ended) -> str:
    name = command.argv[0]
    if ended.exit_code is None:
        return f"{name} was stopped after {command.seconds} seconds. {ended.output}".strip()
    how = f"exit code {ended.exit_code}" if ended.exit_code > 0 else f"signal {-ended.exit_code}"
    return f"{name} ended with {how}. {ended.output}".strip()


def _settle(ground: Ground, entry: Entry) -> None:
    """It may have run, in part or to its end. To clear a cache once more does no harm, so nothing is left to finish."""
    ground.journal.note(entry.optimization_id, entry.number, State.DONE, in_doubt=True)


COMMAND = Effect(apply=_apply, undo=None, settle=_settle)
