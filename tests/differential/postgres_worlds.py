"""Databases made at random from a seed: owners, agents, groups, memberships with every option, grants on wholes and on columns."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import psycopg
from psycopg import sql
from tests.servers import LivePostgres

from remit.model.access import NativeObject
from remit.model.connection import Connection
from remit.model.plan import Approval
from remit.systems.postgres.system import SYSTEM

PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")
ON_COLUMNS = ("SELECT", "INSERT", "UPDATE", "REFERENCES")
APPROVAL = Approval(plan="plan:test", by="dana@example.com", os_user="dana", at="2026-11-26T10:00:00Z")
_SUFFIXES = ("", "-Team A", ' "quoted"', "_é", "=x/y", "_user")


class Made(msgspec.Struct):
    """A database, and the names in it."""

    server: LivePostgres
    name: str
    roles: list[str]
    agents: list[str]
    owners: list[str]
    schemas: list[str]
    tables: list[tuple[str, str]]
    columns: tuple[str, ...] = ("a", "b", "C d", "order")

    def connection(self, write_as: str | None = "postgres", read_as: str = "postgres") -> Connection:
        """The connection as `remit connect` would remember it."""
        settings = {"url": self.server.url(self.name, read_as)}
        if write_as is not None:
            settings["write_url"] = self.server.url(self.name, write_as)
        return Connection(id="postgres:world", kind="postgres", name="world", settings=settings)

    def objects(self, write_as: str | None = "postgres", read_as: str = "postgres") -> list[NativeObject]:
        """Everything that a reading gives."""
        reader = SYSTEM.open(self.connection(write_as, read_as), {})
        try:
            found = list(reader.read())
        finally:
            reader.close()
        assert all(isinstance(item, NativeObject) for item in found), [item for item in found if not isinstance(item, NativeObject)]
        return [item for item in found if isinstance(item, NativeObject)]

    def session(self, user: str = "postgres") -> psycopg.Connection[Any]:
        """A session of a role's own."""
        return psycopg.connect(self.server.url(self.name, user), autocommit=True)

    def ref(self, role: str) -> str:
        """The canonical ref of a role."""
        return f"postgres:world/{role}"


@contextmanager
def made_world(server: LivePostgres, seed: int, *, owned_by_superuser: bool = True) -> Iterator[Made]:
    """Makes a database and roles, and takes both away again."""
    chance = random.Random(seed)
    name = f"w{seed}"
    server.new_database(name)
    roles = [f"w{seed}r{number}{chance.choice(_SUFFIXES)}" for number in range(chance.randint(6, 9))]
    made = Made(server, name, roles, [], [], [], [])
    try:
        with psycopg.connect(server.url(name), autocommit=True) as admin:
            _make(admin, made, chance, owned_by_superuser)
        yield made
    finally:
        _forget(server, name, seed)


def _forget(server: LivePostgres, name: str, seed: int) -> None:
    """Drops the database and its roles, those of Remit too."""
    server.drop_database(name)
    with psycopg.connect(server.url(), autocommit=True) as admin:
        names = [
            row[0] for row in admin.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE %s OR rolname LIKE 'remit_%%'", [f"w{seed}r%"])
        ]
        for role in names:
            admin.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(sql.Identifier(role)))
        for _ in range(3):
            for role in list(names):
                try:
                    admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
                    names.remove(role)
                except psycopg.Error:
                    continue
        assert not names, f"roles that could not be dropped: {names}"


def _make(admin: psycopg.Connection[Any], made: Made, chance: random.Random, owned_by_superuser: bool) -> None:
    tries = _Tries(admin)
    for number, role in enumerate(made.roles):
        login = number < 4 or chance.random() < 0.4
        options = [word for word in ("CREATEROLE", "CREATEDB", "BYPASSRLS", "NOINHERIT") if chance.random() < 0.15]
        tries.must("CREATE ROLE {} {} " + " ".join(options), role, sql.SQL("LOGIN" if login else "NOLOGIN"))
    made.agents = made.roles[:3]
    made.owners = made.roles[3:5] + (["postgres"] if owned_by_superuser else [])
    _memberships(tries, made, chance)
    for schema in ("HR", "sales", "public"):
        owner = chance.choice(made.owners)
        if schema != "public":
            tries.must("CREATE SCHEMA {} AUTHORIZATION {}", schema, owner)
        made.schemas.append(schema)
        for table in chance.sample(["daily", "Audit Log", "people", "select"], chance.randint(1, 3)):
            _table(tries, made, chance, schema, table, chance.choice(made.owners))
    _grants(tries, made, chance)


class _Tries:
    """Statements that may be refused (a grant in a circle, an option that is not there), and ones that must not be."""

    def __init__(self, admin: psycopg.Connection[Any]) -> None:
        self._admin = admin

    def must(self, text: str, *names: Any) -> None:
        parts = [name if isinstance(name, sql.Composable) else sql.Identifier(name) for name in names]
        self._admin.execute(sql.SQL(text).format(*parts))  # type: ignore[arg-type]

    def may(self, text: str, *names: Any, as_role: str | None = None) -> None:
        try:
            if as_role is not None and as_role != "postgres":
                self.must("SET ROLE {}", as_role)
            self.must(text, *names)
        except psycopg.Error:
            pass
        finally:
            self._admin.execute("RESET ROLE")


def _memberships(tries: _Tries, made: Made, chance: random.Random) -> None:
    for _ in range(chance.randint(4, 9)):
        role, member = chance.sample(made.roles, 2)
        if chance.random() < 0.15:
            role = chance.choice(["pg_read_all_data", "pg_write_all_data", "pg_maintain", "pg_monitor"])
        options = ", ".join(f"{word} {chance.choice(['TRUE', 'FALSE'])}" for word in ("INHERIT", "SET"))
        admin = chance.random() < 0.25
        tries.may(f"GRANT {{}} TO {{}} WITH {options}, ADMIN {admin}", role, member)
        if admin and chance.random() < 0.5:
            tries.may("GRANT {} TO {}", role, chance.choice(made.roles), as_role=member)


def _table(tries: _Tries, made: Made, chance: random.Random, schema: str, table: str, owner: str) -> None:
    serial = "serial" if chance.random() < 0.3 else "int"
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(serial if name == "a" else "int"))
        for name in made.columns  # type: ignore[arg-type]
    )
    thing = sql.Identifier(schema, table)
    tries.must("CREATE TABLE {} ({})", thing, columns)
    tries.must("ALTER TABLE {} OWNER TO {}", thing, owner)
    made.tables.append((schema, table))
    if chance.random() < 0.2:
        tries.must("REVOKE ALL ON {} FROM {}", thing, owner)


def _grants(tries: _Tries, made: Made, chance: random.Random) -> None:
    grantees = [*made.roles, "PUBLIC"]
    for schema in made.schemas:
        for role in made.roles:
            if chance.random() < 0.6:
                words = chance.choice(["USAGE", "USAGE", "USAGE, CREATE", "CREATE"])
                tries.must(f"GRANT {words} ON SCHEMA {{}} TO {{}}", schema, role)
        if chance.random() < 0.3:
            tries.must("GRANT USAGE ON SCHEMA {} TO PUBLIC", schema)
        if chance.random() < 0.3:
            tries.must("REVOKE ALL ON SCHEMA {} FROM PUBLIC", schema)
    for schema, table in made.tables:
        thing = sql.Identifier(schema, table)
        for _ in range(chance.randint(2, 7)):
            grantee = chance.choice(grantees)
            to = sql.SQL("PUBLIC") if grantee == "PUBLIC" else sql.Identifier(grantee)
            option = " WITH GRANT OPTION" if grantee != "PUBLIC" and chance.random() < 0.25 else ""
            if chance.random() < 0.5:
                words = ", ".join(chance.sample(PRIVILEGES, chance.randint(1, 3)))
                tries.must(f"GRANT {words} ON {{}} TO {{}}{option}", thing, to)
            else:
                column = sql.Identifier(chance.choice(made.columns))
                tries.must(f"GRANT {chance.choice(ON_COLUMNS)} ({{}}) ON {{}} TO {{}}{option}", column, thing, to)
            if option and chance.random() < 0.5:
                tries.may(f"GRANT {chance.choice(PRIVILEGES)} ON {{}} TO {{}}", thing, chance.choice(made.roles), as_role=grantee)
    for schema in chance.sample(made.schemas, 2):
        tries.must("CREATE FUNCTION {} (x int) RETURNS int LANGUAGE sql AS 'SELECT 1'", sql.Identifier(schema, "plain"))
        tries.must("ALTER FUNCTION {} (int) OWNER TO {}", sql.Identifier(schema, "plain"), chance.choice(made.owners))
        tries.must("REVOKE EXECUTE ON FUNCTION {} (int) FROM PUBLIC", sql.Identifier(schema, "plain"))
        tries.must("GRANT EXECUTE ON FUNCTION {} (int) TO {}", sql.Identifier(schema, "plain"), chance.choice(made.agents))


def snapshot(made: Made) -> dict[str, list[Any]]:
    """Everything about privileges, memberships and roles, as the server itself expands it."""
    queries = {
        "relations": """SELECT c.oid::regclass::text, x.* FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault(
            CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) x
            WHERE c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast')""",
        "columns": """SELECT a.attrelid::regclass::text, a.attname, x.* FROM pg_attribute a, aclexplode(a.attacl) x
            WHERE a.attrelid >= 16384""",
        "schemas": """SELECT n.nspname, x.* FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) x
            WHERE n.nspname NOT LIKE 'pg_%'""",
        "functions": "SELECT p.oid::regprocedure::text, x.* FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x "
        "WHERE p.oid >= 16384",
        "databases": """SELECT d.datname, x.* FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x
            WHERE d.datname = current_database()""",
        "memberships": "SELECT roleid, member, grantor, inherit_option, set_option, admin_option FROM pg_auth_members",
        "roles": """SELECT rolname, rolsuper, rolinherit, rolcanlogin, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication,
            rolconnlimit, rolvaliduntil::text FROM pg_roles""",
    }
    with made.session() as admin:
        return {name: sorted(admin.execute(query.encode()).fetchall(), key=str) for name, query in queries.items()}
