"""Cold files into compressed ones and back, on a real filesystem with a real journal."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from optimizer.host.journal import State
from optimizer.jobs import Job
from optimizer.plans import Outcome, Plan
from optimizer.storage.hands import Hands
from optimizer.storage.reclaim import undo
from tests.conftest import missing
from tests.fakes.job import Listening
from tests.fakes.submitted import new_job
from tests.packing import OLD, PackingHost, log_lines, noise

#: user::rw-, user:4242:r--, group::r--, mask::r--, other::---, as the kernel keeps an ACL; see linux/posix_acl_xattr.h
ACL = bytes.fromhex("0200000001000600ffffffff020004009210000004000400ffffffff10000400ffffffff20000000ffffffff")


@pytest.fixture
def host(tmp_path: Path) -> PackingHost:
    return PackingHost(tmp_path)


@pytest.mark.parametrize("algorithm", ["zstd", "gzip"])
def test_undo_brings_back_an_identical_manifest(host: PackingHost, algorithm: str) -> None:
    """Path, owner, mode, attributes, ACL, times and content; odd names included."""
    for name in ("a", "deep/er/b b", "line\nbreak", "-rf", os.fsdecode(b"latin-\xe9"), "'; rm -rf $HOME '"):
        os.setxattr(path := host.file(name), "user.note", b"any\0\xff")
        os.utime(path, ns=(OLD, OLD + 1))
    os.setxattr(host.file("acl"), "system.posix_acl_access", ACL)
    host.file("larger than a piece", log_lines(60_000))
    if os.geteuid() == 0:
        os.chown(path := host.file("others"), 4242, 4343)
        path.chmod(0o4644)
    before = host.manifest()
    job, report = host.compress(algorithm=algorithm)
    assert (report.result["files_compressed"], report.result["skipped"]) == (len(before), {})
    assert {name.rpartition(".")[2] for name in host.names()} == {{"zstd": "zst", "gzip": "gz"}[algorithm]}
    assert host.undo(job).result["files_restored"] == len(before)
    assert host.manifest() == before
    assert host.journal.verify().broken_at is None


def test_the_compressed_file_has_what_the_original_had(host: PackingHost) -> None:
    """Owner, mode, attributes and times: who may read the one may read the other, and it is as old."""
    os.setxattr(host.file("a"), "system.posix_acl_access", ACL)
    *before, _, _ = host.manifest()["a"]
    host.compress()
    *after, _, _ = host.manifest()["a.zst"]
    assert after == before


def test_tools_read_what_was_written(host: PackingHost) -> None:
    """Such as gzip's own."""
    content = host.file("a").read_bytes()
    host.compress(algorithm="gzip")
    assert subprocess.run(["gzip", "-cd", host.root / "a.gz"], capture_output=True, check=True).stdout == content


def test_space_is_free_at_once_and_proven(host: PackingHost) -> None:
    """By the blocks of both files, and by what the filesystem shows."""
    path = host.file("a", log_lines(60_000))
    allocated = path.stat().st_blocks * 512
    _, report = host.compress()
    freed = allocated - (host.root / "a.zst").stat().st_blocks * 512
    assert report.result["proof"]["accounted_bytes"] == freed
    assert freed > allocated // 2


def test_a_dry_run_touches_nothing_and_plans_the_same(host: PackingHost) -> None:
    """No file, no access time, no folder of ours."""
    host.file("a")
    before = host.manifest()
    _, planned = host.compress(dry_run=True)
    assert (host.manifest(), host.names()) == (before, ["a"])
    assert not (host.root / ".hro-quarantine").exists()
    _, applied = host.compress()
    assert planned.plan is not None
    assert applied.plan is not None
    assert [(a.target, a.claimed_bytes) for a in planned.plan.actions] == [
        (a.target, a.claimed_bytes) for a in applied.plan.actions
    ]


def test_what_is_to_be_compressed_and_what_is_to_be_kept(host: PackingHost) -> None:
    """A tree of both; the plan says of each that stays why."""
    meant = {str(host.file(name)) for name in ("report.csv", "folder/dump.sql", "no suffix")}
    host.file("noise", noise(50_000))
    host.file("image", b"\x89PNG\r\n\x1a\n" + log_lines(400))
    host.file("archive.zip")
    host.file("program", b"\x7fELF" + log_lines(400))
    host.file("script").chmod(0o750)
    host.file("app.db")
    host.file("unnamed database", b"SQLite format 3\0" + log_lines(400))
    host.file("small", b"x" * 4000)
    host.file("var/lib/dpkg/status")
    host.file(".git/packed-refs")
    host.file("taken")
    host.file("taken.zst")
    os.link(host.file("linked"), host.root / "linked too")
    with host.file("holes").open("r+b") as file:
        file.truncate(1 << 20)
    (host.root / "link").symlink_to(host.root / "report.csv")
    before = host.manifest()
    _, report = host.compress(dry_run=True)
    assert report.plan is not None
    assert {action.target["path"] for action in report.plan.actions} == meant
    assert host.manifest() == before
    reasons = {note.rpartition(": ")[2] for note in report.plan.notes}
    assert reasons == {
        "compressing would save less than 5 % of it.",
        "it is compressed already.",
        "it is a program or a library.",
        "it is a database, a journal or swap space.",
        "it looks like a lock, a socket, a database or a part of a repository.",
        "it belongs to a package manager or a container engine.",
        "its compressed name is taken.",
        "it has another name, and nothing would be free.",
        "it has holes, or its filesystem compresses it.",
    }


def written(path: Path) -> None:
    path.write_text("changed")


def replaced(path: Path) -> None:
    path.rename(path.with_name("aside"))
    path.write_text("another")


def linked(path: Path) -> None:
    os.link(path, path.with_name("another name"))


def read(path: Path) -> None:
    os.utime(path, ns=(2**62, path.stat().st_mtime_ns))


def taken(path: Path) -> None:
    path.with_name("a.zst").write_text("somebody's")


CHANGES = [written, replaced, linked, read, taken, Path.unlink]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_whose_ground_has_shifted_is_left_alone(host: PackingHost, change: Callable[[Path], None]) -> None:
    """Between the plan and its action; the reason is told, and the rest is done."""
    path = host.file("a", log_lines(3000))  # frees more than b, and comes first
    host.file("b")
    job, plan = planned(host)
    change(path)
    expected = {name: found for name, found in host.manifest().items() if name != "b"}
    outcomes = applied(host, job, plan)
    assert [outcome.status.value for outcome in outcomes] == ["skipped", "done"], outcomes
    assert outcomes[0].reason
    assert {name: found for name, found in host.manifest().items() if name != "b.zst"} == expected


def planned(host: PackingHost) -> tuple[Job, Plan]:
    job, handler = host.job(), host.handler()
    return job, handler.plan(job, handler.analyze(job, Listening()))


def applied(host: PackingHost, job: Job, plan: Plan) -> list[Outcome]:
    hands = Hands(host.roots, host.journal)
    with hands.hold(job, plan, 1):
        return [hands.apply(action, Listening()) for action in plan.actions]


#: Waits until a lease is held on a file, which the kernel tells of in /proc/locks, and then does something with it
MEANWHILE = """
import os, sys
path, what = sys.argv[1:]
inode = f":{os.stat(path).st_ino} "
print("ready", flush=True)
while not any("LEASE" in line and inode in line for line in open("/proc/locks")):
    pass
exec(what)
"""


def meanwhile(path: Path, what: str) -> "subprocess.Popen[str]":
    """Another process, once it is ready."""
    command = [sys.executable, "-c", MEANWHILE, str(path), what]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


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


@pytest.mark.parametrize("change", ["compressed file changed", "compressed file gone", "name taken"])
def test_an_undo_that_would_lose_something_is_refused(host: PackingHost, change: str) -> None:
    """Both files stay as they are."""
    path = host.file("a")
    job, _ = host.compress()
    packed = host.root / "a.zst"
    if change == "compressed file changed":
        packed.write_bytes(packed.read_bytes())
    elif change == "compressed file gone":
        packed.unlink()
    else:
        path.write_text("new")
    before = host.manifest()
    result = host.undo(job).result
    assert (result["files_restored"], result["files_left"], host.manifest()) == (0, 1, before)


def test_a_compressed_file_that_was_damaged_is_not_handed_back(host: PackingHost) -> None:
    """The disk changed its bytes, and no time of it: the digest tells."""
    host.file("a", log_lines(3000))
    job, _ = host.compress()
    packed = host.root / "a.zst"
    entry = host.journal.entry(job.optimization_id, 0)
    assert entry is not None
    damaged = bytearray(packed.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    packed.write_bytes(damaged)
    os.utime(packed, ns=(OLD, entry.facts["moved"]["mtime_ns"]))
    moved = {**entry.facts["moved"], "ctime_ns": packed.stat().st_ctime_ns}
    host.journal.note(job.optimization_id, 0, State.REPLACED, moved=moved)
    result = host.undo(job).result
    assert (result["outcomes"][0]["code"], host.names()) == ("corrupt", ["a.zst"])


def test_what_a_job_without_rights_cannot_keep_it_does_not_change(host: PackingHost) -> None:
    """A file of another user whose owner we could not put on the new one stays."""
    if os.geteuid() != 0:
        missing("the right to act as another user")
    path = host.file("a")
    os.chown(path, 4242, 4242)
    path.chmod(0o644)
    before = host.manifest()
    program = (
        "import os, sys; from pathlib import Path; from tests.packing import *\n"
        "host = PackingHost(Path(sys.argv[1])); print(host.compress()[1].result['notes'])"
    )
    for folder in (host.root, *host.root.parents):
        folder.chmod(folder.stat().st_mode | 0o011)
    state = host.root.parent / "state"
    state.mkdir(exist_ok=True)
    for folder in (host.root, state):
        os.chown(folder, 4343, 4343)
    command = ["setpriv", "--reuid=4343", "--regid=4343", "--clear-groups", sys.executable, "-c", program]
    run = subprocess.run([*command, str(host.root.parent)], capture_output=True, text=True, check=False)
    assert "it belongs to another user" in run.stdout, run.stderr
    assert host.manifest() == before


# --- ends in the middle -------------------------------------------------------------------------------------


def dies_at(step: int, does: Callable[[], object]) -> bool:
    """Do something in a child that is killed at a step of it: at the so-manyeth call that Python audits.

    Files that are opened, linked, given attributes, deleted are such calls. Whether it came that far.
    """
    child = os.fork()
    if child == 0:
        left = step

        def count(_event: str, _arguments: tuple[object, ...]) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        does()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def settle(host: PackingHost) -> None:
    """What the next changing job does first, whatever it is."""
    with Hands(host.roots, host.journal).hold(new_job("optimize_temp"), Plan(), 1):
        pass


def test_a_job_killed_at_each_of_its_steps_loses_nothing(host: PackingHost) -> None:
    """After each there is the original or what was made of it, never both or none, and undo leads back to the start."""
    host.file("a")
    before = host.manifest()
    step, ends = 1, set()
    while True:
        job, plan = planned(host)
        died = dies_at(step, lambda job=job, plan=plan: applied(host, job, plan))  # type: ignore[misc]  # defaults bind
        settle(host)
        assert host.names() in (["a"], ["a.zst"]), step
        ends.add(host.names()[0])
        if host.names() == ["a.zst"]:
            assert host.undo(job).result["files_restored"] == 1
        assert host.manifest() == before
        if not died:
            break
        step += 1
    assert ends == {"a", "a.zst"}
    assert not any(host.journal.in_state(state) for state in (State.INTENDED, State.RESTORING, State.QUARANTINED))


def test_an_undo_killed_at_each_of_its_steps_loses_nothing(host: PackingHost) -> None:
    """It is as if it had not begun, or done; and can be asked for again."""
    host.file("a")
    before = host.manifest()
    step, died, ends = 1, True, set()
    while died:
        job, plan = planned(host)
        applied(host, job, plan)
        asked, handler = new_job("undo", optimization_id=job.optimization_id), undo(Hands(host.roots, host.journal))
        plan = handler.plan(asked, handler.analyze(asked, Listening()))
        died = dies_at(step, lambda asked=asked, plan=plan: applied(host, asked, plan))  # type: ignore[misc]  # as above
        settle(host)
        assert host.names() in (["a"], ["a.zst"]), step
        ends.add(host.names()[0])
        if host.names() == ["a.zst"]:
            assert host.undo(job).result["files_restored"] == 1
        assert host.manifest() == before
        step += 1
    assert ends == {"a", "a.zst"}


PROGRAM = (
    "import sys; from pathlib import Path; from tests.packing import *\n"
    "host = PackingHost(Path(sys.argv[1])); print('go', flush=True); host.compress()"
)


def test_a_job_killed_at_any_moment_leaves_every_file_whole(host: PackingHost, tmp_path: Path) -> None:
    """Twenty jobs, one after the other; undoing all that they did leads back to the start."""
    for number in range(240):
        host.file(f"f{number:03}", log_lines(300 + number))
    before, random = host.manifest(), Random(5)
    for _ in range(20):
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, tmp_path], cwd=Path(__file__).parents[3], stdout=subprocess.PIPE
        ) as killed:
            assert killed.stdout is not None
            killed.stdout.readline()
            with suppress(subprocess.TimeoutExpired):
                killed.wait(timeout=0.1 + random.random() * 0.08)
            killed.kill()
    settle(host)
    done = host.journal.in_state(State.REPLACED)
    assert sorted(name.removesuffix(".zst") for name in host.names()) == sorted(before)
    assert len(done) == sum(name.endswith(".zst") for name in host.names())
    for optimization_id in {entry.optimization_id for entry in done}:
        host.undo(new_job().model_copy(update={"optimization_id": optimization_id}))
    assert host.manifest() == before
