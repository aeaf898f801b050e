"""The reader on a live server: what it sees, and what it says where it may not look."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.servers import LivePostgres, postgres_server

from remit.model.access import NativeObject
from remit.model.connection import Connection
from remit.model.errors import RefusedError, UsageError
from remit.model.evidence import Gap, GapKind
from remit.systems.postgres.change import WRITER
from remit.systems.postgres.system import SYSTEM

SETUP = """
CREATE ROLE owner; CREATE ROLE "Agent X" LOGIN VALID UNTIL '2027-01-02 03:04:05+00' CONNECTION LIMIT 3;
CREATE ROLE forever VALID UNTIL 'infinity';
COMMENT ON ROLE "Agent X" IS 'owner: dana@example.com'; CREATE ROLE team; GRANT team TO "Agent X" WITH INHERIT FALSE;
GRANT CREATE ON DATABASE fin TO owner; SET ROLE owner; CREATE SCHEMA app;
CREATE TABLE app.orders (id serial, "Total" int); GRANT SELECT ("Total"), UPDATE ON app.orders TO "Agent X";
ALTER TABLE app.orders ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON app.orders FOR SELECT TO team USING (true);
CREATE VIEW app.shown AS SELECT 1 AS one; CREATE FUNCTION app.f(a int, text[]) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO team; RESET ROLE; GRANT SELECT ON pg_catalog.pg_authid TO team;
"""


@pytest.fixture(scope="module")
def server() -> Iterator[LivePostgres]:
    with postgres_server() as live:
        live.new_database("fin")
        live.execute(SETUP, "fin")
        live.execute(SYSTEM.least_privilege(connection(live, "postgres"), "read").text, "fin")
        yield live


def connection(server: LivePostgres, user: str = "remit_read", **settings: str) -> Connection:
    return Connection(id="postgres:fin", kind="postgres", name="fin", settings={"url": server.url("fin", user), **settings})


def read(server: LivePostgres, **settings: str) -> list[NativeObject | Gap]:
    reader = SYSTEM.open(connection(server, **settings), {})
    try:
        return [item for item in reader.read() if isinstance(item, NativeObject | Gap)]
    finally:
        reader.close()


def bodies(found: list[NativeObject | Gap], kind: str) -> dict[str, dict[str, object]]:
    return {item.id: dict(item.body) for item in found if isinstance(item, NativeObject) and item.kind == kind}


def test_everything_is_seen_with_connect_alone(server: LivePostgres):
    found = read(server, write_url=server.url("fin", "remit_write"))
    assert not [item for item in found if isinstance(item, Gap)]
    assert bodies(found, "pg:database")["fin"]["version"] == 180004
    agent = bodies(found, "pg:role")["Agent X"]
    assert (agent["valid_until"], agent["connection_limit"]) == ("2027-01-02T03:04:05Z", 3)
    assert agent["comment"] == "owner: dana@example.com"
    assert bodies(found, "pg:role")["forever"]["valid_until"] is None
    membership = bodies(found, "pg:membership")['team/"Agent X"/postgres']
    assert (membership["inherit"], membership["set"], membership["admin"]) == (False, True, False)
    orders = bodies(found, "pg:relation")["app.orders"]
    assert orders["columns"] == [{"name": "id", "acl": None}, {"name": "Total", "acl": ['"Agent X"=r/owner']}]
    assert orders["acl"] == ['"Agent X"=w/owner', "owner=arwdDxtm/owner"]
    assert orders["policies"] == [{"name": "own", "command": "r", "permissive": True, "roles": ["team"]}]
    sequence = bodies(found, "pg:relation")["app.orders_id_seq"]
    assert sequence["used_by"] == [{"schema": "app", "table": "orders", "column": "id"}]
    assert bodies(found, "pg:relation")["app.shown"]["kind"] == "view"
    assert bodies(found, "pg:function")["app.f(a integer, text[])"]["security_definer"] is True
    assert bodies(found, "pg:default-acl")["owner/app/r"]["acl"] == ["team=r/owner"]
    assert bodies(found, "self") == {
        "read": {"side": "read", "role": "remit_read", "unread": []},
        "write": {"side": "write", "role": "remit_write", "unread": []},
    }


def test_of_the_system_only_what_somebody_changed_is_listed(server: LivePostgres):
    relations = bodies(read(server), "pg:relation")
    assert [name for name in relations if name.startswith(("pg_catalog", "information_schema"))] == ["pg_catalog.pg_authid"]


def test_reading_changes_nothing_and_two_readings_are_equal(server: LivePostgres):
    assert read(server) == read(server)


def test_a_catalogue_that_may_not_be_read_is_a_gap_and_costs_no_other(server: LivePostgres):
    server.execute("REVOKE SELECT ON pg_catalog.pg_auth_members FROM PUBLIC", "fin")
    try:
        found = read(server)
        gaps = [item for item in found if isinstance(item, Gap)]
        assert [(str(gap.place), gap.kind) for gap in gaps] == [("postgres:fin pg_auth_members", GapKind.NO_PERMISSION)]
        assert "app.orders" in bodies(found, "pg:relation")
        access = next(iter(SYSTEM.access([item for item in found if isinstance(item, NativeObject)], ["postgres:fin/Agent X"])))
        assert [gap.place for gap in access.unread] == ["postgres:fin pg_auth_members"]
    finally:
        server.execute("GRANT SELECT ON pg_catalog.pg_auth_members TO PUBLIC", "fin")


def test_a_server_that_ends_the_session_in_the_middle_leaves_gaps_and_no_traceback(server: LivePostgres):
    reader = SYSTEM.open(connection(server), {})
    reading = reader.read()
    assert isinstance(next(reading), NativeObject)
    server.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'remit_read'")
    rest = list(reading)
    reader.close()
    assert {item.kind for item in rest if isinstance(item, Gap)} == {GapKind.NO_ANSWER}
    assert any(isinstance(item, NativeObject) and item.kind == "self" and item.body["unread"] for item in rest)


def test_a_connection_without_a_log_says_that_use_is_not_known(server: LivePostgres):
    reader = SYSTEM.open(connection(server), {})
    gaps = list(reader.records(None))
    reader.close()
    assert [gap.kind for gap in gaps if isinstance(gap, Gap)] == [GapKind.LEFT_OUT]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://remit_read:hunter2@127.0.0.1/fin", "holds a password"),
        ("postgresql://remit_read@127.0.0.1/fin?password=hunter2", "holds a password"),
        ("host=127.0.0.1 password=hunter2", "holds a password"),
        ("mysql://hunter2@127.0.0.1/fin", "is none that Postgres knows"),
        ("postgresql://remit_read@127.0.0.1:1/fin", "cannot connect to `postgres:fin`"),
        ("", "has no url"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_secret(url: str, told: str):
    with pytest.raises(RefusedError) as caught:
        SYSTEM.open(Connection(id="postgres:fin", kind="postgres", name="fin", settings={"url": url}), {})
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_connection_without_a_write_address_cannot_be_written(server: LivePostgres):
    from remit.model.plan import Approval

    with pytest.raises(RefusedError, match="has no write url"):
        WRITER.open(connection(server), {}, Approval(plan="plan:x", by="d", os_user="d", at="2026-11-26T10:00:00Z"))


def test_the_scripts_of_the_least_privilege_may_be_run_again_and_give_nothing_that_is_inherited(server: LivePostgres):
    for side in ("read", "write", "read", "write"):
        server.execute(SYSTEM.least_privilege(connection(server), side).text, "fin")
    asked = "SELECT rolsuper, rolbypassrls, rolcreatedb, rolreplication FROM pg_roles WHERE rolname LIKE 'remit_%'"
    assert server.execute(asked) == [(False, False, False, False)] * 2
    asked = "SELECT DISTINCT inherit_option FROM pg_auth_members WHERE member IN ('remit_read'::regrole, 'remit_write'::regrole)"
    assert server.execute(asked, "fin") == [(False,)]
    with pytest.raises(UsageError, match="is no side"):
        SYSTEM.least_privilege(connection(server), "both")
