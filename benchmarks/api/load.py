"""Requests at a given rate, or as fast as they are answered, over connections that are kept open."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

#: Connections of one load; the server has more threads than this
CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Target:
    """A request that is sent again and again."""

    name: str
    method: str
    path: str
    body: bytes = b""
    headers: tuple[str, ...] = ()
    expects: int = 200

    def to_bytes(self, host: str) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}", *self.headers]
        if self.body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True, slots=True)
class Answers:
    """Seconds from when each request was due, or sent, to its whole answer, and how many were not as expected."""

    seconds: list[float]
    wrong: int
    took: float

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.took


async def at_rate(host: str, port: int, target: Target, rate: float, seconds: float) -> Answers:
    """Each request counts from when it was due, so that one that waits for another is not forgotten."""
    count = int(rate * seconds)
    started = time.monotonic() + 0.05

    async def due(number: int) -> float:
        moment = started + number / rate
        await asyncio.sleep(max(0.0, moment - time.monotonic()))
        return moment

    return await _load(host, port, target, lambda number: due(number) if number < count else None)


async def saturated(host: str, port: int, target: Target, seconds: float) -> Answers:
    """Each connection sends its next request when it has the answer to the last one."""
    end = time.monotonic() + seconds

    async def now(_number: int) -> float:
        return time.monotonic()

    return await _load(host, port, target, lambda number: now(number) if time.monotonic() < end else None)


async def _load(host: str, port: int, target: Target, next_moment: Callable[[int], Awaitable[float] | None]) -> Answers:
    request, seconds, wrong = target.to_bytes(f"{host}:{port}"), list[float](), 0
    numbers = iter(range(1 << 60))
    expected = b"HTTP/1.1 %d" % target.expects

    async def connection() -> None:
        nonlocal wrong
        reader, writer = await asyncio.open_connection(host, port)
        while (moment := next_moment(next(numbers))) is not None:
            began = await moment
            writer.write(request)
            wrong += not (await _answer(reader)).startswith(expected)
            seconds.append(time.monotonic() - began)
        writer.close()

    started = time.monotonic()
    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return Answers(seconds, wrong, time.monotonic() - started)


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """The head of an answer, once its body has been read too."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.partition(b":")[2]))
    return head
