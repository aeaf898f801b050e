"""The short way for the commonest request: one evaluation, answered without a task of its own.

A single evaluation that is in order in every respect (method, route, headers, length) is handed to the service as soon as its body
is complete, and answered from the batch. Whatever is out of the ordinary in the least takes the long way through the ASGI application,
which answers the same and knows every error; so does every request while another of the same connection is under way.

It also closes connections that keep a request unfinished, or say nothing, for too long.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from remit.app.api.guard import Guard
from remit.points.authzen.service import EVALUATION, Service
from remit.points.authzen.strict import MAX_BYTES

REQUEST_SECONDS = 10.0
"""A request that is not complete by then is given up."""
IDLE_SECONDS = 75.0
"""A connection without a request is closed after this."""
MAX_HEAD_BYTES = 64 * 1024
"""A request whose head has not ended after this many bytes, and the one read in which it began, is refused."""
_PATH = EVALUATION.encode()
_SEPARATOR = b"\r\n"


class DecisionProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, with the short way."""

    def __init__(self, *, service: Service, guard: Guard, **settings: Any) -> None:
        super().__init__(**settings)
        self._service = service
        self._guard = guard
        self._body: list[bytes] | None = None
        """Parts of the body while a request takes the short way; None on the long way."""
        self._request_id = b""
        self._is_reading = False
        self._is_in_head = self._began = False
        self._head_bytes = 0
        """Bytes of an unfinished head beyond the read in which it began."""
        self._since = 0.0

    def data_received(self, data: bytes) -> None:
        """Bytes of a client."""
        self._began = False
        super().data_received(data)
        # A head that began in these bytes has at most one read behind it, which is bounded.
        if self._is_in_head and not self._began and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.send_400_response("The head of the request is too long.")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come."""
        super().connection_made(transport)
        self._since = self.loop.time()

    def on_message_begin(self) -> None:
        """A request begins; what the long way needs is made when it is known to go there."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._body = None
        self._is_reading = self._is_in_head = self._began = True
        self._head_bytes = 0
        self._since = self.loop.time()

    def on_headers_complete(self) -> None:
        """Chooses the way."""
        self._is_in_head = False
        if self.url == _PATH and self._is_in_order():
            self._body = []
            return
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers  # the scope holds this very list
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body; its announced length is within bounds."""
        if self._body is None:
            super().on_body(body)
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """The request is here."""
        self._is_reading = False
        if self._body is None:
            super().on_message_complete()
            return
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        request_id = self._request_id
        self._service.evaluation(body, lambda status, payload: self._answer(status, payload, request_id))

    def shutdown(self) -> None:
        """Answers what waits, then goes."""
        self._service.batch.flush()
        super().shutdown()

    def pause_writing(self) -> None:
        """A client that does not read its answers is not read from either."""
        super().pause_writing()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self.flow.resume_reading()

    def close_if_stale(self, now: float) -> None:
        """Closes the connection when its client has kept it waiting for too long."""
        if self.cycle is not None and not self.cycle.response_complete and not self._is_reading:
            return  # it waits for us
        if now - self._since > (REQUEST_SECONDS if self._is_reading else IDLE_SECONDS):
            self.transport.close()

    def _is_in_order(self) -> bool:
        if self.cycle is not None and not self.cycle.response_complete:
            return False
        parser = self.parser
        if (
            parser.get_method() != b"POST"
            or parser.get_http_version() != "1.1"
            or not parser.should_keep_alive()
            or parser.should_upgrade()
        ):
            return False
        length = content_type = self._request_id = b""
        for name, value in self.headers:
            if name == b"content-length":
                length = value
            elif name == b"content-type":
                content_type = value
            elif name == b"x-request-id":
                self._request_id = value
        return (
            content_type == b"application/json"
            and length.isdigit()
            and len(length) <= 7
            and int(length) <= MAX_BYTES
            and not self.expect_100_continue
            and not self._guard.refusal(self.headers)
        )

    def _answer(self, status: int, payload: bytes, request_id: bytes) -> None:
        self.server_state.total_requests += 1
        self._since = self.loop.time()
        if self.transport.is_closing():
            return
        reason = b"200 OK" if status == 200 else b"400 Bad Request"
        head = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n" % (reason, len(payload))
        for name, value in self.server_state.default_headers:
            head += name + b": " + value + _SEPARATOR
        if request_id:
            head += b"x-request-id: " + request_id + _SEPARATOR
        self.transport.write(head + _SEPARATOR + payload)
