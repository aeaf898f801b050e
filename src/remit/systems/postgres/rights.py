"""Whether a role may do one thing, answered as Postgres answers it, with the reason.

The order is that of the server: the name of a thing in a schema is looked up first, which needs USAGE on the schema; then the
privilege on the whole; for SELECT, INSERT, UPDATE and REFERENCES what is left is asked column by column. Whoever asks for a
statement states every column that it names.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from remit.systems.postgres.acl import COLUMN_PRIVILEGES, PUBLIC, Row
from remit.systems.postgres.names import quoted
from remit.systems.postgres.world import OVER_ALL, READ_ALL, WRITE_ALL, Membership, Thing, World


class Right(msgspec.Struct, frozen=True):
    """A privilege that a role has, and what gives it."""

    text: str
    place: str
    way: tuple[Membership, ...] = ()


class Refusal(msgspec.Struct, frozen=True):
    """Why a role may not."""

    text: str
    place: str = ""
    depends_on: tuple[str, ...] = ()


class Rights:
    """The rights of one role, without SET ROLE."""

    def __init__(self, world: World, role: str) -> None:
        self.world = world
        self.role = role
        self.is_superuser = world.is_superuser(role)
        self.reached = world.inherited(role)
        self._usages: dict[str, Right | Refusal] = {}

    def row(self, name: str) -> str:
        """The place of a row of a catalogue."""
        return f"{self.world.connection} row {name}"

    def usage_of_schema(self, schema: str) -> Right | Refusal:
        """Whether names in a schema can be looked up."""
        if schema not in self._usages:
            self._usages[schema] = self._usage_of_schema(schema)
        return self._usages[schema]

    def _usage_of_schema(self, schema: str) -> Right | Refusal:
        if self.is_superuser:
            return self._superuser()
        if schema in ("pg_catalog", "information_schema"):
            return Right(f"every role may look into `{schema}`", self.row(f"pg_namespace {schema}"))
        thing = self.world.thing(f"schema/{schema}")
        if thing is None:
            return Refusal(f"there is no schema `{schema}`")
        return (
            self._over_all(thing, "usage")
            or self._on_whole(thing, "usage")
            or Refusal(f"`{self.role}` has no USAGE on schema `{schema}`", self.place_of(thing))
        )

    def on(self, thing: Thing, privilege: str, columns: Sequence[str] = ()) -> Right | Refusal:
        """Whether the role has a privilege on a thing, or on all of these columns of it; without columns: on the whole of it."""
        if self.is_superuser:
            return self._superuser()
        if thing.schema is not None:
            looked_up = self.usage_of_schema(thing.schema)
            if isinstance(looked_up, Refusal):
                return looked_up
        whole = self._on_whole(thing, privilege) or self._over_all(thing, privilege)
        if whole is not None:
            return whole
        if privilege not in COLUMN_PRIVILEGES or not columns:
            return Refusal(f"nothing grants `{self.role}` {privilege.upper()} on {thing.resource}", self.place_of(thing))
        given: list[Right] = []
        for column in columns:
            right = self._on_column(thing, privilege, column)
            if right is None:
                return Refusal(
                    f"nothing grants `{self.role}` {privilege.upper()} on column {quoted(column)} of {thing.resource}", self.place_of(thing)
                )
            given.append(right)
        return given[0]

    def has(self, thing: Thing, privilege: str, column: str) -> bool:
        """Whether the role has a privilege on the whole, or on this column, wherever the thing stands: USAGE of its schema not asked."""
        if self.is_superuser or self._on_whole(thing, privilege) is not None or self._over_all(thing, privilege) is not None:
            return True
        return bool(column) and self._on_column(thing, privilege, column) is not None

    def missing_sequence(self, thing: Thing, columns: Sequence[str]) -> tuple[str, Thing] | None:
        """For an INSERT that names these columns: the column left out whose default draws from a sequence the role may not use."""
        for column, sequence in self.world.sequences_of.get(thing.resource, ()):
            if column not in columns and not self.has(sequence, "usage", "") and not self.has(sequence, "update", ""):
                return column, sequence
        return None

    def columns(self, thing: Thing, privilege: str) -> tuple[str, ...]:
        """The columns on which column grants give the role a privilege."""
        return tuple(column for column in thing.columns if self._on_column(thing, privilege, column) is not None)

    def _superuser(self) -> Right:
        return Right(f"`{self.role}` is a superuser", self.row(f"pg_roles {quoted(self.role)}"))

    def _on_whole(self, thing: Thing, privilege: str) -> Right | None:
        row = self.world.holders(thing.rows, privilege, self.reached)
        return self._right(row, self.place_of(thing), f"on {thing.resource}") if row is not None else None

    def _on_column(self, thing: Thing, privilege: str, column: str) -> Right | None:
        row = self.world.holders(thing.columns.get(column, ()), privilege, self.reached)
        if row is None:
            return None
        return self._right(row, self.row(f"pg_attribute {thing.resource}.{quoted(column)} attacl"), f"on a column of {thing.resource}")

    def _over_all(self, thing: Thing, privilege: str) -> Right | None:
        if thing.class_ == "schema" and privilege == "usage":
            for role in (READ_ALL, WRITE_ALL):
                if role in self.reached:
                    return Right(f"`{role}` may look into every schema", self.row(f"pg_roles {role}"), self.reached[role])
        if thing.class_ not in ("table", "sequence"):
            return None
        for role, words in OVER_ALL.items():
            if role in self.reached and privilege in words:
                return Right(f"`{role}` has {privilege.upper()} on every relation", self.row(f"pg_roles {role}"), self.reached[role])
        return None

    def _right(self, row: Row, place: str, where: str) -> Right:
        if row.grantee == PUBLIC:
            return Right(f"PUBLIC has {row.privilege.upper()} {where}", place)
        option = " with grant option" if row.is_grantable else ""
        verb = "owns it and has" if row.grantee == row.grantor else "was granted"
        return Right(f"`{row.grantee}` {verb} {row.privilege.upper()} {where}{option}", place, self.reached[row.grantee])

    def place_of(self, thing: Thing) -> str:
        """The row of the catalogue in which the privileges on a thing stand."""
        name = thing.resource.partition("/")[2] if thing.class_ not in ("table", "sequence") else thing.resource
        catalogue, column = _CATALOGUES.get(thing.class_, (thing.class_, "acl"))
        return self.row(f"{catalogue} {name} {column}")


_CATALOGUES = {
    "table": ("pg_class", "relacl"),
    "sequence": ("pg_class", "relacl"),
    "schema": ("pg_namespace", "nspacl"),
    "database": ("pg_database", "datacl"),
    "function": ("pg_proc", "proacl"),
    "type": ("pg_type", "typacl"),
    "language": ("pg_language", "lanacl"),
    "server": ("pg_foreign_server", "srvacl"),
    "wrapper": ("pg_foreign_data_wrapper", "fdwacl"),
    "tablespace": ("pg_tablespace", "spcacl"),
    "large-object": ("pg_largeobject_metadata", "lomacl"),
    "parameter": ("pg_parameter_acl", "paracl"),
}
