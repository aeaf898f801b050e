"""Places for stores: each test of the store runs on a file of SQLite and on a real Postgres."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.servers import LivePostgres

from remit.store.records import Store

_NUMBERS = itertools.count()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Gives the URL of a new, empty store each time."""
    made: list[str] = []
    if request.param == "sqlite":
        yield lambda: f"sqlite:///{tmp_path}/{next(_NUMBERS)}/store.sqlite3"
        return
    server: LivePostgres = request.getfixturevalue("postgres")

    def make() -> str:
        made.append(f"store-{next(_NUMBERS)}")
        return server.new_database(made[-1])

    yield make
    for name in made:
        server.drop_database(name)


@pytest.fixture
def url(place: Callable[[], str]) -> str:
    """The URL of one empty store."""
    return place()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """One empty store."""
    with Store.open(url) as opened:
        yield opened
