"""Analysis and duplicates of the corpora are exactly what was put into them."""

import base64
import os
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.corpus import check
from benchmarks.corpus_plan import escaped
from optimizer.hashing.local_cache import LocalHashCache, NullHashCache
from optimizer.host.clock import SystemClock
from optimizer.host.meter import NoProgress
from optimizer.ports import HashCache
from optimizer.storage.duplicates.find import find_duplicates
from optimizer.storage.usage import measure_usage
from optimizer.storage.usage_report import usage_json
from tests.fakes.clock import FakeClock
from tests.integration.storage.conftest import Corpus
from tests.trees import opened


def duplicates(root: Path, cache: HashCache | None = None) -> Any:
    with opened(root) as tree:
        return find_duplicates([tree], cache or NullHashCache(), NoProgress()).to_json()


def usage(root: Path) -> Any:
    with opened(root) as tree:
        return usage_json(measure_usage([tree], NoProgress(), now=SystemClock().now().timestamp()))


def exact(file: dict[str, Any]) -> bytes:
    return base64.b64decode(file["path_bytes"]) if "path_bytes" in file else str(file["path"]).encode()


def relative_groups(found: Any, root: Path) -> list[list[str]]:
    prefix = os.fsencode(root) + b"/"
    return [[escaped(exact(file).removeprefix(prefix)) for file in group["files"]] for group in found["groups"]]


def test_the_duplicates_are_those_of_the_answer(corpus: Corpus) -> None:
    """Every group and no other, with every copy under all its names, and what they waste."""
    found = duplicates(corpus.root)
    groups = relative_groups(found, corpus.root)
    assert check(corpus.answer, groups) == []
    with_links = sorted(sorted(map(escaped, group)) for group in corpus.plan.groups(links=True))
    assert sorted(sorted(group) for group in groups) == with_links
    assert found["reclaimable_bytes"] == corpus.summary["redundant_bytes"]
    assert sum(group["copies"] - 1 for group in found["groups"]) == corpus.summary["redundant_files"]
    assert (found["errors"], found["changed"]) == ([], [])


def test_the_cache_changes_no_answer(corpus: Corpus, tmp_path: Path) -> None:
    """The same groups in the same order, and hardly a byte is read."""
    clock = FakeClock(SystemClock().now())
    clock.move(3600)  # as if the corpus had been there for an hour, so that it may be cached
    cache = LocalHashCache(tmp_path / "digests.db", ttl_seconds=3600, room=100_000_000, clock=clock)
    first, second = duplicates(corpus.root, cache), duplicates(corpus.root, cache)
    assert first["groups"] == second["groups"]
    assert second["bytes_read"] < first["bytes_read"] / 10
    assert second["cache"]["hits"] > 0


def test_the_digests_are_those_of_sha256sum(corpus: Corpus) -> None:
    """Another program says the same of the ten groups that waste most."""
    for group in duplicates(corpus.root)["groups"][:10]:
        path = exact(group["files"][-1])
        said = subprocess.run([b"sha256sum", b"-z", b"--", path], capture_output=True, check=True).stdout
        assert said.split()[0].decode() == group["digest"]


def test_the_usage_is_what_was_written(corpus: Corpus) -> None:
    """Files, links and empty ones, and the bytes of each inode once."""
    found, known = usage(corpus.root), corpus.summary
    counted = (found["unique_files"], found["hard_links"], found["symlinks"], found["empty_files"])
    assert counted == (known["inodes"], known["hardlinks"], known["symlinks"], known["empty"])
    assert found["total_size_bytes"] == known["bytes"]


def test_du_and_find_say_the_same(corpus: Corpus) -> None:
    """Bytes on disk as `du` counts them, the names of files, folders and links as `find` does."""
    found = usage(corpus.root)
    assert found["disk_usage_bytes"] == du(corpus.root)
    assert found["total_size_bytes"] == sum(find_sizes(corpus.root).values())
    kinds = {"f": "total_files", "d": "directories_scanned", "l": "symlinks"}
    assert {kind: find_count(corpus.root, kind) for kind in kinds} == {
        kind: found[name] for kind, name in kinds.items()
    }


def test_du_says_the_same_of_the_folders(corpus: Corpus) -> None:
    """Each folder right below, with all that is below it."""
    for row in usage(corpus.root)["by_directory"][:10]:
        # A hard link counts where it is met first, and du meets the names in another order
        if not find_links(Path(row["path"])):
            assert row["allocated_bytes"] == du(Path(row["path"]))


def du(root: Path) -> int:
    said = subprocess.run(["du", "-s", "--block-size=1", root], capture_output=True, text=True, check=True)
    return int(said.stdout.split()[0])


def find_count(root: Path, kind: str) -> int:
    said = subprocess.run(["find", root, "-type", kind, "-printf", "x"], capture_output=True, check=True)
    return len(said.stdout)


def find_sizes(root: Path) -> dict[int, int]:
    said = subprocess.run(["find", root, "-type", "f", "-printf", "%i %s\n"], capture_output=True, check=True)
    lines = (line.split() for line in said.stdout.splitlines())
    return {int(inode): int(size) for inode, size in lines}


def find_links(root: Path) -> bool:
    said = subprocess.run(["find", root, "-type", "f", "-links", "+1", "-print"], capture_output=True, check=True)
    return bool(said.stdout)
