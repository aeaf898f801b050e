"""One database in memory: roles and what they are members of, things and who may do what with them, by Postgres's own rules.

Source: `src/backend/utils/adt/acl.c`, `src/backend/catalog/aclchk.c` and `executor/execMain.c` of Postgres 18. Invariants:

- a role has what it has been granted, what PUBLIC has, and what the roles have whose privileges it inherits (memberships with
  `inherit`, and the implicit one of the database's owner in `pg_database_owner`); before version 16 the member's `inherit` decides;
- an owner has what the access control list says, like everybody else; without a list, everything;
- a superuser passes every check; what its members may become by SET ROLE is not theirs until they do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec

from remit.model.access import NativeObject
from remit.systems.postgres.acl import PUBLIC, Row, column_rows, rows_of
from remit.systems.postgres.names import relation_name
from remit.systems.postgres.objects import (
    DATABASE,
    DEFAULT_ACL,
    FUNCTION,
    MEMBERSHIP,
    OTHER,
    OTHER_DATABASE,
    RELATION,
    ROLE,
    SCHEMA,
    SELF,
)

MEMBERSHIP_OPTIONS_SINCE = 160000
DATABASE_OWNER = "pg_database_owner"
READ_ALL, WRITE_ALL, MAINTAIN_ALL = "pg_read_all_data", "pg_write_all_data", "pg_maintain"
OVER_ALL: Mapping[str, tuple[str, ...]] = {
    READ_ALL: ("select",),
    WRITE_ALL: ("insert", "update", "delete"),
    MAINTAIN_ALL: ("maintain",),
}
"""Predefined roles that have a privilege on every relation."""


class Membership(msgspec.Struct, frozen=True):
    """A role is a member of another."""

    role: str
    member: str
    grantor: str
    inherits: bool
    may_set: bool
    is_admin: bool
    is_implicit: bool = False


class Thing(msgspec.Struct, frozen=True):
    """Something that privileges are granted on."""

    class_: str
    """`table`, `sequence`, `schema`, `database`, `function`, or one of the classes of `pg:other`."""
    resource: str
    owner: str
    rows: tuple[Row, ...]
    columns: Mapping[str, tuple[Row, ...]]
    body: Mapping[str, Any]

    @property
    def schema(self) -> str | None:
        """The schema that it stands in; None where it stands in none."""
        return self.body.get("schema") if self.class_ in ("table", "sequence", "function") else None


def class_and_resource(item: NativeObject) -> tuple[str, str]:
    """The class of a thing that privileges are granted on, and its name as a resource."""
    if item.kind == RELATION:
        return ("sequence" if item.body["kind"] == "sequence" else "table"), item.id
    if item.kind == OTHER:
        return item.body["class"], item.id
    class_ = {SCHEMA: "schema", FUNCTION: "function"}.get(item.kind, "database")
    return class_, f"{class_}/{item.id}"


class World:
    """Everything that the objects of one connection say."""

    def __init__(self, objects: Iterable[NativeObject]) -> None:
        by_kind: dict[str, list[NativeObject]] = defaultdict(list)
        for thing in objects:
            by_kind[thing.kind].append(thing)
        database = by_kind[DATABASE][0] if by_kind[DATABASE] else None
        self.connection = (
            database.connection if database is not None else next((o.connection for all_ in by_kind.values() for o in all_), "")
        )
        self.database: Mapping[str, Any] = database.body if database is not None else {}
        self.version = int(self.database.get("version", 0))
        self.roles: dict[str, Mapping[str, Any]] = {item.body["name"]: item.body for item in by_kind[ROLE]}
        self.memberships = tuple(self._memberships(item.body for item in by_kind[MEMBERSHIP]))
        self.selves: dict[str, str | None] = {item.id: item.body.get("role") for item in by_kind[SELF]}
        self.default_acls = tuple(item.body for item in by_kind[DEFAULT_ACL])
        self.unread: list[tuple[str, str]] = [(place, why) for item in by_kind[SELF] for place, why in item.body.get("unread", ())]
        self.things: dict[str, Thing] = {}
        for kind in (SCHEMA, DATABASE, OTHER_DATABASE, RELATION, FUNCTION, OTHER):
            for item in by_kind[kind]:
                self._add(item, *class_and_resource(item))

    def _memberships(self, bodies: Iterable[Mapping[str, Any]]) -> Iterator[Membership]:
        has_options = self.version >= MEMBERSHIP_OPTIONS_SINCE
        for body in bodies:
            member = self.roles.get(body["member"], {})
            inherits = bool(body.get("inherit")) if has_options else bool(member.get("inherit"))
            may_set = bool(body.get("set")) if has_options else True
            yield Membership(body["role"], body["member"], body.get("grantor", ""), inherits, may_set, bool(body.get("admin")))
        owner = self.database.get("owner")
        if owner and DATABASE_OWNER in self.roles:
            yield Membership(DATABASE_OWNER, owner, "", True, True, False, is_implicit=True)

    def _add(self, item: NativeObject, class_: str, resource: str) -> None:
        owner = item.body.get("owner") or ""
        try:
            rows = rows_of(item.body.get("acl"), class_, owner, self.version)
            columns = {column["name"]: column_rows(column.get("acl")) for column in item.body.get("columns", ())}
        except (ValueError, KeyError) as error:
            # What cannot be read gives nobody anything here, and is named wherever access is told.
            self.unread.append((resource, str(error)))
            rows, columns = (), {}
        self.things[resource] = Thing(class_, resource, owner, rows, columns, item.body)

    @cached_property
    def _groups(self) -> Mapping[str, list[Membership]]:
        found: dict[str, list[Membership]] = defaultdict(list)
        for membership in self.memberships:
            found[membership.member].append(membership)
        return found

    @cached_property
    def members(self) -> Mapping[str, list[Membership]]:
        """Role -> the memberships that others have in it."""
        found: dict[str, list[Membership]] = defaultdict(list)
        for membership in self.memberships:
            found[membership.role].append(membership)
        return found

    def memberships_of(self, role: str) -> Sequence[Membership]:
        """The memberships that a role has, direct ones."""
        return self._groups.get(role, ())

    def is_superuser(self, role: str) -> bool:
        """Whether a role is a superuser itself; being a member of one does not make one."""
        return bool(self.roles.get(role, {}).get("superuser"))

    def inherited(self, role: str) -> dict[str, tuple[Membership, ...]]:
        """The roles whose privileges a role has without SET ROLE, itself included, each with the shortest way there."""
        return self._reached(role, lambda membership: membership.inherits)

    def settable(self, role: str) -> dict[str, tuple[Membership, ...]]:
        """The roles that a role may SET ROLE to, itself included, each with the shortest way there (`member_can_set_role`)."""
        if self.is_superuser(role):
            return dict.fromkeys(self.roles, ())
        return self._reached(role, lambda membership: membership.may_set)

    def _reached(self, role: str, goes_on: Any) -> dict[str, tuple[Membership, ...]]:
        found: dict[str, tuple[Membership, ...]] = {role: ()}
        waiting = [role]
        for name in waiting:
            for membership in self.memberships_of(name):
                if membership.role not in found and goes_on(membership):
                    found[membership.role] = (*found[name], membership)
                    waiting.append(membership.role)
        return found

    def has_privileges_of(self, role: str, other: str) -> bool:
        """`has_privs_of_role`."""
        return self.is_superuser(role) or other in self.inherited(role)

    def holders(self, rows: Iterable[Row], privilege: str, reached: Mapping[str, Any]) -> Row | None:
        """The row that gives one of these roles a privilege; its own before others, PUBLIC last."""
        given = [row for row in rows if row.privilege == privilege and (row.grantee == PUBLIC or row.grantee in reached)]
        return min(given, key=lambda row: (row.grantee == PUBLIC, len(reached.get(row.grantee, ())))) if given else None

    @cached_property
    def sequences_of(self) -> Mapping[str, list[tuple[str, Thing]]]:
        """Table -> the columns whose defaults draw from a sequence, each with it: an INSERT that leaves one out needs USAGE of it."""
        found: dict[str, list[tuple[str, Thing]]] = defaultdict(list)
        for thing in self.things.values():
            for use in thing.body.get("used_by") or () if thing.class_ == "sequence" else ():
                found[relation_name(use["schema"], use["table"])].append((use["column"], thing))
        return found

    def thing(self, resource: str) -> Thing | None:
        """A thing by its resource name; None where there is none."""
        return self.things.get(resource)
