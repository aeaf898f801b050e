"""The state of the target of a step, as canonical text (`steps`), read from the live catalogues."""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg
from psycopg import sql

from remit.model.plan import Step
from remit.systems.postgres.steps import (
    ATTRIBUTE_NAMES,
    ATTRIBUTES,
    CLOSED,
    CLOSING,
    LOGIN,
    MEMBERSHIP,
    OPEN,
    PRIVILEGES,
    attributes_text,
    rows_text,
)

_COLUMNS: dict[str, LiteralString] = {
    "bypassrls": "rolbypassrls",
    "createdb": "rolcreatedb",
    "createrole": "rolcreaterole",
    "replication": "rolreplication",
}


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


def current_state(session: psycopg.Connection[Any], step: Step) -> str | None:
    """What the target looks like to this session now; None: the thing itself is not there."""
    given = step.arguments
    if step.operation == PRIVILEGES:
        return _privileges(session, given["class"], dict(given))
    if step.operation == MEMBERSHIP:
        return _membership(session, given["role"], given["grantee"])
    if step.operation == ATTRIBUTES:
        return _attributes(session, given["role"])
    if step.operation == LOGIN:
        return login_state(session, given["role"])
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


def login_state(session: psycopg.Connection[Any], role: str) -> str | None:
    """`OPEN`, `CLOSING` (it cannot log in, and a session of it is still alive) or `CLOSED`; None: there is no such role."""
    query = """SELECT r.rolcanlogin, EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.usesysid = r.oid)
FROM pg_catalog.pg_roles r WHERE r.rolname = %(role)s"""
    row = session.execute(query, {"role": role}).fetchone()
    if row is None:
        return None
    return OPEN if row[0] else CLOSING if row[1] else CLOSED
