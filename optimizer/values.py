"""What every frozen value of the product shares: no change after birth, no unknown field, JSON in and out."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

#: A JSON object: what crosses the queue, the store and HTTP.
JsonObject = Mapping[str, Any]


class Value(BaseModel):
    """A frozen value. `model_dump_json()` and `model_validate_json()` are inverses of each other."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
