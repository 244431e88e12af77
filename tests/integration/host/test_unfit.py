"""Folders that are never given over to changes."""

import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from optimizer.errors import SettingsError
from optimizer.host.unfit import require_fit
from tests.conftest import missing

NOT_MOUNTED = 99


@pytest.mark.parametrize("root", ["/", "/home", "/etc", "/usr/share", "/var", "/var/lib", "/proc/self", "/dev/shm/x"])
def test_a_folder_whose_loss_takes_the_host_down_is_refused(root: str) -> None:
    """By its name; the error names the setting and what to do."""
    with pytest.raises(SettingsError, match=rf"^HRO_ROOTS: {root} .*name a folder inside it instead"):
        require_fit([Path(root)])


def test_a_home_is_refused_and_a_folder_in_it_is_not() -> None:
    """Whoever cleans a whole home by mistake loses more than space."""
    home = Path(pwd.getpwuid(0).pw_dir)
    with pytest.raises(SettingsError, match="home"):
        require_fit([home])
    require_fit([home / "downloads"])


def test_a_link_to_such_a_folder_is_refused(tmp_path: Path) -> None:
    """What a root really is counts."""
    (tmp_path / "link").symlink_to("/etc")
    with pytest.raises(SettingsError, match="belongs to the system"):
        require_fit([tmp_path / "link"])
    require_fit([tmp_path])


def test_the_root_of_a_filesystem_is_refused_and_a_folder_in_it_is_not(tmp_path: Path) -> None:
    """A bind mount of one folder, as a container has it, is no root of a filesystem."""
    program = (
        "mount -t tmpfs none $1 && mkdir $1/inside $1/bound && mount --bind $1/inside $1/bound || exit 99\n"
        'exec "$2" -c "import sys; from optimizer.host.unfit import require_fit\n'
        "for name in ('inside', 'bound', ''):\n"
        "    try: require_fit([sys.argv[1] + '/' + name]); print('fit')\n"
        '    except Exception as error: print(error.message)" $1'
    )
    run = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", program, "sh", tmp_path, sys.executable],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if run.returncode == NOT_MOUNTED or run.stderr.startswith("unshare:"):
        missing("the right to make a mount namespace")
    said = run.stdout.splitlines()
    assert said[:2] == ["fit", "fit"], run
    assert "is the root of a whole filesystem" in said[2]
