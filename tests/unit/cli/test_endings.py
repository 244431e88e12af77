"""How long a program stays away that ended by itself, and when it is given up."""

from optimizer.cli.stack.endings import Endings, Patience


def test_the_pause_grows_up_to_a_longest_one() -> None:
    """Each ending after a short run doubles the pause, until it is the longest."""
    endings, ends = Endings(Patience()), [float(20 * number) for number in range(1, 9)]
    assert [endings.pause(end - 15, end) for end in ends] == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_long_run_is_a_new_beginning() -> None:
    """A program that ran for a minute is started again as soon as one that ended for the first time."""
    endings = Endings(Patience())
    assert [endings.pause(0, 1), endings.pause(2, 20), endings.pause(22, 82)] == [1, 2, 1]


def test_the_fifth_ending_within_a_minute_is_the_last() -> None:
    """A program is given up that ends five times within a minute, and not one that needs longer for that."""
    at_once, slowly = Endings(Patience()), Endings(Patience())
    assert [at_once.pause(end, end) for end in (0, 1, 3, 7, 15)] == [1, 2, 4, 8, None]
    assert [slowly.pause(end, end) for end in (0, 1, 3, 7, 60)] == [1, 2, 4, 8, 16]
