"""The webhook on a real receiver: signed as Standard Webhooks says, sent where it was told, and nowhere else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from remit.contracts.exporter import Target, UndeliveredError
from remit.exporters.webhook import WEBHOOK, _Way
from remit.model.errors import UsageError
from remit.testing.kits.exporter import notices

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
DENIED, OPENED, CLOSED = notices()


class Receiver(ThreadingHTTPServer):
    """Answers what it is told to answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 204
        self.headers: dict[str, str] = {}
        self.received: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_all: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def send(receiver: Receiver, path: str = "/hook?key=k", notice: Any = DENIED) -> None:
    way = WEBHOOK.open(Target(url=receiver.url + path, secret=SECRET))
    try:
        way.send(notice)
    finally:
        way.close()


def test_a_receiver_that_knows_the_secret_knows_that_it_is_ours(receiver: Receiver) -> None:
    send(receiver)
    ((path, headers, body),) = receiver.received
    assert path == "/hook?key=k"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-id"] == DENIED.id
    assert headers["content-type"] == "application/json"
    assert SECRET not in str(receiver.received)
    assert base64.b64encode(KEY).decode() not in str(receiver.received)


def test_the_body_has_the_names_of_ocsf() -> None:
    denied, opened, closed = (json.loads(WEBHOOK.form(notice)) for notice in notices())
    assert [one["type"] for one in (denied, opened, closed)] == ["decision.denied", "finding.opened", "finding.closed"]
    assert (denied["data"]["class_uid"], denied["data"]["action_id"], denied["data"]["count"]) == (6003, 2, 3)
    assert denied["data"]["actor"]["app_name"] == "agent:mark-agent"
    for one in (opened, closed):
        data = one["data"]
        assert data["type_uid"] == data["class_uid"] * 100 + data["activity_id"]
        assert data["class_uid"] == 2004
        assert data["finding_info"]["uid"] == "finding:mark"
    assert [one["data"]["activity_id"] for one in (opened, closed)] == [1, 3]
    assert opened["data"]["time"] == 1785231000000


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_taken(receiver: Receiver, status: int) -> None:
    receiver.status = status
    send(receiver)


@pytest.mark.parametrize(
    ("status", "is_for_good"),
    [
        (400, True),
        (413, True),
        (422, True),
        (401, False),
        (404, False),
        (410, False),
        (429, False),
        (500, False),
        (502, False),
        (503, False),
    ],
)
def test_everything_else_is_not_and_what_is_of_the_message_is_for_good(receiver: Receiver, status: int, is_for_good: bool) -> None:
    receiver.status = status
    receiver.headers = {"retry-after": "120"}
    with pytest.raises(UndeliveredError, match=str(status)) as refused:
        send(receiver, "/T000/secret-path")
    assert refused.value.is_for_good is is_for_good
    assert refused.value.wait_seconds == 120
    assert "secret-path" not in str(refused.value)


@pytest.mark.parametrize(("asked", "wait"), [("", 0), ("soon", 0), ("-5", 0), ("999999999", 3600), ("9" * 500, 3600), ("\u0663", 0)])
def test_only_a_number_of_seconds_makes_it_wait(receiver: Receiver, asked: str, wait: float) -> None:
    receiver.status = 503
    receiver.headers = {"retry-after": asked.encode().decode("latin-1")}
    with pytest.raises(UndeliveredError) as refused:
        send(receiver)
    assert refused.value.wait_seconds == wait


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    receiver.status = status
    receiver.headers = {"location": f"{receiver.url}/elsewhere"}
    with pytest.raises(UndeliveredError, match="redirect"):
        send(receiver)
    assert [path for path, _, _ in receiver.received] == ["/hook?key=k"]


def test_neither_a_proxy_nor_a_login_of_the_environment_is_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    send(receiver)
    assert "authorization" not in receiver.received[0][1]


def test_nobody_there_is_told_without_the_path(receiver: Receiver) -> None:
    url = receiver.url
    receiver.server_close()
    way = WEBHOOK.open(Target(url=f"{url}/T000/secret-path", secret=SECRET))
    with pytest.raises(UndeliveredError, match="does not answer") as refused:
        way.send(DENIED)
    way.close()
    assert url in str(refused.value)
    assert "secret-path" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "", "hook", "ftp://example.com/", "file:///etc/passwd", "http://", "https://user:pass@example.com/", "https://user@example.com/",
        "http://example.com:x/", "http://example.com:99999/", "http://example.com/#x", "http://exa mple.com/", "javascript:alert(1)",
        "http://ex\u0430mple.com/", "http://[::1/", "http://example.com/\n",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(UsageError, match="--webhook"):
        WEBHOOK.open(Target(url=url, secret=SECRET))


@pytest.mark.parametrize("secret", ["", "whsec_", "hunter2", "whsec_aHVudGVyMg==", "whsec_" + "A" * 200, "whsec_\u00e9" + "A" * 40])
def test_a_secret_that_is_none_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(UsageError, match="REMIT_WEBHOOK_SECRET") as refused:
        WEBHOOK.open(Target(url="http://127.0.0.1/", secret=secret))
    if len(secret) > 8:
        assert secret not in str(refused.value)


# --- receivers that mean ill ------------------------------------------------------------------------------------------


@contextmanager
def answering(first: bytes, again: bytes = b"") -> Iterator[tuple[str, threading.Event]]:
    """A receiver that answers these bytes, then others for as long as they are taken; the event says that they were not any more."""
    ended = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(first)
            while again:
                connection.sendall(again)
        ended.set()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", ended
    finally:
        thread.join(20)
        listening.close()


def test_an_answer_that_never_ends_is_given_up_and_its_connection_with_it() -> None:
    with answering(b"", b"HTTP/1.1 100 Continue\r\n\r\n") as (url, ended):
        way = _Way(Target(url=url, secret=SECRET), whole_seconds=0.2)
        with pytest.raises(UndeliveredError, match="not whole within"):
            way.send(DENIED)
        assert ended.wait(20), "nobody reads it any more"
        way.close()


@pytest.mark.parametrize(
    ("first", "told"),
    [
        (b"", "does not answer: RemoteProtocolError"),
        (b"HTTP/1.1 20", "does not answer: RemoteProtocolError"),
        (b"\xff\xfe\xb2\r\n\r\n", "does not answer: RemoteProtocolError"),
        (b"HTTP/1.1 500 \xff\xfe\r\nretry-after: \xff\xb2\r\ncontent-length: 3\r\n\r\n\xff\xfe\xff", "answered 500$"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 1_000_000, "does not answer: RemoteProtocolError"),
    ],
    ids=["nothing", "half", "no text", "no text in it", "a head without end"],
)
def test_an_answer_that_is_none_is_told_without_its_words(first: bytes, told: str) -> None:
    with answering(first) as (url, _):
        way = WEBHOOK.open(Target(url=url, secret=SECRET))
        with pytest.raises(UndeliveredError, match=told):
            way.send(DENIED)
        way.close()


def test_a_body_is_not_read_however_long_it_is() -> None:
    with answering(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n", b"x" * 65536) as (url, ended):
        way = WEBHOOK.open(Target(url=url, secret=SECRET))
        way.send(DENIED)
        assert ended.wait(20)
        way.close()


@pytest.mark.parametrize(
    ("asked", "seconds"), [("31536000", 3600.0), ("9" * 4000, 3600.0), ("-1", 0.0), ("Fri, 31 Dec 2099 23:59:59 GMT", 0.0)]
)
def test_a_receiver_that_wants_to_be_left_alone_for_a_year_is_asked_again_after_an_hour(
    asked: str, seconds: float, receiver: Receiver
) -> None:
    receiver.status, receiver.headers = 429, {"retry-after": asked}
    with pytest.raises(UndeliveredError) as told:
        send(receiver)
    assert told.value.wait_seconds == seconds
