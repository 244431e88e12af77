"""Exit codes."""

import pytest

from optimizer import errors
from optimizer.cli import errors as cli_errors
from optimizer.cli.errors import Exit, exit_code
from optimizer.errors import HroError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.SettingsError(), Exit.USAGE),
        (errors.InvalidRequestError(), Exit.USAGE),
        (errors.PathForbiddenError(), Exit.REFUSED),
        (errors.StoreUnavailableError(), Exit.UNREACHABLE),
        (errors.InternalError(), Exit.FAILED),
        (cli_errors.UsageError(), Exit.USAGE),
        (cli_errors.RefusedError(), Exit.REFUSED),
        (cli_errors.ServiceUnreachableError(), Exit.UNREACHABLE),
        (cli_errors.RequestFailedError(), Exit.FAILED),
        (cli_errors.ProgramEndedError(), Exit.FAILED),
    ],
)
def test_each_error_has_its_exit_code(error: HroError, code: Exit) -> None:
    """Wrong usage is 2, a refusal 4, a service out of reach 5, everything else 1."""
    assert exit_code(error) is code


def test_the_codes_are_those_of_the_documentation() -> None:
    """The numbers are a contract with scripts."""
    numbers = {"DONE": 0, "FAILED": 1, "USAGE": 2, "PARTIAL": 3, "REFUSED": 4, "UNREACHABLE": 5}
    assert {code.name: code.value for code in Exit} == numbers
