"""The native objects of a connection to Postgres: which kinds there are, and what stands in the body of each.

The reader makes them, `evaluate` makes the same ones from a catalogue dump; everything pure (`world`, `access`, `minimise`, `stop`,
`audit`, `system`) reads them. Names are Postgres's own, unquoted, except in the id of a relation or function, which is written as SQL
writes it. `acl` is the list of `aclitem` texts, None where the catalogue has NULL, which means the default of the kind and not
"nothing". A field that is missing was not read.

The kinds, their ids, and their bodies:

- `pg:database`, `NAME`, the database of the connection, exactly one (a database address in code is compared with its name): `name`,
  `owner`, `acl`, `version` (`server_version_num`), `comment`.
- `pg:other-database`, `NAME`, another database of the same server: `name`, `owner`, `acl`. What stands in it is not read.
- `pg:role`, `NAME` (roles are shared by all databases of a server): `name`, `superuser`, `inherit`, `login`, `createrole`, `createdb`,
  `replication`, `bypassrls`, `connection_limit`, `valid_until` (RFC 3339 or None), `comment`.
- `pg:membership`, `ROLE/MEMBER/GRANTOR` (each name quoted where needed): `role`, `member`, `grantor`, `inherit`, `set`, `admin`.
- `pg:schema`, `NAME`: `name`, `owner`, `acl`. Without those of the system.
- `pg:relation`, `schema.table`: `schema`, `name`, `kind` (`table`, `partitioned table`, `view`, `materialized view`, `foreign table`,
  `sequence`), `owner`, `acl`, `row_security`, `force_row_security`, `columns` (`[{name, acl}]`, in order), `policies` (`[{name, command,
  permissive, roles}]`; `command` is `r a w d *`; a role `` (empty) is PUBLIC), and of a sequence `used_by` (`[{schema,
  table, column}]`: the columns whose defaults draw from it). Those of the system stand there only where somebody changed their privileges.
- `pg:function`, `schema.name(arguments)`: `schema`, `name`, `arguments`, `kind` (`function`, `procedure`, `aggregate`, `window`), `owner`,
  `acl`, `security_definer`. Those of the system as above.
- `pg:default-acl`, `OWNER/SCHEMA/KIND` (SCHEMA empty: every schema): `owner`, `schema` (None: every schema), `kind` (`r S f T n L`), `acl`.
- `pg:other`, `CLASS/NAME`, things of another class with privileges of their own: `class` (`type`, `language`, `server`, `wrapper`,
  `tablespace`, `large-object`, `parameter`), `name`, `owner`, `acl`. Only where somebody granted something on them, or owns them.
- `self`, `read` and (where a write address is given) `write`: `side`, `role`, `unread` (`[[place, why]]`: the catalogues that could not be
  read). Whom Remit acts as. Of the write side `role` is the user in the address, or None where the address names none.

Places of grants, as `Access.because` names them: `postgres:finops row pg_class costs.daily relacl` and the same with `pg_attribute`,
`pg_namespace`, `pg_proc`, `pg_database`; `postgres:finops row pg_auth_members ROLE -> ROLE`; `postgres:finops row pg_roles ROLE`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from remit.model.access import NativeObject
from remit.systems.postgres.names import function_name, quoted, relation_name

DATABASE, OTHER_DATABASE, ROLE, MEMBERSHIP, SCHEMA = "pg:database", "pg:other-database", "pg:role", "pg:membership", "pg:schema"
RELATION, FUNCTION, DEFAULT_ACL, OTHER, SELF = "pg:relation", "pg:function", "pg:default-acl", "pg:other", "self"


def object_id(kind: str, body: Mapping[str, Any]) -> str:
    """The id of an object of this kind with this body."""
    if kind == RELATION:
        return relation_name(body["schema"], body["name"])
    if kind == FUNCTION:
        return function_name(body["schema"], body["name"], body["arguments"])
    if kind == MEMBERSHIP:
        return "/".join(quoted(body[part]) for part in ("role", "member", "grantor"))
    if kind == DEFAULT_ACL:
        return f"{quoted(body['owner'])}/{quoted(body['schema']) if body['schema'] else ''}/{body['kind']}"
    if kind == OTHER:
        return f"{body['class']}/{body['name']}"
    if kind == SELF:
        return str(body["side"])
    return str(body["name"])


def native(connection: str, kind: str, body: Mapping[str, Any]) -> NativeObject:
    """An object with the id that its body gives it."""
    return NativeObject(connection=connection, kind=kind, id=object_id(kind, body), body=body)


_DUMPED = {
    "roles": ROLE,
    "memberships": MEMBERSHIP,
    "schemas": SCHEMA,
    "relations": RELATION,
    "functions": FUNCTION,
    "default_acls": DEFAULT_ACL,
}


def objects_of_dump(connection: str, dump: Mapping[str, Any]) -> Iterator[NativeObject]:
    """The objects in a catalogue dump; a dump of another form is a ValueError, in words."""
    database = dump.get("database")
    if not isinstance(database, Mapping) or not isinstance(database.get("name"), str):
        raise ValueError("the catalogue dump has no `database` with a `name`")
    version = dump.get("version")
    if isinstance(version, bool) or not isinstance(version, int):
        raise ValueError("the catalogue dump has no `version` (a number, `server_version_num`)")
    yield native(connection, DATABASE, {"owner": None, "acl": None, **database, "version": version})
    for member, kind in _DUMPED.items():
        found = dump.get(member)
        if found is None and kind in (FUNCTION, DEFAULT_ACL):
            continue
        if not isinstance(found, list):
            raise ValueError(f"the catalogue dump has no list `{member}`")
        for number, body in enumerate(found):
            yield _dumped(connection, kind, body, f"{member}[{number}]")


def _dumped(connection: str, kind: str, body: Any, place: str) -> NativeObject:
    if not isinstance(body, Mapping):
        raise ValueError(f"`{place}` of the catalogue dump is no object")
    whole = {**_WHEN_MISSING.get(kind, {}), **body}
    for name, form in _FORMS[kind].items():
        if name not in whole or not isinstance(whole[name], form):
            raise ValueError(f"`{place}.{name}` of the catalogue dump is missing or of another type")
    acls = [whole.get("acl"), *(column.get("acl") for column in whole.get("columns", ()) if isinstance(column, Mapping))]
    if any(acl is not None and (not isinstance(acl, list) or not all(isinstance(item, str) for item in acl)) for acl in acls):
        raise ValueError(f"an `acl` of `{place}` of the catalogue dump is no list of texts")
    if any(not isinstance(column, Mapping) or not isinstance(column.get("name"), str) for column in whole.get("columns", ())):
        raise ValueError(f"a column of `{place}` of the catalogue dump has no `name`")
    return native(connection, kind, whole)


_WHEN_MISSING: dict[str, dict[str, Any]] = {
    ROLE: {"inherit": True, "login": False, "createrole": False, "createdb": False, "bypassrls": False, "replication": False},
    MEMBERSHIP: {"grantor": ""},
    RELATION: {"row_security": False, "force_row_security": False, "acl": None},
    FUNCTION: {"security_definer": False, "kind": "function", "acl": None},
    SCHEMA: {"acl": None},
    DEFAULT_ACL: {"schema": None},
}
"""What a dump may leave out. Nothing here gives anybody more than the dump says, but for `acl`: NULL means the default."""
_FORMS: dict[str, dict[str, Any]] = {
    ROLE: {"name": str, "superuser": bool, "inherit": bool, "bypassrls": bool, "createrole": bool, "createdb": bool, "login": bool},
    MEMBERSHIP: {"role": str, "member": str, "grantor": str, "inherit": bool, "set": bool, "admin": bool},
    SCHEMA: {"name": str, "owner": str},
    RELATION: {"schema": str, "name": str, "kind": str, "owner": str, "columns": list, "row_security": bool, "force_row_security": bool},
    FUNCTION: {"schema": str, "name": str, "arguments": str, "owner": str, "security_definer": bool},
    DEFAULT_ACL: {"owner": str, "schema": (str, type(None)), "kind": str},
}
