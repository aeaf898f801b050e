"""Puts the organisation's database into a real Postgres: schemas, tables, roles, grants, and a JSON log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from tests.estate.names import quoted
from tests.estate.truth import Company
from tests.servers import LivePostgres, postgres_server

LOG = "pg_json_log"
SETTINGS = {
    "logging_collector": "on", "log_destination": "jsonlog", "log_statement": "all", "log_directory": LOG, "log_file_mode": "0644",
    "log_filename": "postgresql-%Y-%m-%d_%H%M%S.log", "log_connections": "on", "log_timezone": "UTC",
}  # fmt: skip
DBA = "platform_dba"
"""Who makes roles and gives grants; no superuser."""


@contextmanager
def database(made: Company) -> Iterator[LivePostgres]:
    """A server with the organisation's database in it."""
    with postgres_server(SETTINGS) as server:
        server.execute(f'CREATE DATABASE "{made.database}"')
        with psycopg.connect(server.url(made.database), autocommit=True) as connection:
            for statement in statements(made):
                connection.execute(statement.encode())
        yield server


def statements(made: Company) -> Iterator[str]:
    """What a superuser runs to make it all."""
    owners = sorted({table.split(".")[0].strip('"') for table in made.tables})
    yield f"CREATE ROLE {DBA} NOLOGIN CREATEROLE NOSUPERUSER"
    yield f'GRANT ALL ON DATABASE "{made.database}" TO {DBA} WITH GRANT OPTION'
    yield f"SET ROLE {DBA}"
    for schema in owners:
        yield f"CREATE ROLE {quoted(schema + '_owner')} NOLOGIN"
        yield f"GRANT {quoted(schema + '_owner')} TO {DBA} WITH INHERIT TRUE, SET TRUE"
        yield f"CREATE SCHEMA {quoted(schema)} AUTHORIZATION {quoted(schema + '_owner')}"
    for table, columns in made.tables.items():
        yield f"SET ROLE {quoted(table.split('.')[0].strip(chr(34)) + '_owner')}"
        yield f"CREATE TABLE {table} (id serial PRIMARY KEY, {', '.join(f'{name} {kind}' for name, kind in columns.items())})"
        yield f"INSERT INTO {table} DEFAULT VALUES"
        yield f"SET ROLE {DBA}"
    for group in made.groups:
        yield f"CREATE ROLE {group} NOLOGIN"
    yield from _roles(made)
    for group, grants in made.groups.items():
        for grant in grants:
            yield from _granted(grant, group)
    first = next(iter(made.tables)).split(".")[0]
    yield f"SET ROLE {quoted(first + '_owner')}"
    yield f"CREATE VIEW {first}.holidays AS SELECT 1 AS day"
    yield f"GRANT SELECT ON TABLE {first}.holidays TO PUBLIC"
    yield f"ALTER DEFAULT PRIVILEGES IN SCHEMA {first} GRANT SELECT ON TABLES TO shop_web"
    yield f"SET ROLE {DBA}"
    hostile = made.hostile[0] + made.hostile[4].replace("'", "")
    yield f"COMMENT ON ROLE shop_web IS '{hostile}'"
    yield "RESET ROLE"


def _roles(made: Company) -> Iterator[str]:
    done: set[str] = set()
    taken = {agent.database.role for agent in made.agents if agent.database}
    for number, person in enumerate(made.people[:5]):
        if person.database_role not in taken:
            yield f"CREATE ROLE {quoted(person.database_role)} LOGIN PASSWORD '{made.canaries['sql']}{number}'"
            yield f"COMMENT ON ROLE {quoted(person.database_role)} IS '{person.name} <{person.mail}>'"
    yield "CREATE ROLE shop_web LOGIN"
    for group in made.groups:
        yield f"GRANT {group} TO shop_web"
    for agent in made.agents:
        identity = agent.database
        if identity is None or identity.role in done:
            continue
        done.add(identity.role)
        until = f" VALID UNTIL '{identity.valid_until}'" if identity.valid_until else ""
        yield f"CREATE ROLE {quoted(identity.role)} LOGIN PASSWORD '{made.canaries['sql']}'{until}"
        if identity.comment:
            yield f"COMMENT ON ROLE {quoted(identity.role)} IS '{identity.comment}'"
        for group in identity.groups:
            yield f"GRANT {group} TO {quoted(identity.role)}"
        for grant in identity.grants:
            yield from _granted(grant, identity.role)


def _granted(grant: str, to: str) -> Iterator[str]:
    """A grant, given by the owner of what it is on."""
    on = grant.rsplit(" ", 1)[1]
    schema = on.split(".")[0].strip('"')
    yield f"SET ROLE {quoted(schema + '_owner')}"
    yield f"GRANT {grant} TO {quoted(to)}"
    yield f"SET ROLE {DBA}"


def run_script(server: LivePostgres, database_name: str, script: str) -> None:
    """Runs what an administrator is told to run, as the administrator (a superuser)."""
    with psycopg.connect(server.url(database_name), autocommit=True) as connection:
        connection.execute(script.encode())


SNAPSHOT = """
SELECT 'relation', n.nspname || '.' || c.relname, a.grantor::regrole::text, a.grantee::regrole::text, a.privilege_type, a.is_grantable::text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
       aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, c.relowner))) a
 WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'v', 'm', 'S', 'p', 'f')
UNION ALL
SELECT 'column', n.nspname || '.' || c.relname || '.' || t.attname, a.grantor::regrole::text, a.grantee::regrole::text, a.privilege_type,
       a.is_grantable::text
  FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(t.attacl) a
 WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
UNION ALL
SELECT 'schema', n.nspname, a.grantor::regrole::text, a.grantee::regrole::text, a.privilege_type, a.is_grantable::text
  FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a WHERE n.nspname NOT LIKE 'pg\\_%'
UNION ALL
SELECT 'database', d.datname, a.grantor::regrole::text, a.grantee::regrole::text, a.privilege_type, a.is_grantable::text
  FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
UNION ALL
SELECT 'member', m.roleid::regrole::text, m.grantor::regrole::text, m.member::regrole::text,
       m.inherit_option::text || m.set_option::text, m.admin_option::text
  FROM pg_auth_members m
UNION ALL
SELECT 'role', r.rolname, r.rolsuper::text || r.rolinherit::text || r.rolcreaterole::text || r.rolcreatedb::text, r.rolcanlogin::text,
       coalesce(r.rolvaliduntil::text, '') || r.rolconnlimit::text || r.rolbypassrls::text, coalesce(r.rolconfig::text, '')
  FROM pg_roles r WHERE r.rolname NOT LIKE 'pg\\_%'
ORDER BY 1, 2, 3, 4, 5, 6
"""


def snapshot(server: LivePostgres, made: Company) -> list[tuple[Any, ...]]:
    """Every privilege, membership and role attribute, in an order of its own: equal lists, equal state."""
    with psycopg.connect(server.url(made.database), autocommit=True) as connection:
        return connection.execute(sql.SQL(SNAPSHOT)).fetchall()  # type: ignore[arg-type]
