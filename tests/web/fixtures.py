"""What tests of the web UI are given: a world, somebody who is signed in, a browser.

`world` and `client` are shared and read; whoever changes something takes `own_world` and `own_client`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.web.asking import Client, Runner, joined
from tests.web.world import World, made_world

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from tests.web.browsing import Served, Visit


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A small company after some weeks; for reading."""
    made = made_world(tmp_path_factory.mktemp("world"))
    yield made
    made.store.close()


@pytest.fixture
def own_world(world: World, tmp_path: Path) -> Iterator[World]:
    """The same, of the test's own."""
    made = world.copy(tmp_path / "world")
    yield made
    made.store.close()


@pytest.fixture
def empty_world(tmp_path: Path) -> Iterator[World]:
    """A store in which nothing is yet."""
    made = World(tmp_path)
    made.logs.mkdir(parents=True)
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def client(world: World) -> Iterator[Client]:
    """Somebody who is signed in and reads."""
    yield from _client(world)


@pytest.fixture
def own_client(own_world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Client]:
    """Somebody who is signed in to a store of the test's own, and may change it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    yield from _client(own_world)


@pytest.fixture
def empty_client(empty_world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Client]:
    """Somebody who is signed in to an empty store."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    yield from _client(empty_world)


@pytest.fixture
def client_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[World], Client]]:
    """Signs in to the store of any world."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    opened: list[Iterator[Client]] = []

    def sign_in(world: World) -> Client:
        opened.append(_client(world))
        return next(opened[-1])

    yield sign_in
    for one in opened:
        next(one, None)


def _client(world: World) -> Iterator[Client]:
    parts = joined(world)
    runner = Runner()
    try:
        made = Client(parts, runner)
        made.sign_in()
        yield made
        parts.site.jobs.wait(10)
    finally:
        runner.close()
    parts.site.snapshots.store.close()


# --- in a browser: imported here, because most tests need none ---------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser of this machine."""
    from tests.web.browsing import chromium

    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def axe() -> str:
    """The text of axe-core."""
    from tests.web.browsing import axe_source

    return axe_source()


@pytest.fixture(scope="session")
def served(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`remit serve` on a copy of the world, for reading."""
    from tests.web.browsing import serving_store

    copied = world.copy(tmp_path_factory.mktemp("served"))
    with serving_store(copied) as running:
        yield running
    copied.store.close()


@pytest.fixture(scope="session")
def cookies(browser: Browser, served: Served) -> list[Any]:
    """What a browser keeps that is signed in."""
    from tests.web.browsing import signed_in_cookies

    return signed_in_cookies(browser, served)


@pytest.fixture
def visit(browser: Browser, served: Served, cookies: list[Any]) -> Iterator[Visit]:
    """A tab at 1440 pixels of somebody who is signed in; nothing may have gone wrong in it in the end."""
    from tests.web.browsing import visiting

    with visiting(browser, served, cookies) as opened:
        yield opened
        assert opened.wrong == []
