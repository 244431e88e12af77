"""Figures as text that stands in columns. Pure."""

from collections.abc import Mapping, Sequence

_EIGHTHS = " ▏▎▍▌▋▊▉"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """The first row is the header; the first column is text, flush left, and the others are flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return lines


def bars(values: Mapping[str, float], width: int = 40) -> list[str]:
    """A line each; the largest value's bar is `width` characters long."""
    longest = max(values.values(), default=0.0)
    name_width = max(map(len, values), default=0)
    return [
        f"{name.ljust(name_width)}  {bar(value / longest if longest else 0, width)}" for name, value in values.items()
    ]


def bar(share: float, width: int) -> str:
    """To an eighth of a character; what is there at all is seen."""
    eighths = max(1, round(share * width * 8))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
