"""The log of a running Postgres, as psycopg's two protocols fill it: each statement counts once, by how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
from tests.servers import LivePostgres, postgres_server

from remit.contracts.system import RawRecord
from remit.model.access import Unread
from remit.model.connection import Connection
from remit.systems.postgres.audit import events_of, settled

JSON_LOG = {
    "logging_collector": "on",
    "log_destination": "jsonlog",
    "log_statement": "all",
    "log_directory": "json",
    "log_timezone": "Asia/Kolkata",
}
SETUP = """
create role clerk login;
create schema desk;
create table desk.tickets (id int, note text);
create table desk.salaries (id int);
create function desk.close(ticket int) returns int language sql as 'select 1';
grant usage on schema desk to clerk;
grant select, update on desk.tickets to clerk;
"""


@pytest.fixture(scope="module")
def server() -> Iterator[LivePostgres]:
    with postgres_server(JSON_LOG) as live:
        live.execute(SETUP)
        yield live


def records(server: LivePostgres) -> list[RawRecord]:
    found = []
    for path in sorted((server.folder / "json").glob("*.json")):
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            found.append(RawRecord(place=f"{path.name}:{number}", payload=line, cursor=f"{path.name}:{number}"))
    return found


def test_the_log_of_a_session_tells_what_it_did_and_what_was_refused(server: LivePostgres) -> None:
    statements: list[tuple[str, tuple[object, ...] | None]] = [
        ("select note from desk.tickets", None),
        ("select note from desk.tickets where id = %s", (1,)),
        ("update desk.tickets set note = %s where id = %s", ("hunter2-canary", 1)),
        ("select * from desk.salaries", None),
        ("select * from desk.salaries where id = %s", (1,)),
        ("select desk.close(1)", None),
        ("select 1 / 0 from desk.tickets", None),
        ("selec 1", None),
        ("do $$ begin perform 1; end $$", None),
        ("prepare mine as select * from desk.tickets", None),
        ("execute mine", None),
        ("alter role clerk password 'hunter2-canary'", None),
    ]
    with psycopg.connect(server.url(user="clerk"), autocommit=True, application_name="clerk-agent") as session:
        for statement, parameters in statements:
            with suppress(psycopg.Error):
                session.execute(statement.encode(), parameters)
    connection = Connection(id="postgres:desk", kind="postgres", name="desk", settings={"url": "postgresql://remit_read@/postgres"})
    told = []
    for record in settled(records(server)):
        assert isinstance(record, RawRecord)
        found = events_of(connection, record)
        assert not isinstance(found, Unread), found
        told += [f"{event.result} {event.action} {event.resource}" for event in found if event.session == "clerk-agent"]
        assert "canary" not in repr(found)
    assert told == [
        "allowed select desk.tickets",
        "allowed select desk.tickets",
        "allowed update desk.tickets",
        "denied select desk.salaries",
        "denied select desk.salaries",
        "allowed execute function/desk.close(*)",
        "failed select desk.tickets",
        "allowed do *",
        "allowed select desk.tickets",
        "allowed alter role/clerk",
    ]
