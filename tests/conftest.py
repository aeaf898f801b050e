"""Servers that many tests share, one of each for a run."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.servers import LivePostgres, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[LivePostgres]:
    """One Postgres for the run: make a database of your own with `new_database`, and never stop it or change roles that others use."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder with a short path that other users may enter: a Postgres that root starts runs as one of them, and its socket needs room."""
    folder = Path(tempfile.mkdtemp(prefix="remit-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
