"""Whether Celery's worker can read a message. Pure.

It trusts what it reads: one part of another type than a stock client writes, and the worker ends.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from optimizer.store.foreign import ForeignTask, UnreadableMessageError, read_message


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _Delivery(_Part):
    exchange: str
    routing_key: str


class _Properties(_Part):
    delivery_tag: str
    delivery_info: _Delivery
    body_encoding: Literal["base64", "utf-8"] | None = None
    correlation_id: str | None = None
    reply_to: str | None = None
    priority: int | None = None


class _Headers(_Part):
    """As far as the worker, or the process of a job, looks at them."""

    eta: str | None = None
    expires: str | float | None = None
    group: str | None = None
    ignore_result: bool | None = None
    origin: str | None = None
    parent_id: str | None = None
    replaced_task_nesting: int | None = None
    retries: int | None = None
    root_id: str | None = None
    shadow: str | None = None
    stamped_headers: list[str] | None = None
    stamps: dict[str, Any] | None = None
    timelimit: list[float | None] | None = None


class _Message(_Part):
    body: str
    content_type: Literal["application/json"] = Field(alias="content-type")
    content_encoding: str = Field(alias="content-encoding")
    headers: _Headers
    properties: _Properties


def read_deliverable(text: str) -> ForeignTask:
    """The task that it asks for. Raises UnreadableMessageError."""
    found = read_message(text)
    try:
        _Message.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UnreadableMessageError(f"{UnreadableMessageError.__doc__} ({place}: {first['msg']})") from None
    return found
