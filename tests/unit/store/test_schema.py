"""The schema: made, brought up from each older form, refused when newer or somebody else's, by any number of processes at once."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, insert, text

from remit.model.agent import AgentState
from remit.model.errors import RefusedError
from remit.model.standing import Standing
from remit.store.address import address
from remit.store.kinds import body_of, digest_of
from remit.store.records import Store
from remit.store.tables import REVISION, VERSION_TABLE, metadata, record

STANDING = Standing(agent="a", state=AgentState.ACTIVE, since="2026-07-31T11:00:00Z", by="dana")
SEEN = "2026-07-31T11:00:00Z"


def _settings() -> Config:
    settings = Config()
    settings.set_main_option("script_location", "remit.store:migrations")
    settings.set_main_option("path_separator", "os")
    return settings


REVISIONS = [script.revision for script in ScriptDirectory.from_config(_settings()).walk_revisions()]


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    place = address(url)
    if place.path is not None:
        place.path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(place.url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def _make(url: str, revision: str) -> None:
    """A store as the Remit of that time left it."""
    with _connected(url) as connection:
        settings = _settings()
        settings.attributes["connection"] = connection
        command.upgrade(settings, revision)
        body = body_of(STANDING).decode()
        row = {"sequence": 1, "kind": "standing", "key": "a", "version": 1, "form": 1, "body": body, "digest": digest_of(body.encode())}
        connection.execute(insert(record).values(**row, seen=SEEN, recorded=SEEN, by="", is_gone=False))
        connection.execute(text("INSERT INTO remit_head (kind, key, sequence, is_gone) VALUES ('standing', 'a', 1, false)"))


def test_the_tables_are_what_the_migrations_make(url: str) -> None:
    Store.open(url).close()
    with _connected(url) as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == REVISION == REVISIONS[0]


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_store_of_each_older_form_is_brought_up_and_keeps_what_it_holds(url: str, revision: str) -> None:
    _make(url, revision)
    with Store.open(url) as store:
        assert store.all(Standing) == [STANDING]
        assert store.put(STANDING, seen=SEEN) is False
        assert store.uses() == []
    with _connected(url) as connection:
        assert connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar() == REVISION


def test_a_store_of_a_newer_remit_is_refused_and_left_as_it_is(url: str) -> None:
    Store.open(url).close()
    with _connected(url) as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = 'r9999'"))
    for _ in range(2):
        with pytest.raises(RefusedError, match="written by a newer remit"):
            Store.open(url)


def test_a_database_of_something_else_is_refused(url: str) -> None:
    with _connected(url) as connection:
        connection.execute(text("CREATE TABLE remit_record (x integer)"))
    with pytest.raises(RefusedError, match="a database of something else"):
        Store.open(url)


def test_a_file_of_another_program_is_refused_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE customers (name text)")
    other.close()
    with pytest.raises(RefusedError, match="a database of something else"):
        Store.open(f"sqlite:///{path}")
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("customers",)]
    other.close()


def test_the_tables_of_others_in_a_database_of_postgres_are_left_alone(postgres) -> None:  # type: ignore[no-untyped-def]
    url = postgres.new_database("shared")
    postgres.execute("CREATE TABLE customers (name text)", "shared")
    with Store.open(url) as store:
        store.put(STANDING, seen=SEEN)
    assert postgres.execute("SELECT count(*) FROM customers", "shared") == [(0,)]
    postgres.drop_database("shared")


_OPENS = (
    "import sys\n"
    "from remit.store.records import Store\n"
    "from remit.model.standing import Ownership\n"
    "sys.stdin.readline()\n"
    "with Store.open(sys.argv[1]) as store:\n"
    "    for number in range(5):\n"
    "        store.put(Ownership(agent=f'{sys.argv[2]}-{number}', person='dana', since='', by=''), seen='')\n"
)


@pytest.mark.parametrize("revision", [None, REVISIONS[-1]], ids=["new", "older"])
def test_commands_that_start_at_once_make_or_bring_up_one_store_and_lose_nothing(url: str, revision: str | None) -> None:
    from remit.model.standing import Ownership

    if revision is not None:
        _make(url, revision)
    words = [sys.executable, "-c", _OPENS, url]
    started = [subprocess.Popen([*words, str(number)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for number in range(4)]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0] * len(started), said
    with Store.open(url) as store:
        assert len(store.all(Ownership)) == 20
        assert store.sequence() == 20 + (revision is not None)


def test_the_file_and_what_stands_beside_it_are_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "store.sqlite3"
    with Store.open(f"sqlite:///{path}") as store:
        store.put(STANDING, seen=SEEN)
        with store.exclusive("scan"):
            modes = {found.name: stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()}
            assert stat.S_IMODE(path.parent.stat().st_mode) == stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
    assert set(modes.values()) == {0o600}
    assert {"store.sqlite3", "store.sqlite3-wal", "store.sqlite3.scan.lock"} <= modes.keys()
