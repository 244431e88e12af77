"""`hro dupes` and `hro usage`, as people and scripts run them."""

import base64
import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.trees import make

HRO = (sys.executable, "-m", "optimizer.cli.main")


def hro(*arguments: str | Path | bytes, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*HRO, *arguments], capture_output=True, text=True, check=False, cwd=folder)


def answer(*arguments: str | Path | bytes) -> Any:
    run = hro(*arguments)
    assert (run.returncode, run.stderr) == (0, "")
    return json.loads(run.stdout)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make(tmp_path / "tree", {"a": b"same", "sub/b": b"same", "c": b"else", "empty": b"", "link": "a"})


def test_duplicates_as_json(tree: Path) -> None:
    """Groups with digest, size and the path of each file, what could be saved, and what could not be read."""
    found = answer("dupes", "--json", tree)
    (group,) = found["groups"]
    assert group["digest"] == "0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5"
    assert (group["size"], [file["path"] for file in group["files"]]) == (4, [str(tree / "a"), str(tree / "sub/b")])
    assert (found["reclaimable_bytes"], found["errors"]) == (4, [])


def test_without_digests_larger_files_have_none(tmp_path: Path) -> None:
    """They are compared byte for byte all the same."""
    make(tmp_path, {"a": b"x" * 20_000, "b": b"x" * 20_000, "c": b"x" * 19_999 + b"y", "d": b"same", "e": b"same"})
    larger, small = answer("dupes", "--json", "--no-digest", tmp_path)["groups"]
    assert (larger["digest"], [file["path"] for file in larger["files"]]) == (
        None, [str(tmp_path / "a"), str(tmp_path / "b")],
    )  # fmt: skip
    assert small["digest"] == "0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5"
    assert (
        "2 copies of 19.5 KiB, 19.5 KiB reclaimable, equal byte for byte\n"
        in hro("dupes", "--no-digest", tmp_path).stdout
    )


def test_a_second_search_through_the_cache_reads_nothing(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is this user's alone; the answer for people and the one for programs are the same as without."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tree.parent))
    time.sleep(2.1)  # a digest is kept once the last change of its file is two seconds ago
    first, second = (answer("dupes", "--json", "--cache", tree) for _ in range(2))
    assert (first["groups"], first["bytes_read"], second["bytes_read"]) == (second["groups"], 12, 0)
    assert second["cache"] == {"hits": 3, "misses": 0, "hit_rate": 1.0}
    assert hro("dupes", "--cache", tree).stdout == hro("dupes", tree).stdout
    assert ((tree.parent / "hro").stat().st_mode & 0o777, (tree.parent / "hro/digests.db").stat().st_mode & 0o777) == (
        0o700, 0o600,
    )  # fmt: skip


def test_digests_are_kept_or_left_out(tree: Path) -> None:
    """Both at once make no sense, which is said before anything is read."""
    run = hro("dupes", "--cache", "--no-digest", tree)
    assert (run.returncode, run.stderr.splitlines()[-1]) == (
        2, "hro dupes: error: --cache keeps digests, and --no-digest makes none: leave one out",
    )  # fmt: skip


def test_a_cache_that_fails_is_told(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On standard error for people, in the answer for programs; the answer is right."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tree / "a"))
    found = json.loads(hro("dupes", "--json", "--cache", tree).stdout)
    assert (len(found["groups"]), len(found["cache"]["errors"])) == (1, 1)
    assert hro("dupes", "--cache", tree).stderr.startswith("hro dupes: the cache failed: ")


def test_usage_as_json(tree: Path) -> None:
    """The analysis, as the service gives it."""
    found = answer("usage", "--json", tree)
    assert (found["path"], found["total_files"], found["total_size_bytes"]) == (str(tree), 4, 12)
    assert (found["symlinks"], found["empty_files"], found["errors"]) == (1, 1, [])


def test_only_the_standard_library_is_imported(tree: Path) -> None:
    """The answer is there before a library for servers would even be read."""
    program = (
        "import sys\n"
        "from optimizer.cli.main import main\n"
        "for verb in ('dupes', 'usage'):\n"
        "    main([verb, '--json', sys.argv[1]])\n"
        "    main([verb, sys.argv[1]])\n"
        "known = {*sys.stdlib_module_names, '__main__', 'optimizer'}\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} - known), file=sys.stderr)\n"
    )
    # -S: what an installed package adds to every Python at its start is none of ours
    run = subprocess.run(
        [sys.executable, "-S", "-c", program, tree],
        capture_output=True, text=True, check=True, env={"PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    assert run.stderr == "[]\n"


def test_people_get_text(tree: Path) -> None:
    """The groups and their sum; the totals and tables."""
    dupes, usage = hro("dupes", tree), hro("usage", tree)
    assert (dupes.returncode, usage.returncode, dupes.stderr + usage.stderr) == (0, 0, "")
    assert dupes.stdout.startswith("2 copies of 4 B, 4 B reclaimable, sha256 0967115f2813a354\n")
    assert "1 groups, 1 redundant copies, 4 B reclaimable of 12 B in 4 files" in dupes.stdout
    assert f"{tree}: " in usage.stdout
    assert "Largest folders:" in usage.stdout


def test_no_name_can_command_the_terminal(tmp_path: Path) -> None:
    """Escape sequences are shown, not obeyed."""
    make(tmp_path, {"\x1b[2J\n1": b"same", "\x1b[2J\n2": b"same"})
    for verb in ("dupes", "usage"):
        shown = hro(verb, tmp_path).stdout
        assert "\x1b" not in shown
        assert "/\\x1b[2J\\n1\n" in shown


def test_a_terminal_of_another_encoding_is_no_reason_to_fail(tmp_path: Path) -> None:
    """What it cannot show is escaped."""
    make(tmp_path, {"grün": b"same", "grau": b"same"})
    run = subprocess.run([*HRO, "dupes", tmp_path], capture_output=True, check=True, env={"PYTHONIOENCODING": "ascii"})
    assert b"gr\\xfcn\n" in run.stdout


def test_odd_names_are_exact_in_json(tmp_path: Path) -> None:
    """Readable in `path`, and byte for byte in `path_bytes`; also in what was asked for."""
    folder = os.fsencode(tmp_path) + b"/\xff"
    os.mkdir(folder)  # noqa: PTH102 - bytes
    make(Path(os.fsdecode(folder)), {"a": b"same", "b": b"same"})
    (group,) = answer("dupes", "--json", folder)["groups"]
    assert [base64.b64decode(file["path_bytes"]) for file in group["files"]] == [folder + b"/a", folder + b"/b"]
    assert answer("usage", "--json", folder)["path_bytes"] == base64.b64encode(folder).decode()


def test_several_folders_are_one_question(tree: Path) -> None:
    """A copy in each is a group; one folder inside another is counted once, and that is said."""
    groups = answer("dupes", "--json", tree / "sub", tree / "a")["groups"]
    assert [file["path"] for file in groups[0]["files"]] == [str(tree / "a"), str(tree / "sub/b")]
    nested = hro("usage", "--json", tree, tree / "sub")
    found = json.loads(nested.stdout)
    assert (found["total_files"], [row["path"] for row in found["trees"]]) == (4, [str(tree)])
    assert "lies inside another one" in nested.stderr


def test_paths_are_shown_as_they_were_asked_for(tree: Path) -> None:
    """Relative ones stay relative; a link is followed where it is what was asked for."""
    run = hro("dupes", "--json", "sub", "./link", folder=tree)
    (group,) = json.loads(run.stdout)["groups"]
    assert [file["path"] for file in group["files"]] == ["./link", "sub/b"]


@pytest.mark.parametrize("verb", ["dupes", "usage"])
def test_a_missing_folder_is_exit_code_1(tree: Path, verb: str) -> None:
    """The message names it, and nothing is printed that looks like an answer."""
    run = hro(verb, "--json", tree, tree / "missing")
    assert (run.returncode, run.stdout, run.stderr) == (1, "", f"hro {verb}: {tree}/missing does not exist\n")


@pytest.mark.parametrize("arguments", [[], ["--json"], ["--unknown", "/"]])
@pytest.mark.parametrize("verb", ["dupes", "usage"])
def test_wrong_usage_is_exit_code_2(verb: str, arguments: list[str]) -> None:
    """With a line that shows the right one."""
    run = hro(verb, *arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert f"usage: hro {verb}" in run.stderr


@pytest.mark.parametrize("verb", ["dupes", "usage"])
def test_help_is_exit_code_0(verb: str) -> None:
    """It was asked for."""
    run = hro(verb, "--help")
    assert (run.returncode, run.stderr) == (0, "")
    assert "--json" in run.stdout


@pytest.mark.parametrize(("verb", "open_files"), [("dupes", 18), ("usage", 16)])
def test_an_answer_in_part_is_exit_code_3(tmp_path: Path, verb: str, open_files: int) -> None:
    """The answer is there, and so is what it lacks: here, too few files may be open to enter every folder."""
    folder = tmp_path
    for _ in range(60):
        make(folder, {"deep/file": b"same", "last/file": b"same"})
        folder /= "deep"
    limited: list[str | Path] = ["sh", "-c", f'ulimit -n {open_files}; exec "$@"', "sh", *HRO, verb, tmp_path]
    as_json = subprocess.run([*limited, "--json"], capture_output=True, text=True, check=False)
    as_text = subprocess.run(limited, capture_output=True, text=True, check=False)
    found = json.loads(as_json.stdout)
    assert (as_json.returncode, as_text.returncode) == (3, 3)
    assert 0 < found["files_scanned"] < 120
    assert [error["error"] for error in found["errors"]] == ["Too many open files"] * found["error_count"]
    assert as_text.stderr.count("Too many open files") == found["error_count"]


def test_progress_is_for_terminals_only(tree: Path) -> None:
    """On standard error, if somebody can see it there; it leaves nothing behind."""
    ours, theirs = pty.openpty()
    run = subprocess.run([*HRO, "usage", "--json", tree], stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "\rlooking at: " in shown.replace("\x1b[K", "")
    assert shown.endswith("\r\x1b[K")
    assert json.loads(run.stdout)["total_files"] == 4


def test_a_reader_that_goes_away_is_no_accident(tree: Path) -> None:
    """As with `hro … | head`."""
    make(tree, {f"{number}/{copy}": b"%d" % number * 2000 for number in range(500) for copy in "ab"})
    run = subprocess.Popen([*HRO, "dupes", tree], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.stdout is not None
    run.stdout.close()
    _, errors = run.communicate()
    assert (run.returncode, errors) == (1, b"")
