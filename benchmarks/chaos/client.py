"""A client of the service that takes no silence for an answer: what was not answered is asked again."""

import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from optimizer.jobs import Status

#: How long a request is repeated while the API or its Redis is away, and how often
_PATIENCE_SECONDS, _PAUSE_SECONDS = 90.0, 0.3
_TIMEOUT_SECONDS = 15.0
_PAGE = 200


class UnansweredError(Exception):
    """The service did not answer for longer than any fault lasts."""


@dataclass
class Client:
    """For any number of threads."""

    address: str
    key: str
    _local: threading.local = field(default_factory=threading.local, init=False)

    def submit(self, path: str, body: Mapping[str, Any]) -> str:
        """The id of the job that was taken. Raises UnansweredError."""
        name = {"Idempotency-Key": uuid.uuid4().hex}  # a repetition after a lost answer is the same request
        answer = self.call("POST", path, json=dict(body), headers=name)
        answer.raise_for_status()
        return str(answer.json()["optimization_id"])

    def record(self, optimization_id: str) -> dict[str, Any] | None:
        """A job's record; None where the service knows no such job. Raises UnansweredError."""
        answer = self.call("GET", f"/optimizations/{optimization_id}")
        if answer.status_code in (requests.codes.not_found, requests.codes.gone):
            return None
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def ended(self, optimization_id: str, deadline: float) -> dict[str, Any] | None:
        """The record once it is final; None where that takes longer. `deadline`: on the monotonic clock."""
        while time.monotonic() < deadline:
            record = self.record(optimization_id)
            if record and Status(record["status"]).is_final:
                return record
            time.sleep(_PAUSE_SECONDS)
        return None

    def listed(self) -> Iterator[str]:
        """The id of every job that the service has, newest first."""
        cursor: str | None = None
        while True:
            page = self.call("GET", "/optimizations", params={"limit": _PAGE, **({"cursor": cursor} if cursor else {})})
            page.raise_for_status()
            yield from (job["optimization_id"] for job in page.json()["optimizations"])
            cursor = page.json()["next_cursor"]
            if cursor is None:
                return

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        """The first answer that is not "try again". Raises UnansweredError."""
        headers = {
            "Authorization": f"Bearer {self.key}",
            "Prefer": "respond-async",
            **more.pop("headers", {}),
        }
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = self._session.request(
                    method, self.address + path, headers=headers, timeout=_TIMEOUT_SECONDS, **more
                )
            except requests.RequestException:
                time.sleep(_PAUSE_SECONDS)
                continue
            if answer.status_code < requests.codes.internal_server_error:
                return answer
            time.sleep(_PAUSE_SECONDS)
        raise UnansweredError(f"{method} {path}")

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        session: requests.Session = self._local.session
        return session
