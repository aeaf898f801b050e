"""The short way, driven without a socket: bytes in, bytes out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn
from tests.unit.points.authzen.fakes import ReadOnlyDecide
from tests.unit.points.authzen.test_asgi import QUESTION
from uvicorn.server import ServerState

from remit.app.api.guard import Guard, GuardedApplication
from remit.app.api.protocol import IDLE_SECONDS, MAX_HEAD_BYTES, REQUEST_SECONDS, DecisionProtocol
from remit.points.authzen.asgi import AuthzenApplication, respond
from remit.points.authzen.service import EVALUATION, Service

HEAD = b"POST %b HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n" % EVALUATION.encode()


class Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_closed = False
        self.is_reading_now = True

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        self.is_reading_now = False

    def resume_reading(self) -> None:
        self.is_reading_now = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


class Connection:
    def __init__(self, decide: ReadOnlyDecide) -> None:
        self.tasks = 0
        service = Service(decide)
        guard = Guard("127.0.0.1")
        config = uvicorn.Config(
            GuardedApplication(guard, AuthzenApplication(service, self._rest)), ws="none", lifespan="off", log_config=None
        )
        config.load()
        self.transport = Transport()
        self.protocol = DecisionProtocol(service=service, guard=guard, config=config, server_state=ServerState(), app_state={})
        self.protocol.connection_made(self.transport)

    async def _rest(self, _scope: Any, _receive: Any, send: Any) -> None:
        await respond(send, 404, b"{}", [])

    async def says(self, data: bytes) -> bytes:
        self.transport.written = b""
        self.protocol.data_received(data)
        self.tasks += len(self.protocol.tasks)
        for _ in range(20):
            await asyncio.sleep(0)
        return self.transport.written


def request(body: bytes = QUESTION, more: bytes = b"") -> bytes:
    return HEAD + more + b"content-length: %d\r\n\r\n" % len(body) + body


@pytest.fixture
async def connection() -> Connection:
    return Connection(ReadOnlyDecide())


async def test_a_plain_question_takes_no_task(connection: Connection) -> None:
    answered = await connection.says(request(more=b"X-Request-ID: r-1\r\n"))
    assert answered.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"x-request-id: r-1\r\n" in answered
    assert b'"decision":true' in answered
    assert connection.tasks == 0


async def test_a_malformed_question_is_answered_on_the_short_way_too(connection: Connection) -> None:
    assert (await connection.says(request(b"{"))).startswith(b"HTTP/1.1 400 Bad Request\r\n")


@pytest.mark.parametrize("size", [1, 7, 100])
async def test_a_question_may_come_in_pieces(size: int, connection: Connection) -> None:
    whole = request()
    answered = b""
    for start in range(0, len(whole), size):
        answered += await connection.says(whole[start : start + size])
    assert answered.count(b'"decision":true') == 1


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request(more=b"origin: null\r\n"), b"403"),
        (request().replace(b"host: localhost", b"host: example.com"), b"403"),
        (request().replace(b"host: localhost\r\n", b""), b"403"),
        (request().replace(b"application/json", b"text/plain"), b"400"),
        (request().replace(b"POST", b"PUT "), b"405"),
        (request().replace(b"HTTP/1.1", b"HTTP/1.0"), b"200"),
        (request(more=b"connection: close\r\n"), b"200"),
        (request().replace(b"/access/v1/evaluation", b"/access/v1/other"), b"404"),
    ],
    ids=["origin", "foreign host", "no host", "content type", "method", "version", "close", "route"],
)
async def test_whatever_is_out_of_the_ordinary_takes_the_long_way(sent: bytes, status: bytes, connection: Connection) -> None:
    assert (await connection.says(sent)).startswith(b"HTTP/1.1 " + status)
    assert connection.tasks == 1


async def test_a_connection_that_is_closed_while_it_waits_gets_nothing(connection: Connection) -> None:
    connection.protocol.data_received(request())
    connection.transport.close()
    await asyncio.sleep(0)
    assert connection.transport.written == b""


async def test_a_stop_answers_what_has_arrived(connection: Connection) -> None:
    connection.protocol.data_received(request())
    connection.protocol.shutdown()
    assert b'"decision":true' in connection.transport.written
    assert connection.transport.is_closed


async def test_an_unfinished_request_is_given_up_sooner_than_an_idle_connection(connection: Connection) -> None:
    begun = connection.protocol.loop.time()
    await connection.says(request())
    connection.protocol.close_if_stale(begun + REQUEST_SECONDS + 2)
    assert not connection.transport.is_closed
    await connection.says(request()[:-3])
    connection.protocol.close_if_stale(begun + REQUEST_SECONDS - 1)
    assert not connection.transport.is_closed
    connection.protocol.close_if_stale(begun + REQUEST_SECONDS + 2)
    assert connection.transport.is_closed


async def test_a_connection_that_says_nothing_is_closed_in_the_end(connection: Connection) -> None:
    connection.protocol.close_if_stale(connection.protocol.loop.time() + IDLE_SECONDS + 1)
    assert connection.transport.is_closed


async def test_a_head_without_end_is_refused(connection: Connection) -> None:
    await connection.says(HEAD)
    for _ in range(MAX_HEAD_BYTES // 1000 + 1):
        await connection.says(b"x-a: " + b"y" * 993 + b"\r\n")
    assert connection.transport.is_closed


async def test_a_client_that_does_not_read_is_not_read_from(connection: Connection) -> None:
    connection.protocol.pause_writing()
    assert not connection.transport.is_reading_now
    connection.protocol.resume_writing()
    assert connection.transport.is_reading_now
