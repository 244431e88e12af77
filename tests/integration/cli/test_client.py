"""The client, against a small HTTP server."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from optimizer.cli.client import Client
from optimizer.cli.errors import RequestFailedError, ServiceUnreachableError
from optimizer.cli.stack.redis import free_port

ANSWERS: dict[str, tuple[int, Any]] = {
    "/health/ready": (200, {}),
    "/analyze/storage?path=%2Fa+b": (202, {"optimization_id": "good"}),
    "/hash": (202, {"optimization_id": "bad"}),
    "/refused": (403, {"title": "Forbidden", "detail": "not there"}),
    "/optimizations/bad": (200, {"kind": "hash_files", "status": "failed", "error": {"message": "the disk is gone"}}),
}
STATES = ("queued", "running", "completed")


class Handler(BaseHTTPRequestHandler):
    requests: list[tuple[str, str, bytes]]
    looks: Iterator[str]

    def do_GET(self) -> None:
        self.requests.append((self.path, self.headers.get("Authorization", ""), self._body()))
        if self.path == "/optimizations/good":
            state = next(self.looks)
            self._answer(200, {"kind": "analyze_storage", "status": state, "result": {"total_files": 3}})
        else:
            self._answer(*ANSWERS.get(self.path, (404, "no problem document")))

    def do_POST(self) -> None:
        self.do_GET()

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def _answer(self, status: int, body: Any) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def client() -> Iterator[Client]:
    Handler.requests, Handler.looks = [], iter(STATES)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Client(f"http://127.0.0.1:{server.server_port}", "hro_id_secret")
        server.shutdown()
        thread.join()


def test_a_job_is_followed_until_it_has_completed(client: Client) -> None:
    """Each look at the record is handed on, and the last one is returned."""
    seen: list[str] = []
    record = client.finished(client.get("/analyze/storage", path="/a b"), lambda look: seen.append(look["status"]))
    assert record["result"] == {"total_files": 3}
    assert tuple(seen) == STATES


def test_a_failed_job_is_an_error_with_its_reason(client: Client) -> None:
    """A job that failed raises with the kind and what its record says."""
    with pytest.raises(RequestFailedError, match="hash_files failed: the disk is gone"):
        client.finished(client.post("/hash", {"path": "/a"}), lambda _record: None)


def test_the_key_and_the_body_are_sent(client: Client) -> None:
    """Every request carries the key, and a POST its JSON."""
    client.post("/hash", {"path": "/a"})
    assert Handler.requests == [("/hash", "Bearer hro_id_secret", b'{"path": "/a"}')]


def test_a_refusal_is_told_in_the_service_s_words(client: Client) -> None:
    """The sentence of a problem document is the error's; another answer is told by its status."""
    with pytest.raises(RequestFailedError, match="403: not there"):
        client.get("/refused")
    with pytest.raises(RequestFailedError, match="404: without a reason"):
        client.get("/nowhere")


def test_a_service_that_does_not_answer_is_named() -> None:
    """Where nobody listens, the error names the address, and the service is not ready."""
    client = Client(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ServiceUnreachableError, match=client.address):
        client.get("/health")
    assert not client.is_ready()


def test_a_service_that_answers_is_ready(client: Client) -> None:
    """A service whose own check says yes is ready."""
    assert client.is_ready()
