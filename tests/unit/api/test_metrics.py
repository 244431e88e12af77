"""What several processes of the API count."""

from pathlib import Path
from typing import cast

from api import metrics
from optimizer.store.vitals import Vitals


def test_a_folder_that_was_cleared_away_is_made_again(tmp_path: Path) -> None:
    """A process that is started again finds its place, and it is private."""
    folder = tmp_path / "counters"
    # Nothing is asked of the store before the first scrape
    metrics.registry(cast("Vitals", None), str(folder))
    assert folder.stat().st_mode & 0o777 == 0o700
