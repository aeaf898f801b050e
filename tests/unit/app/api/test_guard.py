from typing import Any

import pytest
from tests.unit.points.authzen.fakes import posted

from remit.app.api.guard import Guard, GuardedApplication, Scope


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8686", "localhost", "localhost:80", "LocalHost:1", "[::1]", "[::1]:8686", "127.0.0.5:9"]
)
def test_own_names_are_taken(host: str) -> None:
    guard = Guard("127.0.0.5")
    for _ in range(2):
        assert guard.refusal([(b"host", host.encode())]) == ""


@pytest.mark.parametrize(
    "host",
    [
        "",
        "example.com",
        "127.0.0.1.example.com",
        "localhost.example.com:8686",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:8686:1",
        "127.0.0.1@example.com",
        "::1",
        "[::1",
        "0.0.0.0:8686",
        "127.0.0.2",
        "user@127.0.0.1",
        " 127.0.0.1",
        "127.0.0.1:123456",
        "127.0.0.1:65536",
        "127.0.0.1:99999",
        "127.0.0.1ÿ",
    ],
)
def test_foreign_names_are_refused(host: str) -> None:
    guard = Guard("127.0.0.1")
    for _ in range(2):
        assert guard.refusal([(b"host", host.encode("latin-1"))])


@pytest.mark.parametrize("origin", [b"http://127.0.0.1:8686", b"null", b"", b"https://example.com"])
def test_any_origin_is_refused(origin: bytes) -> None:
    assert "Origin" in Guard("127.0.0.1").refusal([(b"host", b"127.0.0.1"), (b"origin", origin)])


@pytest.mark.parametrize("hosts", [[], [b"127.0.0.1", b"127.0.0.1"], [b"127.0.0.1", b"example.com"]])
def test_there_is_exactly_one_host(hosts: list[bytes]) -> None:
    assert Guard("127.0.0.1").refusal([(b"host", host) for host in hosts])


def test_what_is_remembered_stays_small() -> None:
    guard = Guard("127.0.0.1")
    for port in range(1000):
        assert guard.refusal([(b"host", b"localhost:%d" % port)]) == ""
    assert len(guard._accepted) <= 64


async def test_a_refusal_keeps_the_request_id_and_reaches_nothing_inside() -> None:
    async def inner(_scope: object, _receive: object, _send: object) -> None:
        raise AssertionError("it got through")

    app = GuardedApplication(Guard("127.0.0.1"), inner)
    status, headers, body = await posted(app, "/any", b"", {"host": "example.com", "x-request-id": "7"})
    assert (status, headers["x-request-id"]) == (403, "7")
    assert b"Host" in body


@pytest.mark.parametrize("path", ["//api/v1/agents", "///metrics", "/access//v1/evaluation"])
async def test_empty_parts_of_an_address_hide_nothing_from_whoever_judges_it(path: str) -> None:
    seen = []

    async def inner(scope: Scope, _receive: object, send: Any) -> None:
        seen.append(scope["path"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    app = GuardedApplication(Guard("127.0.0.1"), inner, has_pages=True)  # type: ignore[arg-type]
    assert (await posted(app, path, b"", {"host": "127.0.0.1"}))[0] == 204
    assert "//" not in seen[0]
    own_page = {"host": "127.0.0.1", "origin": "http://127.0.0.1"}
    assert (await posted(app, path, b"", own_page))[0] == 403
    assert len(seen) == 1
