"""The state of the target of a step, as canonical text (`objects`), read from the live catalogues."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from remit.model.plan import Step

PRIVILEGES, MEMBERSHIP, ATTRIBUTES, SESSIONS = "PRIVILEGES", "MEMBERSHIP", "ATTRIBUTES", "SESSIONS"
OPERATIONS = (PRIVILEGES, MEMBERSHIP, ATTRIBUTES, SESSIONS)
ATTRIBUTE_NAMES = ("bypassrls", "createdb", "createrole", "login", "replication")
_COLUMNS: dict[str, LiteralString] = {
    "bypassrls": "rolbypassrls",
    "createdb": "rolcreatedb",
    "createrole": "rolcreaterole",
    "login": "rolcanlogin",
    "replication": "rolreplication",
}


def rows_text(rows: Iterable[tuple[Any, ...]]) -> str:
    """Rows as canonical text: sorted, each once."""
    return json.dumps([list(row) for row in sorted(set(rows))], separators=(",", ":"), ensure_ascii=False)


def rows_in(text: str) -> list[tuple[Any, ...]]:
    """The rows in a canonical text."""
    return [tuple(row) for row in json.loads(text)]


def attributes_text(attributes: dict[str, bool]) -> str:
    """Attributes of a role as canonical text."""
    return json.dumps({name: bool(attributes.get(name)) for name in ATTRIBUTE_NAMES}, separators=(",", ":"), sort_keys=True)


def attributes_in(text: str) -> dict[str, bool]:
    """The attributes in a canonical text."""
    return dict(json.loads(text))


_RELATION: LiteralString = "pg_catalog.pg_class o JOIN pg_catalog.pg_namespace n ON n.oid = o.relnamespace"
_RELATION_IS: LiteralString = "n.nspname = %(schema)s AND o.relname = %(name)s AND o.relkind = ANY (%(kinds)s)"
_OBJECTS: dict[str, tuple[LiteralString, LiteralString, LiteralString, LiteralString]] = {
    "table": (_RELATION, _RELATION_IS, "o.relacl", "'r', o.relowner"),
    "sequence": (_RELATION, _RELATION_IS, "o.relacl", "'s', o.relowner"),
    "schema": ("pg_catalog.pg_namespace o", "o.nspname = %(name)s", "o.nspacl", "'n', o.nspowner"),
    "database": ("pg_catalog.pg_database o", "o.datname = %(name)s", "o.datacl", "'d', o.datdba"),
    "function": (
        "pg_catalog.pg_proc o JOIN pg_catalog.pg_namespace n ON n.oid = o.pronamespace",
        "n.nspname = %(schema)s AND o.proname = %(name)s AND pg_catalog.pg_get_function_identity_arguments(o.oid) = %(arguments)s",
        "o.proacl",
        "'f', o.proowner",
    ),
    "language": ("pg_catalog.pg_language o", "o.lanname = %(name)s", "o.lanacl", "'l', o.lanowner"),
    "server": ("pg_catalog.pg_foreign_server o", "o.srvname = %(name)s", "o.srvacl", "'S', o.srvowner"),
    "wrapper": ("pg_catalog.pg_foreign_data_wrapper o", "o.fdwname = %(name)s", "o.fdwacl", "'F', o.fdwowner"),
    "tablespace": ("pg_catalog.pg_tablespace o", "o.spcname = %(name)s", "o.spcacl", "'t', o.spcowner"),
    "large-object": ("pg_catalog.pg_largeobject_metadata o", "o.oid::text = %(name)s", "o.lomacl", "'L', o.lomowner"),
    "parameter": ("pg_catalog.pg_parameter_acl o", "o.parname = %(name)s", "o.paracl", "'p', 10::oid"),
}
CLASSES = tuple(_OBJECTS)
"""Classes of things whose privileges a step can change."""


def current_state(session: psycopg.Connection[Any], step: Step) -> str | None:
    """What the target looks like to this session now; None: the thing itself is not there."""
    given = step.arguments
    if step.operation == PRIVILEGES:
        return _privileges(session, given["class"], dict(given))
    if step.operation == MEMBERSHIP:
        return _membership(session, given["role"], given["grantee"])
    if step.operation == ATTRIBUTES:
        return _attributes(session, given["role"])
    if step.operation == SESSIONS:
        return _sessions(session, given["role"])
    raise ValueError(f"`{step.operation}` is no operation on Postgres")


def _privileges(session: psycopg.Connection[Any], class_: str, given: dict[str, Any]) -> str | None:
    source, condition, acl, default = (sql.SQL(text) for text in _OBJECTS[class_])
    parameters = {"kinds": ["S"] if class_ == "sequence" else ["r", "p", "v", "m", "f"], **given}
    found = session.execute(sql.SQL("SELECT o.oid FROM {} WHERE {}").format(source, condition), parameters).fetchone()
    if found is None:
        return None
    query = sql.SQL(
        """SELECT '', pg_catalog.lower(x.privilege_type), pg_catalog.pg_get_userbyid(x.grantor), x.is_grantable
FROM {} CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce({}, pg_catalog.acldefault({}))) x
JOIN pg_catalog.pg_roles g ON g.oid = x.grantee WHERE {} AND g.rolname = %(grantee)s"""
    ).format(source, acl, default, condition)
    rows = session.execute(query, parameters).fetchall()
    if class_ == "table":
        columns = """SELECT a.attname, pg_catalog.lower(x.privilege_type), pg_catalog.pg_get_userbyid(x.grantor), x.is_grantable
FROM pg_catalog.pg_attribute a CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) x JOIN pg_catalog.pg_roles g ON g.oid = x.grantee
WHERE a.attrelid = %(oid)s AND a.attnum > 0 AND NOT a.attisdropped AND g.rolname = %(grantee)s"""
        rows += session.execute(columns, {"oid": found[0], "grantee": given["grantee"]}).fetchall()
    return rows_text(rows)


def _membership(session: psycopg.Connection[Any], role: str, member: str) -> str:
    has_options = session.info.server_version >= 160000
    options = sql.SQL("m.inherit_option, m.set_option" if has_options else "u.rolinherit, true")
    query = sql.SQL(
        """SELECT pg_catalog.pg_get_userbyid(m.grantor), {}, m.admin_option FROM pg_catalog.pg_auth_members m
JOIN pg_catalog.pg_roles r ON r.oid = m.roleid JOIN pg_catalog.pg_roles u ON u.oid = m.member
WHERE r.rolname = %(role)s AND u.rolname = %(member)s"""
    ).format(options)
    return rows_text(session.execute(query, {"role": role, "member": member}).fetchall())


def _attributes(session: psycopg.Connection[Any], role: str) -> str | None:
    columns = sql.SQL(", ").join(sql.SQL(_COLUMNS[name]) for name in ATTRIBUTE_NAMES)
    query = sql.SQL("SELECT {} FROM pg_catalog.pg_roles WHERE rolname = %(role)s").format(columns)
    row = session.execute(query, {"role": role}).fetchone()
    return None if row is None else attributes_text(dict(zip(ATTRIBUTE_NAMES, row, strict=True)))


def _sessions(session: psycopg.Connection[Any], role: str) -> str:
    query = "SELECT a.pid FROM pg_catalog.pg_stat_activity a WHERE a.usename = %(role)s"
    return rows_text(session.execute(query, {"role": role}).fetchall())
