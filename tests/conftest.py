"""Servers that many tests share, one of each for a run; property tests that do not depend on the clock."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.servers import LivePostgres, postgres_server

# How long an example takes, or its making, says how busy the machine is, not whether the code is right.
settings.register_profile("clockless", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("clockless")


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
