"""Whose program asks: told by the system, and by nothing that the program says."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from remit.app.web.peer import user_behind

_OWN = os.getuid() if sys.platform == "linux" else None


@pytest.fixture(params=["127.0.0.1", "::1"])
def scope(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.socket(family) as listening:
        try:
            listening.bind((request.param, 0))
        except OSError:
            listening.close()
            pytest.skip("this machine has no such address")
        listening.listen()
        with socket.create_connection(listening.getsockname()[:2]) as client:
            served, _ = listening.accept()
            with served:
                yield {"client": client.getsockname()[:2], "server": served.getsockname()[:2]}


def test_a_connection_of_this_process_is_this_user_s(scope: dict[str, Any]) -> None:
    assert user_behind(scope) == _OWN


def test_a_connection_that_is_none_is_nobody_s(scope: dict[str, Any]) -> None:
    assert user_behind({**scope, "client": (scope["client"][0], 1)}) is None
    assert user_behind({**scope, "client": ("192.0.2.1", 4711)}) is None
    for client in (None, ("testclient", 50000), ("127.0.0.1", 99999), ("", 0), ("127.0.0.1", None)):
        assert user_behind({**scope, "client": client}) is None, client
    assert user_behind({}) is None


def test_where_the_system_does_not_say_nobody_is_known(scope: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_NETLINK", raising=False)
    assert user_behind(scope) is None
