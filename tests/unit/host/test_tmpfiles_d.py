"""Which files of tmpfiles.d count."""

from pathlib import Path

from optimizer.host.tmpfiles_d import read_tmpfiles_d


def write(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.conf").write_text(text)
    return folder


def test_a_file_hides_those_of_its_name(tmp_path: Path) -> None:
    """The lines of all others count, in the order of the files' names."""
    etc = write(tmp_path / "etc", b="x /from/etc\n", c="")
    usr = write(tmp_path / "usr", a="x /1\nx /2\n", b="x /from/usr", c="x /emptied", d="x /masked")
    (etc / "d.conf").symlink_to("/dev/null")
    (usr / "README").write_text("x /no/configuration")
    assert read_tmpfiles_d([etc, tmp_path / "absent", usr]) == [b"x /1", b"x /2", b"x /from/etc"]


def test_a_link_to_nothing_says_nothing(tmp_path: Path) -> None:
    """A package that was half removed leaves one."""
    folder = write(tmp_path / "etc", b="x /b")
    (folder / "a.conf").symlink_to(tmp_path / "absent")
    assert read_tmpfiles_d([folder]) == [b"x /b"]
