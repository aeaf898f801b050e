"""Tries one thing as a role, harmlessly.

In a read-only transaction that is rolled back the session becomes the role (SET LOCAL ROLE) and asks for the plan of a statement (EXPLAIN
without ANALYZE): permissions are checked when the executor starts, and nothing is executed. Planning may evaluate functions that whoever
owns the table has defined, and those could take the session's own role back. So a statement is planned only on plain tables that no
such function, type or operator is attached to; everything else is asked of the server (`has_table_privilege` and its like), as is what has
no plan, and what a role could do after SET ROLE to another one.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from remit.model.plan import Probe, Proof
from remit.systems.postgres.connect import PROOF_APPLICATION
from remit.systems.postgres.decides import class_of
from remit.systems.postgres.names import role_of, split_relation
from remit.systems.postgres.state import login_state
from remit.systems.postgres.steps import CLOSED

AS_IDENTITY, READ_BACK = "tried as the identity", "read back and evaluated"
ALLOWED, DENIED = "allowed", "denied"
_PLANNED = ("select", "insert", "update", "delete")
_FIRST_USER_OID = 16384

# Whether anything that a person defined could run while a statement on the table, or on a part of it, is planned.
_HAS_FOREIGN_CODE = """
WITH RECURSIVE parts AS (
  SELECT %(oid)s::oid AS oid UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN parts p ON p.oid = i.inhparent
), attached AS (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS classid, oid AS objid FROM parts
  UNION ALL SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, a.oid FROM pg_catalog.pg_attrdef a JOIN parts p ON p.oid = a.adrelid
  UNION ALL SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, c.oid FROM pg_catalog.pg_constraint c JOIN parts p ON p.oid = c.conrelid
  UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid FROM pg_catalog.pg_index i JOIN parts p ON p.oid = i.indrelid
  UNION ALL SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid FROM pg_catalog.pg_rewrite r JOIN parts p ON p.oid = r.ev_class
  UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid FROM pg_catalog.pg_statistic_ext s
   JOIN parts p ON p.oid = s.stxrelid)
SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN parts p ON p.oid = c.oid
  WHERE c.relkind NOT IN ('r', 'p') OR c.relrowsecurity OR c.relhasrules)
 OR EXISTS (SELECT FROM attached a JOIN pg_catalog.pg_depend d ON d.classid = a.classid AND d.objid = a.objid
  WHERE d.refobjid >= %(first)s AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass,
   'pg_catalog.pg_type'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass,
   'pg_catalog.pg_opclass'::pg_catalog.regclass, 'pg_catalog.pg_opfamily'::pg_catalog.regclass,
   'pg_catalog.pg_am'::pg_catalog.regclass))
"""
_RELATION = """SELECT c.oid, n.oid, c.relkind FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')"""
# Every role that the identity may become, itself included: `s` of the questions below.
_SELVES = """SELECT EXISTS (SELECT FROM pg_catalog.pg_roles s
WHERE (s.oid = %(role)s OR pg_catalog.pg_has_role(%(role)s, s.oid, %(how)s)) AND {})"""
_SEES_SCHEMA = "pg_catalog.has_schema_privilege(s.oid, %(schema)s, 'USAGE') AND "
_QUESTIONS = {
    "table": _SEES_SCHEMA + "pg_catalog.has_table_privilege(s.oid, %(oid)s, %(word)s)",
    "any column": _SEES_SCHEMA + "pg_catalog.has_any_column_privilege(s.oid, %(oid)s, %(word)s)",
    "columns": _SEES_SCHEMA
    + """NOT EXISTS (SELECT FROM pg_catalog.unnest(%(columns)s::text[]) k LEFT JOIN pg_catalog.pg_attribute a
  ON a.attrelid = %(oid)s AND a.attname = k AND a.attnum > 0 AND NOT a.attisdropped
  WHERE a.attnum IS NULL OR NOT pg_catalog.has_column_privilege(s.oid, %(oid)s, a.attnum, %(word)s))""",
    "sequence": _SEES_SCHEMA + "pg_catalog.has_sequence_privilege(s.oid, %(oid)s, %(word)s)",
    "schema": "pg_catalog.has_schema_privilege(s.oid, %(oid)s, %(word)s)",
    "database": "pg_catalog.has_database_privilege(s.oid, %(oid)s, %(word)s)",
    "function": _SEES_SCHEMA + "pg_catalog.has_function_privilege(s.oid, %(oid)s, 'EXECUTE')",
    "role": "s.oid = %(oid)s",
}
_OIDS = {
    "schema": "SELECT oid, oid FROM pg_catalog.pg_namespace WHERE nspname = %s",
    "database": "SELECT oid, oid FROM pg_catalog.pg_database WHERE datname = %s",
    "role": "SELECT oid, oid FROM pg_catalog.pg_roles WHERE rolname = %s",
    "function": """SELECT p.oid, n.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) || '('
 || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' = %s""",
}
_HOW_SINCE = 160000


def prove(session: psycopg.Connection[Any], probe: Probe) -> Proof | None:
    """What came of the try; None where this kind of thing cannot be tried or asked."""
    with session.transaction(force_rollback=True):
        session.execute("SET TRANSACTION READ ONLY")
        session.execute(sql.SQL("SET LOCAL application_name = {}").format(sql.Literal(PROOF_APPLICATION)))
        role = role_of(probe.connection, probe.principal)
        found = session.execute("SELECT oid FROM pg_catalog.pg_roles WHERE rolname = %s", [role]).fetchone()
        if role is None or found is None:
            return None
        if probe.action == "connect":
            return _proof(probe, login_state(session, role) != CLOSED, READ_BACK)
        return _tried(session, probe, role, found[0])


def _tried(session: psycopg.Connection[Any], probe: Probe, role: str, role_oid: int) -> Proof | None:
    class_ = class_of(probe.resource)
    if class_ != "table":
        return _asked_of_other(session, probe, class_, role_oid)
    name = split_relation(probe.resource)
    row = session.execute(_RELATION, name).fetchone() if name is not None else None
    if row is None:
        return None
    oid, schema, kind = row
    if probe.action in _PLANNED and kind != "S":
        is_allowed = _planned(session, probe, role, oid)
        if is_allowed:
            return _proof(probe, True, AS_IDENTITY)
        if is_allowed is not None:
            # Refused as itself. Another role that it may become might be allowed, and nothing else would stop it.
            by_others = _asked(session, probe, kind, oid, schema, role_oid)
            return _proof(probe, by_others, READ_BACK if by_others else AS_IDENTITY)
    return _proof(probe, _asked(session, probe, kind, oid, schema, role_oid), READ_BACK)


def _planned(session: psycopg.Connection[Any], probe: Probe, role: str, oid: int) -> bool | None:
    """Whether the server lets the role run a statement of this kind; None where it may not be tried."""
    unsafe = session.execute(_HAS_FOREIGN_CODE, {"oid": oid, "first": _FIRST_USER_OID}).fetchone()
    columns = probe.columns or _a_column(session, probe, role, oid)
    if unsafe is None or unsafe[0] or columns is None:
        return None
    try:
        with session.transaction():
            session.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
            can_become = True
    except psycopg.errors.InsufficientPrivilege:
        can_become = False
    if not can_become:
        return None
    try:
        with session.transaction():
            session.execute(_statement(probe, columns))
        return True
    except psycopg.errors.InsufficientPrivilege:
        return False
    except (
        psycopg.errors.FeatureNotSupported,
        psycopg.errors.SyntaxErrorOrAccessRuleViolation,
        psycopg.errors.ObjectNotInPrerequisiteState,
    ):
        return None
    finally:
        session.execute("SET LOCAL ROLE NONE")


def _a_column(session: psycopg.Connection[Any], probe: Probe, role: str, oid: int) -> tuple[str, ...] | None:
    """For an UPDATE that names no column in particular: one that the role may set, else the first; None: the table has none."""
    if probe.action != "update":
        return ()
    query = """SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = %(oid)s AND attnum > 0 AND NOT attisdropped
ORDER BY NOT pg_catalog.has_column_privilege(%(role)s::name, %(oid)s, attnum, 'UPDATE'), attnum LIMIT 1"""
    row = session.execute(query, {"oid": oid, "role": role}).fetchone()
    return (row[0],) if row is not None else None


def _statement(probe: Probe, columns: tuple[str, ...]) -> sql.Composed:
    table = sql.Identifier(*(split_relation(probe.resource) or ()))
    names = sql.SQL(", ").join(sql.Identifier(name) for name in columns)
    if probe.action == "select":
        return sql.SQL("EXPLAIN SELECT {} FROM {}").format(names, table)
    if probe.action == "delete":
        return sql.SQL("EXPLAIN DELETE FROM {}").format(table)
    if probe.action == "update":
        sets = sql.SQL(", ").join(sql.SQL("{} = DEFAULT").format(sql.Identifier(name)) for name in columns)
        return sql.SQL("EXPLAIN UPDATE {} SET {}").format(table, sets)
    if not columns:
        return sql.SQL("EXPLAIN INSERT INTO {} DEFAULT VALUES").format(table)
    values = sql.SQL(", ").join(sql.SQL("DEFAULT") for _ in columns)
    return sql.SQL("EXPLAIN INSERT INTO {} ({}) VALUES ({})").format(table, names, values)


def _asked(session: psycopg.Connection[Any], probe: Probe, kind: str, oid: int, schema: int, role: int) -> bool:
    if kind == "S":
        question = "sequence"
    elif probe.action not in ("select", "insert", "update", "references"):
        question = "table"
    else:
        question = "columns" if probe.columns else "any column"
    return _ask(
        session, question, {"oid": oid, "schema": schema, "word": probe.action.upper(), "columns": list(probe.columns), "role": role}
    )


def _asked_of_other(session: psycopg.Connection[Any], probe: Probe, class_: str, role: int) -> Proof | None:
    if class_ not in _OIDS or (class_ == "role" and probe.action != "set"):
        return None
    row = session.execute(_OIDS[class_].encode(), [probe.resource.partition("/")[2]]).fetchone()
    if row is None:
        return None
    values = {"oid": row[0], "schema": row[1], "word": probe.action.upper(), "role": role}
    return _proof(probe, _ask(session, class_, values), READ_BACK)


def _ask(session: psycopg.Connection[Any], question: str, values: dict[str, Any]) -> bool:
    how = "SET" if session.info.server_version >= _HOW_SINCE else "MEMBER"
    row = session.execute(_SELVES.format(_QUESTIONS[question]).encode(), {**values, "how": how}).fetchone()
    return bool(row and row[0])


def _proof(probe: Probe, is_allowed: bool, how: str) -> Proof:
    columns = f" ({', '.join(probe.columns)})" if probe.columns else ""
    return Proof(
        system=probe.connection,
        identity=probe.principal,
        tried=f"{probe.action}{columns} on {probe.resource}",
        expected=ALLOWED if probe.is_allowed else DENIED,
        got=ALLOWED if is_allowed else DENIED,
        how=how,
    )
