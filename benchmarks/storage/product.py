"""The product as it is measured: on the distribution's Python, as the tools beside it are the distribution's.

A Python that was built from source with its defaults, without --enable-optimizations, takes up to a fifth longer for
the same; what is to be compared are programs, not how they were compiled.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).parents[2]
_DISTRIBUTION = Path("/usr/bin/python3")
_OLDEST = (3, 11)
_ASK = (
    "import json, platform, sys, sysconfig; print(json.dumps([sys.version_info[:2], platform.python_version(), "
    "sysconfig.get_path('purelib')]))"
)
#: What pip would write, for the entry point that pyproject.toml names.
_PROGRAM = "#!{python}\nimport sys\nfrom optimizer.cli.main import run\nsys.exit(run())\n"


class Python(NamedTuple):
    path: Path
    version: str

    def __str__(self) -> str:
        return f"Python {self.version}, {self.path}"


class Product(NamedTuple):
    hro: Path
    python: Python | None  #: None: a program of which nothing is known


def install(home: Path, python: Path | None) -> Product:
    """A program `hro` below `home` that runs this checkout, with that Python or else the distribution's.

    Where that is missing or too old, with the Python of this process.
    """
    chosen = python or (_DISTRIBUTION if _is_new_enough(_DISTRIBUTION) else Path(sys.executable))
    folder = home / "python"
    # `hro dupes` and `hro usage` need the standard library alone, so nothing has to be installed
    subprocess.run([chosen, "-m", "venv", "--without-pip", "--clear", folder], check=True)
    own = folder / "bin/python"
    _, version, packages = _asked(own)
    Path(packages, "hro.pth").write_text(f"{_ROOT}\n")
    program = folder / "bin/hro"
    program.write_text(_PROGRAM.format(python=own))
    program.chmod(0o755)
    return Product(program, Python(chosen, version))


def _is_new_enough(python: Path) -> bool:
    try:
        return tuple(_asked(python)[0]) >= _OLDEST
    except (OSError, subprocess.CalledProcessError):
        return False


def _asked(python: Path) -> tuple[list[int], str, str]:
    said = subprocess.run([python, "-I", "-c", _ASK], stdout=subprocess.PIPE, check=True).stdout
    release, version, packages = json.loads(said)
    return release, version, packages
