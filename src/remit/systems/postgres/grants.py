"""The statements that change privileges and memberships, built from names that are always quoted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
from psycopg import sql

from remit.model.errors import RefusedError
from remit.systems.postgres.acl import LETTERS
from remit.systems.postgres.steps import PrivilegeRow

_NOUNS = {
    "table": sql.SQL("TABLE"),
    "sequence": sql.SQL("SEQUENCE"),
    "schema": sql.SQL("SCHEMA"),
    "database": sql.SQL("DATABASE"),
    "function": sql.SQL("ROUTINE"),
    "language": sql.SQL("LANGUAGE"),
    "server": sql.SQL("FOREIGN SERVER"),
    "wrapper": sql.SQL("FOREIGN DATA WRAPPER"),
    "tablespace": sql.SQL("TABLESPACE"),
    "large-object": sql.SQL("LARGE OBJECT"),
    "parameter": sql.SQL("PARAMETER"),
}
_WORDS = {word: sql.SQL(word.upper()) for word in LETTERS.values()}
_ROUTINE = """SELECT n.nspname, p.proname, p.oid::pg_catalog.regprocedure::text FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = %(schema)s AND p.proname = %(name)s
 AND pg_catalog.pg_get_function_identity_arguments(p.oid) = %(arguments)s"""


def object_sql(session: psycopg.Connection[Any], given: dict[str, str]) -> sql.Composed:
    """`TABLE "schema"."name"`: what stands behind ON."""
    class_ = given["class"]
    return sql.SQL("{} {}").format(_NOUNS[class_], _name_sql(session, class_, given))


def _name_sql(session: psycopg.Connection[Any], class_: str, given: dict[str, str]) -> sql.Composable:
    if class_ in ("table", "sequence"):
        return sql.Identifier(given["schema"], given["name"])
    if class_ == "function":
        # The signature is written by the server, with its search path empty: types of other schemas are named in full.
        row = session.execute(_ROUTINE, given).fetchone()
        if row is None:
            raise RefusedError(f"the function `{given['name']}` is not there any more")
        return sql.SQL(row[2])
    if class_ == "large-object":
        return sql.Literal(int(given["name"]))
    if class_ == "parameter":
        return sql.SQL(".").join(sql.Identifier(part) for part in given["name"].split("."))
    return sql.Identifier(given["name"])


def revokes(thing: sql.Composable, grantee: str, gone: Iterable[PrivilegeRow], stays: set[PrivilegeRow]) -> Iterator[sql.Composed]:
    """The statements that take rows of one grantor; a row that stays without its option loses the option alone."""
    for column, privilege, grantor, is_grantable in sorted(gone):
        only_option = is_grantable and (column, privilege, grantor, False) in stays
        yield sql.SQL("REVOKE {}{}{} ON {} FROM {}").format(
            sql.SQL("GRANT OPTION FOR " if only_option else ""), _WORDS[privilege], _columns(column), thing, sql.Identifier(grantee)
        )


def grants(thing: sql.Composable, grantee: str, new: Iterable[PrivilegeRow]) -> Iterator[sql.Composed]:
    """The statements that give rows of one grantor."""
    for column, privilege, _, is_grantable in sorted(new):
        yield sql.SQL("GRANT {}{} ON {} TO {}{}").format(
            _WORDS[privilege], _columns(column), thing, sql.Identifier(grantee), sql.SQL(" WITH GRANT OPTION" if is_grantable else "")
        )


def _columns(column: str) -> sql.Composable:
    return sql.SQL(" ({})").format(sql.Identifier(column)) if column else sql.SQL("")


MembershipRow = tuple[str, bool, bool, bool]
"""Grantor, inherit, set, admin."""


def membership_revoke(role: str, member: str, row: MembershipRow) -> sql.Composed:
    """Takes a member out of a role, as far as this grantor let it in."""
    return sql.SQL("REVOKE {} FROM {} GRANTED BY {}").format(sql.Identifier(role), sql.Identifier(member), sql.Identifier(row[0]))


def membership_grant(role: str, member: str, row: MembershipRow) -> sql.Composed:
    """Makes a member with exactly these options, or sets the options of one."""
    grantor, inherits, may_set, is_admin = row
    return sql.SQL("GRANT {} TO {} WITH INHERIT {}, SET {}, ADMIN {} GRANTED BY {}").format(
        sql.Identifier(role), sql.Identifier(member), _bool(inherits), _bool(may_set), _bool(is_admin), sql.Identifier(grantor)
    )


def _bool(value: bool) -> sql.SQL:
    return sql.SQL("TRUE" if value else "FALSE")
