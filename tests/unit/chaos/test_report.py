"""The picture of a run's time."""

from benchmarks.chaos.report import picture


def test_a_column_counts_what_happened_in_its_stretch_of_time() -> None:
    """Nothing is a dot, and more than nine is a plus; what comes later than the end stands in the last column."""
    lines = picture({"kill worker": [0, 0.5, 9.9], "> lost": [5.0] * 12, "none": []}, 10, width=10)
    assert lines == [
        "kill worker |2········1|",
        "> lost      |·····+····|",
        "none        |··········|",
        "seconds     |0       10|",
    ]
    assert picture({"late": [11.0]}, 10, width=4)[0] == "late    |···1|"
