"""Names of things in Postgres as Remit writes them, and back.

A relation is `schema.table`, quoted only where SQL asks for it (`"HR"."Audit Log"`), everything else carries its class in front:
`schema/NAME`, `database/NAME`, `role/NAME`, `function/schema.name(arguments)`. After a `/` a name stands as it is, unquoted.
"""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
# Every keyword of `pg_get_keywords()` that is not of the class "unreserved", Postgres 18: `quote_ident` quotes these.
_KEYWORDS = frozenset(
    """all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char
    character check coalesce collate collation column concurrently constraint create cross current_catalog current_date
    current_role current_schema current_time current_timestamp current_user dec decimal default deferrable desc distinct do else
    end except exists extract false fetch float for foreign freeze from full grant greatest group grouping having ilike in
    initially inner inout int integer intersect interval into is isnull join json json_array json_arrayagg json_exists json_object
    json_objectagg json_query json_scalar json_serialize json_table json_value lateral leading least left like limit localtime
    localtimestamp merge_action national natural nchar none normalize not notnull null nullif numeric offset on only or order out
    outer overlaps overlay placing position precision primary real references returning right row select session_user setof
    similar smallint some substring symmetric system_user table tablesample then time timestamp to trailing treat trim true union
    unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists
    xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable""".split()  # noqa: SIM905 - a table of 130 words
)
_PART = re.compile(r'"((?:[^"]|"")*)"|([^".]+)')


def quoted(name: str) -> str:
    """A name as SQL writes it, quoted only where it has to be (`quote_ident`)."""
    if _PLAIN.match(name) and name not in _KEYWORDS:
        return name
    return always_quoted(name)


def always_quoted(name: str) -> str:
    """A name in quotes: what statements are built from."""
    return '"' + name.replace('"', '""') + '"'


def relation_name(schema: str, name: str) -> str:
    """`schema.table`: a table, view or sequence."""
    return f"{quoted(schema)}.{quoted(name)}"


def function_name(schema: str, name: str, arguments: str) -> str:
    """`schema.name(arguments)`, the id of a function; as a resource it has `function/` in front."""
    return f"{relation_name(schema, name)}({arguments})"


def split_relation(resource: str) -> tuple[str, str] | None:
    """The schema and the name in `schema.table`; None where it is not of that form. Letter case is taken as it stands."""
    parts: list[str] = []
    at = 0
    while True:
        match = _PART.match(resource, at)
        if match is None:
            return None
        parts.append(match[1].replace('""', '"') if match[1] is not None else match[2])
        at = match.end()
        if at == len(resource):
            break
        if resource[at] != ".":
            return None
        at += 1
    return (parts[0], parts[1]) if len(parts) == 2 else None


def canonical(connection: str, role: str) -> str:
    """The canonical ref of a role: `postgres:CONNECTION/ROLE`."""
    return f"{connection}/{role}"


def role_of(connection: str, principal: str) -> str | None:
    """The role that a canonical ref names in this connection; None where it is of another one."""
    prefix = f"{connection}/"
    return principal[len(prefix) :] if principal.startswith(prefix) and len(principal) > len(prefix) else None
