"""What every frozen value of the product shares: no change after birth, no unknown field, JSON in and out."""

import base64
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

#: A JSON object: what crosses the queue, the store and HTTP.
JsonObject = Mapping[str, Any]


class Value(BaseModel):
    """A frozen value. `model_dump_json()` and `model_validate_json()` are inverses of each other."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def readable(path: bytes) -> str:
    r"""The path as text for people: bytes that are not UTF-8 are shown as \\xNN."""
    return path.decode("utf-8", "backslashreplace")


def path_fields(path: bytes) -> dict[str, str]:
    """`path` as text and, where the bytes are not UTF-8, `path_bytes` with the exact ones in base64."""
    try:
        return {"path": path.decode("utf-8")}
    except UnicodeDecodeError:
        return {"path": readable(path), "path_bytes": base64.b64encode(path).decode("ascii")}
