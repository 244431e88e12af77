"""Three corpora of files with a known answer."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.corpus import PLANS, make_plan
from benchmarks.corpus_plan import Plan, answer_file
from tests.clearing import Host, a_rule


@dataclass(frozen=True)
class Corpus:
    root: Path
    plan: Plan
    answer: Path
    summary: dict[str, Any]


@pytest.fixture(scope="session", params=sorted(PLANS))
def corpus(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    plan = make_plan(request.param, scale=0.05)
    root = tmp_path_factory.mktemp("corpus") / plan.name
    plan.write(root)
    answer = answer_file(root)
    yield Corpus(root, plan, answer, json.loads(answer.read_text())["summary"])
    shutil.rmtree(root)  # some 400 MB together, which pytest would keep for three runs


@pytest.fixture
def demo(tmp_path: Path) -> Callable[..., Host]:
    """A host with such a cache of two files, 40 KiB on disk."""

    def make(script: str = 'rm -rf -- "$0"/*', **facts: Any) -> Host:
        host = Host(tmp_path, a_rule(script, **facts))
        host.folder.mkdir()
        (host.folder / "a").write_bytes(b"x" * 20_000)
        (host.folder / "b").write_bytes(b"x" * 20_000)
        return host

    return make
