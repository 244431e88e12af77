"""What others do to a file while it is compressed, on a real filesystem."""

from pathlib import Path

import pytest

from tests.packing import PackingHost, log_lines, meanwhile


@pytest.fixture
def host(tmp_path: Path) -> PackingHost:
    return PackingHost(tmp_path)


@pytest.mark.parametrize("use", ["open(path).read(1)", "open(path, 'a').write('one more line')"])
def test_whoever_opens_a_file_meanwhile_gets_it_soon(host: PackingHost, use: str) -> None:
    """Long before the kernel would break the lease: compressing it is given up, and nothing is left of that."""
    path = host.file("a", log_lines(1_000_000))
    with meanwhile(path, use) as other:
        job, report = host.compress()
        assert other.wait(timeout=40) == 0
    assert [outcome["code"] for outcome in report.result["outcomes"]] == ["in_use"]
    assert (host.names(), host.journal.of_job(job.optimization_id)) == (["a"], [])
    assert path.read_bytes().endswith(b"one more line") == ("append" in use or "'a'" in use)


def test_a_name_that_is_taken_meanwhile_stays_with_its_new_owner(host: PackingHost) -> None:
    """Between the first look at it and the moment when it is needed."""
    path = host.file("a", log_lines(1_000_000))
    before = host.manifest()["a"]
    with meanwhile(path, "open(path + '.zst', 'w').write('somebody')") as other:
        _, report = host.compress()
        assert other.wait(timeout=40) == 0
    assert [outcome["code"] for outcome in report.result["outcomes"]] == ["EEXIST"]
    assert (host.manifest()["a"], (host.root / "a.zst").read_text()) == (before, "somebody")
    assert host.names() == ["a", "a.zst"]


def test_another_file_that_takes_the_name_meanwhile_is_not_deleted(host: PackingHost) -> None:
    """It was not compressed, and has to stay; what was made of the first one goes."""
    path = host.file("a", log_lines(1_000_000))
    swap = "os.rename(path, path + '.aside'); open(path, 'w').write('another')"
    with meanwhile(path, swap) as other:
        _, report = host.compress()
        assert other.wait(timeout=40) == 0
    assert [outcome["code"] for outcome in report.result["outcomes"]] == ["stale"]
    assert (path.read_text(), host.names()) == ("another", ["a", "a.aside"])
