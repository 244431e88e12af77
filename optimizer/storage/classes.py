"""The classes of size and age that files are counted in, and how sizes are rounded for people. Pure."""

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
DAY = 86_400

#: Each class begins where the one before it ends: at 1 KiB, 1 MiB and 100 MiB.
SIZE_CLASSES = ("<1KB", "1KB-1MB", "1MB-100MB", ">100MB")
SIZE_LIMITS = (KIB, MIB, 100 * MIB)

#: By the time of the last change of the content: 7, 30 and 365 days.
AGE_CLASSES = ("<1 week", "1 week-1 month", "1 month-1 year", ">1 year")
AGE_LIMITS = (7 * DAY, 30 * DAY, 365 * DAY)


def megabytes(size: int) -> float:
    """Bytes as MiB, which the fields `…_mb` have always held."""
    return round(size / MIB, 2)


def gigabytes(size: int) -> float:
    return round(size / GIB, 2)
