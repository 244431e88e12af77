"""A host whose cache a manager clears, and what a worker has for it."""

from pathlib import Path
from typing import Any

from optimizer.host.clock import SystemClock
from optimizer.host.journal import Journal
from optimizer.jobs import Job
from optimizer.options import CacheOptions
from optimizer.plans import Plan
from optimizer.runner import Report, run
from optimizer.storage.clean.load import load_rules
from optimizer.storage.clean.plan import plan_clean
from optimizer.storage.clean.rule import Rule
from optimizer.storage.hands import Hands
from optimizer.storage.reclaim import Part, apply_plan, reclaim
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job
from tests.rule_trees import Place

SHIPPED = load_rules(None)


class Host(Place):
    """A place with a journal, whose jobs clear its cache."""

    def __init__(self, folder: Path, rule: Rule) -> None:
        super().__init__(folder / "host", rule)
        self.journal = Journal(folder / "journal.db", SystemClock())

    @property
    def hands(self) -> Hands:
        return Hands(self.roots, self.journal, catalogue=self.catalogue)

    @property
    def part(self) -> Part[Any, Any]:
        return Part(
            options=CacheOptions,
            look=lambda _options, _progress: self.look(SystemClock()),
            plan=plan_clean,
        )

    def clear(self, progress: Listening | None = None, **options: Any) -> tuple[Job, Report]:
        job = new_job("optimize_cache", **{"allow_irreversible": True, **options})
        return job, run(job, reclaim([self.part], self.hands), progress or Listening(), SystemClock())

    def plan(self, **options: Any) -> Plan:
        report = self.clear(dry_run=True, **options)[1]
        assert report.plan is not None
        return report.plan

    def apply(self, plan: Plan) -> dict[str, Any]:
        job = new_job("apply_plan", optimization_id="dry run", digest=plan.digest)
        return dict(run(job, apply_plan(self.hands, lambda _id: plan), Listening(), SystemClock()).result)


def a_rule(script: str = 'rm -rf -- "$0"/*', **facts: Any) -> Rule:
    """A manager of our own, whose cache is the folder cache of the home."""
    command = {"argv": ("sh", "-c", script, "{folder}"), **facts}
    return Rule.model_validate(
        {
            "name": "demo",
            "title": "Things",
            "refills": "they come again",
            "documentation": "none",
            "folders": ("~/cache",),
            "files": ("*",),
            "command": command,
        }
    )


def left(files: list[Path]) -> list[Path]:
    return [file for file in files if file.exists()]


def with_program(rule: Rule, program: Path) -> Rule:
    """The same with another program; and whoever else installs something on this machine meanwhile does not matter."""
    assert rule.command is not None
    command = rule.command.model_copy(update={"argv": (str(program), *rule.command.argv[1:]), "users": ()})
    return rule.model_copy(update={"command": command})
