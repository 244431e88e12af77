"""A RabbitMQ that is started again, with what it had, whenever it has ended."""

import os
import random
import signal
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from optimizer.cli.stack.redis import free_port
from tests.servers import start_rabbitmq

_LOOK_SECONDS = 0.2
#: Seconds for which it stays away at most, before the time that it needs to start
_LONGEST_ABSENCE = 2.0
_PATIENCE_SECONDS = 120.0


class Broker:
    """A context. Its thread does nothing but start and wait, because a start takes RabbitMQ several seconds.

    What a thread has started ends with it, so this one lives as long as the broker.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._pid = 0
        self._is_up = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="broker", daemon=True)
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}//"

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._is_up.wait(_PATIENCE_SECONDS):
            raise RuntimeError(f"RabbitMQ does not start; see {self._folder}")
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def kill(self) -> bool:
        """Whether there was one to kill."""
        if not self._is_up.is_set():
            return False
        self._is_up.clear()
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        return True

    def _run(self) -> None:
        while not self._stop.is_set():
            with suppress(RuntimeError):  # it was not ready in time: once more
                self._serve()
            self._stop.wait(random.uniform(0, _LONGEST_ABSENCE))

    def _serve(self) -> None:
        server = start_rabbitmq(self._folder, self._port)
        try:
            self._pid = server.pid
            self._is_up.set()
            while not (self._stop.is_set() or any(child.ended for child in server.children)):
                self._stop.wait(_LOOK_SECONDS)
        finally:
            self._is_up.clear()
            server.stop()
