"""The classes that files are counted in."""

from bisect import bisect_right

import pytest

from optimizer.storage.classes import AGE_CLASSES, AGE_LIMITS, DAY, KIB, MIB, SIZE_CLASSES, SIZE_LIMITS, megabytes


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, "<1KB"),
        (KIB - 1, "<1KB"),
        (KIB, "1KB-1MB"),
        (MIB - 1, "1KB-1MB"),
        (MIB, "1MB-100MB"),
        (100 * MIB - 1, "1MB-100MB"),
        (100 * MIB, ">100MB"),
    ],
)
def test_a_class_of_size_begins_at_its_first_name(size: int, expected: str) -> None:
    """A file of exactly 1 KiB is no longer smaller than one."""
    assert SIZE_CLASSES[bisect_right(SIZE_LIMITS, size)] == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [(-1, "<1 week"), (6.9, "<1 week"), (7, "1 week-1 month"), (30, "1 month-1 year"), (365, ">1 year")],
)
def test_a_class_of_age_begins_at_its_first_name(days: float, expected: str) -> None:
    """What was changed in the future is young."""
    assert AGE_CLASSES[bisect_right(AGE_LIMITS, days * DAY)] == expected


def test_megabytes_are_mebibytes() -> None:
    """As in the fields that clients have always read."""
    assert megabytes(3 * MIB // 2) == 1.5
