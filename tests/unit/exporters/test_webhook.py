"""The webhook on a real receiver: signed as Standard Webhooks says, sent where it was told, and nowhere else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from remit.contracts.exporter import Target, UndeliveredError
from remit.exporters.webhook import WEBHOOK
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
