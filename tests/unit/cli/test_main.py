"""The command line itself."""

import pytest

from optimizer.cli.main import main
from optimizer.cli.verbs import RESOURCES
from optimizer.kinds import Resource


def test_every_resource_has_a_worker_verb() -> None:
    """The names that `hro worker` takes are those of the table of kinds."""
    assert tuple(Resource) == RESOURCES


@pytest.mark.parametrize("arguments", [[], ["no-such-verb"], ["worker", "gpu"], ["key"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What the command line does not know ends with code 2 and how it is used."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: hro" in capsys.readouterr().err


def test_an_expected_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An error that the product expects is told in one line, without a trace, and with its exit code."""
    assert main(["key", "new", "--scopes", "root", "--file", "unused"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("hro: 'root' is not a valid Scope")
    assert said.count("\n") == 1
