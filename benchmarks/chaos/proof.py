"""Shows that the accounting notices: a message taken away is a lost job, a copied one is a doubled job."""

from pathlib import Path


def main(folder: Path) -> int:
    raise NotImplementedError(folder)
