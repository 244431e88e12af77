"""Reads the catalogue: the rules that come with the product, and those of HRO_RULES_DIR."""

import os
from importlib import resources
from pathlib import Path

from optimizer.errors import SettingsError
from optimizer.storage.clean.rule import Rule, parse

#: Write permission of the group and of others
_WRITABLE = 0o022


def load_rules(own: Path | None) -> dict[str, Rule]:
    """Every rule by its name. Raises SettingsError, naming the file and what is wrong with it."""
    shipped = resources.files(__package__) / "rules"
    texts = {path.name: path.read_text(encoding="utf-8") for path in shipped.iterdir() if path.name.endswith(".toml")}
    rules = {rule.name: rule for rule in (_named(name, text, name) for name, text in sorted(texts.items()))}
    for rule in _own_rules(own) if own else []:
        if rule.name in rules:
            raise SettingsError(f"HRO_RULES_DIR: {own}/{rule.name}.toml has the name of a rule that there is already")
        rules[rule.name] = rule
    return rules


def _own_rules(folder: Path) -> list[Rule]:
    try:
        _require_ours(folder)
        paths = sorted(folder.glob("*.toml"))
        for path in paths:
            _require_ours(path)
        return [_named(path.name, path.read_text(encoding="utf-8"), f"HRO_RULES_DIR: {path}") for path in paths]
    except OSError as error:
        raise SettingsError(f"HRO_RULES_DIR: {error.filename} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"HRO_RULES_DIR: a file in {folder} is not UTF-8") from None


def _require_ours(path: Path) -> None:
    """A rule names a program that this process runs, so nobody else may write one."""
    status = path.stat()
    if status.st_uid not in (0, os.geteuid()) or status.st_mode & _WRITABLE:
        raise SettingsError(
            f"HRO_RULES_DIR: {path} can be written by others: it must belong to this user or to root, and to nobody "
            "else give the right to write (chmod go-w)"
        )


def _named(file_name: str, text: str, source: str) -> Rule:
    rule = parse(text, source)
    if file_name != f"{rule.name}.toml":
        raise SettingsError(f"{source}: name must be that of the file, {file_name.removesuffix('.toml')}")
    return rule
