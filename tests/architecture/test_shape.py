"""Habits that no other tool watches."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from optimizer.kinds import KINDS

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for package in ("optimizer", "workers", "api") for path in (ROOT / package).rglob("*.py"))
#: The longest a module and a function may be; most are far shorter
MODULE_LINES, FUNCTION_LINES = 300, 50


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef))


def length(function: ast.FunctionDef) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_module_is_read_in_one_sitting(path: Path) -> None:
    """So is each of its functions."""
    assert len(path.read_text().splitlines()) <= MODULE_LINES
    assert [f.name for f in functions(path) if length(f) > FUNCTION_LINES] == []


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_module_says_what_it_is(path: Path) -> None:
    """In its first line; and none is called utils."""
    assert ast.get_docstring(ast.parse(path.read_text()))
    assert path.stem not in ("utils", "util", "helpers", "common", "misc")


def test_a_task_is_one_line() -> None:
    """What a job does stands in its room; what every task does, in the base class."""
    bodies = [
        [node for node in function.body if not _is_docstring(node)] for function in functions(ROOT / "workers/tasks.py")
    ]
    assert max(map(len, bodies)) == 1


@pytest.mark.parametrize("path", sorted((ROOT / "api/blueprints").glob("*.py")), ids=name)
def test_a_route_is_under_ten_lines(path: Path) -> None:
    """It validates nothing and decides nothing; it hands over."""
    routes = [
        function for function in functions(path) if any("described" in ast.dump(d) for d in function.decorator_list)
    ]
    assert [route.name for route in routes if length(route) >= 12] == []  # ten, and the lines of its signature


def test_celery_settings_are_constants() -> None:
    """Nothing in celeryconfig.py depends on a machine: no import of ours, no call."""
    tree = ast.parse((ROOT / "celeryconfig.py").read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in imports] == ["from typing import Any"]
    assert not any(isinstance(node, ast.Call) for node in ast.walk(tree))


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_task_is_called_by_its_name(path: Path) -> None:
    """Names of tasks come from the table of kinds."""
    texts = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
    assert not texts & {kind.task_name for kind in KINDS.values()}


def test_every_module_can_be_imported_anywhere() -> None:
    """With an empty environment and no network: importing does nothing but define. The two entries are programs."""
    entries = ("api.wsgi", "workers.app", "optimizer.cli.stack.with_parent")
    modules = [name(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in SOURCES]
    program = (
        "import importlib, socket, sys\n"
        "def refuse(*_, **__): raise AssertionError('an import opened a connection')\n"
        "socket.socket.connect = refuse\n"
        "for module in sys.argv[1:]: importlib.import_module(module)\n"
    )
    subprocess.run(
        [sys.executable, "-c", program, *(module for module in modules if module not in entries)],
        env={}, cwd=ROOT, check=True,
    )  # fmt: skip


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
