"""What a rule may say, and what an error in one tells."""

from pathlib import Path
from typing import Any

import pytest

from optimizer.errors import InvalidRequestError, SettingsError
from optimizer.storage.clean.load import load_rules
from optimizer.storage.clean.rule import Catalogue, filled, parse

GOOD = """
name = "demo"
title = "Things"
refills = "they come again"
documentation = "demo(1)"
folders = ["~/.cache/demo"]
files = ["*.tmp"]
min_age_days = 30
"""
COMMAND = """
name = "demo"
title = "Things"
refills = "they come again"
documentation = "demo(1)"
folders = ["/var/cache/demo"]
[command]
argv = ["demo", "--cache={folder}", "clean"]
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("~/.cache/demo", "/var/../etc"), "folders.0"),
        (GOOD.replace("~/.cache/demo", "cache"), "folders.0"),
        (GOOD.replace("~/.cache/demo", "~/"), "folders.0"),
        (GOOD.replace("~/.cache/demo", "/"), "folders.0"),
        (GOOD.replace('"~/.cache/demo"', ""), "folders"),
        (GOOD.replace("min_age_days = 30", ""), "needs files and min_age_days"),
        (GOOD.replace('files = ["*.tmp"]', ""), "needs files and min_age_days"),
        (GOOD.replace("min_age_days = 30", 'min_age_days = "30"'), "min_age_days"),
        (GOOD.replace("demo", "De mo", 1), "name"),
        (GOOD + "color = 1", "color"),
        (COMMAND.replace("{folder}", "/var/cache/demo"), "command.argv"),
        (COMMAND.replace('["demo", "--cache={folder}", "clean"]', '"demo {folder}"'), "command.argv"),
        (COMMAND.replace("[command]", "min_age_days = 1\n[command]"), "a manager knows no age"),
        ("name = ", "not TOML"),
    ],
)
def test_a_bad_rule_is_an_error_that_names_file_and_field(text: str, told: str) -> None:
    """At the start, long before it could do harm."""
    with pytest.raises(SettingsError, match=r"demo\.toml") as error:
        parse(text, "demo.toml")
    assert told in error.value.message


def test_the_folder_is_the_only_thing_that_is_filled_in() -> None:
    """Whatever bytes it has; it stays one argument, and no other text stands for anything."""
    rule = parse(COMMAND, "demo.toml")
    assert rule.command is not None
    assert filled(rule.command.argv, b"/a b\xff;$(x)") == [b"demo", b"--cache=/a b\xff;$(x)", b"clean"]


def test_each_home_has_its_own_folder() -> None:
    """Two accounts with one home have one."""
    rule = parse(GOOD, "demo.toml")
    assert rule.places([b"/home/a", b"/home/b\xff", b"/home/a"]) == [
        b"/home/a/.cache/demo",
        b"/home/b\xff/.cache/demo",
    ]


def test_only_rules_that_there_are_can_be_asked_for() -> None:
    """The error names them; one of another kind is none of them."""
    catalogue = Catalogue(load_rules(None))
    assert [rule.name for rule in catalogue.of_kind("optimize_cache")] == ["apt", "npm", "pip", "thumbnails"]
    assert [rule.name for rule in catalogue.of_kind("optimize_cache", ("pip", "apt", "pip"))] == ["pip", "apt"]
    for name in ("journald", "conda"):
        with pytest.raises(InvalidRequestError, match="known are apt, npm, pip, thumbnails"):
            catalogue.of_kind("optimize_cache", (name,))


def own(folder: Path, text: str = GOOD, name: str = "demo.toml") -> Path:
    folder.mkdir(mode=0o755)
    path = folder / name
    path.write_text(text)
    path.chmod(0o644)
    return folder


def test_an_administrator_may_add_rules(tmp_path: Path) -> None:
    """They stand beside those that come with the product."""
    assert set(load_rules(own(tmp_path / "rules"))) == {*load_rules(None), "demo"}


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"text": GOOD.replace("demo", "apt", 1), "name": "apt.toml"}, "a rule that there is already"),
        ({"name": "other.toml"}, "name must be that of the file, other"),
        ({"text": GOOD + "color = 1"}, "demo.toml: color"),
    ],
)
def test_a_bad_rule_of_an_administrator_stops_the_start(tmp_path: Path, facts: dict[str, Any], told: str) -> None:
    """Naming the setting, the file and what is wrong."""
    with pytest.raises(SettingsError, match="HRO_RULES_DIR") as error:
        load_rules(own(tmp_path / "rules", **facts))
    assert told in error.value.message


@pytest.mark.parametrize("which", [".", "demo.toml"])
def test_rules_that_others_may_write_are_refused(tmp_path: Path, which: str) -> None:
    """Whoever writes a rule says which program the worker runs."""
    folder = own(tmp_path / "rules")
    (folder / which).chmod(0o777)
    with pytest.raises(SettingsError, match="can be written by others"):
        load_rules(folder)


def test_a_folder_of_rules_that_is_missing_is_an_error(tmp_path: Path) -> None:
    """It was meant to be there."""
    with pytest.raises(SettingsError, match=r"HRO_RULES_DIR: .*missing cannot be read"):
        load_rules(tmp_path / "missing")
