"""How full filesystems are."""

import os
from pathlib import Path

from optimizer.storage.filesystems import Space, space_of, spaces


def test_what_is_kept_for_root_is_neither_used_nor_free() -> None:
    """As df shows it to a user."""
    space = Space(total=100 << 30, used=60 << 30, free=20 << 30)
    assert space.to_json() == {"total_gb": 100.0, "used_gb": 60.0, "free_gb": 20.0, "usage_percent": 75.0}


def test_an_empty_pseudo_filesystem_is_not_full() -> None:
    """It has no blocks at all."""
    assert Space(0, 0, 0).percent == 0.0


def test_a_path_tells_its_filesystem(tmp_path: Path) -> None:
    """And one that is not there is left out."""
    path = os.fsencode(tmp_path)
    assert list(spaces([path, path + b"/nothing"])) == [path]
    found = space_of(path)
    assert 0 < found.used + found.free <= found.total
