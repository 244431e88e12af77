"""The names of keys, which Python and Lua share."""

import re
from importlib import resources

from optimizer.store import keys

_LUA = [path for path in (resources.files("optimizer.store") / "lua").iterdir() if path.name.endswith(".lua")]
_NAME = re.compile(r"'(hro:[a-z:-]*|celery-[a-z-]*|unacked\w*)'")


def test_scripts_name_keys_as_python_does() -> None:
    """A key that keys.py does not have is a slip of the pen."""
    constants = {value for value in vars(keys).values() if isinstance(value, str)}
    known = constants | {make("") for make in vars(keys).values() if callable(make)}
    named = {name for path in _LUA for name in _NAME.findall(path.read_text())}
    assert named - known == set()
