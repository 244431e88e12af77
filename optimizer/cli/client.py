"""The service's HTTP interface as a client sees it: requests with a key, and jobs that are waited for."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from optimizer.cli.errors import RequestFailedError, ServiceUnreachableError
from optimizer.values import JsonObject

_TIMEOUT_SECONDS = 15.0
_POLL_SECONDS = 0.2
#: The service on this machine is never reached through a proxy
_opener = build_opener(ProxyHandler({}))

OnRecord = Callable[[JsonObject], None]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: JsonObject


class Client:
    def __init__(self, address: str, key: str = "") -> None:
        """`address`: such as `http://127.0.0.1:11110`."""
        self.address = address
        self._headers = {"Host": "localhost"} | ({"Authorization": f"Bearer {key}"} if key else {})

    def get(self, path: str, /, **query: str | int) -> Answer:
        return self._send(Request(f"{self.address}{path}{'?' + urlencode(query) if query else ''}"))  # noqa: S310

    def post(self, path: str, body: JsonObject) -> Answer:
        data = json.dumps(dict(body)).encode()
        return self._send(
            Request(f"{self.address}{path}", data=data, headers={"Content-Type": "application/json"})  # noqa: S310
        )

    def finished(self, answer: Answer, on_record: OnRecord) -> JsonObject:
        """The record of the job that an answer started, once it has completed.

        `on_record` sees the record at each look. Raises RequestFailedError where the job failed or was cancelled.
        """
        while True:
            record = self.get(f"/optimizations/{answer.body['optimization_id']}").body
            on_record(record)
            if record["status"] == "completed":
                return record
            if record["status"] in ("failed", "cancelled"):
                why = (record.get("error") or {}).get("message", "no reason was recorded")
                raise RequestFailedError(f"{record['kind']} {record['status']}: {why}")
            time.sleep(_POLL_SECONDS)

    def is_ready(self) -> bool:
        try:
            return self.get("/health/ready").status == 200  # noqa: PLR2004 - OK
        except (ServiceUnreachableError, RequestFailedError):
            return False

    def _send(self, request: Request) -> Answer:
        for name, value in self._headers.items():
            request.add_header(name, value)
        request.add_header("Prefer", "respond-async")
        try:
            with _opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
                return Answer(response.status, json.loads(response.read()))
        except HTTPError as error:
            with error:
                raise RequestFailedError(_problem(error.code, error.read())) from None
        except (OSError, HTTPException, ValueError) as error:
            raise ServiceUnreachableError(f"{self.address} does not answer: {error}") from None


def _problem(status: int, body: bytes) -> str:
    """The sentence of a problem document (RFC 9457), or the bare status."""
    try:
        problem: Mapping[str, Any] = json.loads(body)
    except ValueError:
        problem = {}
    told = problem.get("detail") or problem.get("title") if isinstance(problem, dict) else None
    return f"The service answered {status}: {told or 'without a reason'}"
