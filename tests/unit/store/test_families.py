"""What is told of a job that is made of others."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from optimizer.jobs import Job, JobRecord, Status
from optimizer.store.families import with_children
from tests.fakes.clock import NOON
from tests.fakes.submitted import new_job

LATER = NOON + timedelta(seconds=1.5)


def ended(job: Job, result: dict[str, Any] | None, status: Status = Status.COMPLETED) -> JobRecord:
    return JobRecord(job=job, status=status, result=result, started_at=NOON, finished_at=LATER, error={"code": "x"})


def together(parent: Job, results: list[dict[str, Any] | None], status: Status = Status.COMPLETED) -> dict[str, Any]:
    children = [
        ended(child, result, Status.FAILED if result is None else Status.COMPLETED)
        for child, result in zip(parent.children, results, strict=True)
    ]
    return dict(with_children(JobRecord(job=parent, status=status), children).result or {})


def test_the_parts_on_one_host_make_the_fields_that_older_clients_read() -> None:
    """Sums of what was done, and the details by resource."""
    parts: list[dict[str, Any] | None] = [
        {"actions_taken": ["a"], "before": {"rss": 2}, "after": {"rss": 1}},
        {"actions_taken": []},
        {"status": "completed", "actions_taken": ["b", "c"]},
        {},
    ]
    result = together(new_job("optimize_all"), parts)
    assert (result["status"], result["optimization_type"], result["duration_seconds"]) == ("completed", "all", 1.5)
    assert (result["total_actions"], result["actions_taken"]) == (3, ["a", "b", "c"])
    assert (result["before"], result["after"]) == ({"memory": {"rss": 2}}, {"memory": {"rss": 1}})
    assert set(result["detailed_results"]) == {"memory", "cpu", "disk", "docker", "storage"}
    assert result["detailed_results"]["disk"]["part_of"] == "storage"


def test_a_part_without_a_result_says_how_it_ended() -> None:
    """The others are told as they are."""
    result = together(new_job("optimize_all"), [{"actions_taken": ["a"]}, None, {}, {}], Status.FAILED)
    assert (result["status"], result["detailed_results"]["cpu"]) == (
        "failed", {"status": "failed", "error": {"code": "x"}}
    )  # fmt: skip
    assert result["actions_taken"] == ["a"]


def test_several_hosts_are_told_one_by_one() -> None:
    """By their names, whatever the kind is made of."""
    assert together(new_job(host="one,two"), [{"load": 1}, {"load": 2}]) == {"one": {"load": 1}, "two": {"load": 2}}
    result = together(new_job("optimize_all", host="one,two"), [{"actions_taken": ["x"]}] * 8)
    assert {host: told["total_actions"] for host, told in result.items()} == {"one": 4, "two": 4}


@given(st.lists(st.from_regex(r"[a-z0-9-]{1,8}", fullmatch=True), min_size=1, max_size=5, unique=True))
def test_the_same_job_is_always_made_of_the_same_ones(hosts: list[str]) -> None:
    """Each under an id of its own."""
    job = new_job("optimize_all", host=",".join(hosts))
    again = Job.model_validate_json(job.model_dump_json())
    assert job.children == again.children
    assert len({child.optimization_id for child in job.children}) == 4 * len(hosts)
