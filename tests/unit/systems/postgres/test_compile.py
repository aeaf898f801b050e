from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.servers import LivePostgres, postgres_server

from remit.document.parse import parse_or_raise
from remit.model.native import Native
from remit.systems.postgres.system import SYSTEM

HEAD = """
remit: 1
agent: triage
purpose: Look.
owner: {contact: dana@example.com}
IDENTITIES
objectives:
  look:
    why: "Somebody has to\\nlook."
    can:
LINES
"""


def compiled(*lines: str, never: str = "", identities: str = 'identities: ["postgres:fin/Agent-X"]') -> Native:
    can = "\n".join(f"      - {line}" for line in lines)
    text = HEAD.replace("LINES", can).replace("IDENTITIES", identities) + (f"never:\n  - {never}\n" if never else "")
    return SYSTEM.compile(parse_or_raise(text, "remit.yaml"))


@pytest.fixture(scope="module")
def server() -> Iterator[LivePostgres]:
    with postgres_server() as live:
        live.execute('CREATE ROLE "Agent-X"; CREATE ROLE triage; CREATE SCHEMA "HR"; CREATE SCHEMA app')
        live.execute(
            'CREATE TABLE "HR"."Audit Log" (a int, "B c" int); CREATE TABLE app.orders (a int); CREATE TABLE app.order_lines (a int)'
        )
        live.execute('CREATE TABLE app."100%_sure" (a int); CREATE FUNCTION app.f(a int) RETURNS int LANGUAGE sql AS $$SELECT 1$$')
        yield live


def granted(server: LivePostgres, native: Native, role: str = "Agent-X") -> set[tuple[str, str]]:
    """What a role has after the text was run: (privilege, `schema.table`), as it stands in the catalogue. Taken back afterwards."""
    server.execute(native.text)
    rows = server.execute(f"""SELECT lower(x.privilege_type), n.nspname || '.' || c.relname || coalesce('.' || x.attname, '') FROM
        (SELECT oid, NULL AS attname, relacl AS acl FROM pg_class UNION ALL SELECT attrelid, attname, attacl FROM pg_attribute) held,
        aclexplode(held.acl) e(grantor, grantee, privilege_type, is_grantable), pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
        LATERAL (SELECT e.privilege_type, held.attname) x
        WHERE c.oid = held.oid AND e.grantee = '"{role}"'::regrole""")
    server.execute(f'DROP OWNED BY "{role}"')
    return {(str(privilege), str(name)) for privilege, name in rows}


def test_a_line_on_a_table_is_granted_with_its_columns_and_the_schema(server: LivePostgres):
    native = compiled(
        '{read: "postgres:fin", resource: \'"HR"."Audit Log"\', columns: ["B c"]}', '{create: "postgres:fin", resource: app.orders}'
    )
    assert native.residue == ()
    assert granted(server, native) == {("select", "HR.Audit Log.B c"), ("insert", "app.orders")}


def test_a_pattern_is_granted_on_what_matches_and_no_sign_of_it_means_more_in_sql(server: LivePostgres):
    assert granted(server, compiled('{read: "postgres:fin", resource: "app.order*"}')) == {
        ("select", "app.orders"),
        ("select", "app.order_lines"),
    }
    assert granted(server, compiled('{read: "postgres:fin", resource: "app.order__*"}')) == set()
    assert granted(server, compiled('{read: "postgres:fin", resource: "app.100%_s*"}')) == {("select", "app.100%_sure")}


def test_what_is_never_allowed_is_left_out_of_a_pattern_and_of_a_name(server: LivePostgres):
    never = '{any: "postgres:fin", resource: "app.order_*"}'
    native = compiled('{read: "postgres:fin", resource: "app.order*"}', '{delete: "postgres:fin", resource: app.order_lines}', never=never)
    assert granted(server, native) == {("select", "app.orders")}
    assert granted(server, compiled('{any: "postgres:fin", resource: app.orders}', never='{delete: "*"}')) == {
        ("select", "app.orders"),
        ("insert", "app.orders"),
        ("update", "app.orders"),
    }


def test_without_an_identity_of_the_connection_the_role_is_called_like_the_agent(server: LivePostgres):
    native = compiled('{read: "postgres:fin", resource: app.orders}', identities='identities: ["postgres:other/x"]')
    assert granted(server, native, "triage") == {("select", "app.orders")}


def test_functions_are_granted_by_name_and_types(server: LivePostgres):
    native = compiled('{execute: "postgres:fin", resource: "function/app.f(integer)"}')
    assert native.residue == ()
    server.execute(native.text)
    assert server.execute("SELECT has_function_privilege('Agent-X', 'app.f(int)', 'EXECUTE')") == [(True,)]
    server.execute('DROP OWNED BY "Agent-X"')


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{read: "postgres:fin", resource: app.t, where: {a: "1"}}', "knows no arguments"),
        ('{delete: "postgres:fin", resource: app.t, columns: [a]}', "whole rows"),
        ('{administer: "postgres:fin", resource: app.t}', "no privilege on a table means `administer`"),
        ('{read: "postgres:fin", resource: orders}', "written `schema.table`"),
        ('{execute: "postgres:fin", resource: "function/app.f(int); DROP TABLE app.orders; --(x)"}', "write a function as"),
        ('{execute: "postgres:fin", resource: "function/*"}', "no privilege that can be granted by name"),
        ('{read: "aws:s3", resource: "*"}', "is no Postgres"),
    ],
)
def test_what_a_grant_cannot_say_is_residue_and_not_granted(server: LivePostgres, line: str, told: str):
    native = compiled(line)
    assert told in native.residue[0].why
    assert granted(server, native) == set()


HOSTILE = "app.x$remit$; DROP TABLE app.orders; --\\\\' OR TRUE*"


def test_hostile_names_stay_names(server: LivePostgres):
    line = '{read: "postgres:fin", resource: "' + HOSTILE + '"}'
    assert granted(server, compiled(line)) == set()
    assert server.execute("SELECT count(*) FROM app.orders") == [(0,)]
