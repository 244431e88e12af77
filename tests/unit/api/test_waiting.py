"""How long a caller would wait."""

import pytest

from api.waiting import DEFAULT_SECONDS, LONGEST_SECONDS, preferred_seconds
from optimizer.errors import InvalidRequestError


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, DEFAULT_SECONDS),
        ("respond-async", 0),
        ("respond-async, wait=5", 0),
        ("wait=5", 5),
        ("Wait = 5", 5),
        ("handling=strict", DEFAULT_SECONDS),
        ("wait=9999", LONGEST_SECONDS),
        ("wait=0", 0),
    ],
)
def test_the_prefer_header_says_how_long_to_wait(prefer: str | None, seconds: int) -> None:
    """RFC 7240: preferences that are not known are passed over."""
    assert preferred_seconds(prefer) == seconds


@pytest.mark.parametrize("prefer", ["wait", "wait=", "wait=-1", "wait=soon"])
def test_a_wait_that_is_no_number_is_an_error(prefer: str) -> None:
    """It is not taken for the default."""
    with pytest.raises(InvalidRequestError):
        preferred_seconds(prefer)
