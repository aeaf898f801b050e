"""Servers that many tests share, one of each for a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.servers import LivePostgres, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[LivePostgres]:
    """One Postgres for the run: make a database of your own with `new_database`, and never stop it or change roles that others use."""
    with postgres_server() as server:
        yield server
