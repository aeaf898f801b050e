"""Catalogue dumps written by hand, as small as a question needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from remit.model.access import NativeObject
from remit.systems.postgres.objects import objects_of_dump
from remit.systems.postgres.world import World

CONNECTION = "postgres:fin"


def role(name: str, **attributes: Any) -> dict[str, Any]:
    """A role without attributes but those given."""
    return {
        "name": name,
        "superuser": False,
        "inherit": True,
        "login": True,
        "createrole": False,
        "createdb": False,
        "bypassrls": False,
    } | (attributes)


def member(of: str, who: str, *, inherit: bool = True, may_set: bool = True, admin: bool = False, grantor: str = "boss") -> dict[str, Any]:
    """`who` is a member of `of`."""
    return {"role": of, "member": who, "inherit": inherit, "set": may_set, "admin": admin, "grantor": grantor}


def table(
    name: str, acl: Sequence[str] | None = None, columns: Mapping[str, Sequence[str] | None] | None = None, **more: Any
) -> dict[str, Any]:
    """`schema.name`, owned by `boss`."""
    schema, _, plain = name.partition(".")
    held = columns if columns is not None else {"a": None, "b": None}
    listed = [{"name": column, "acl": items} for column, items in held.items()]
    return {"schema": schema, "name": plain, "kind": "table", "owner": "boss", "acl": acl, "columns": listed} | more


def objects(
    roles: Sequence[dict[str, Any]],
    relations: Sequence[dict[str, Any]] = (),
    memberships: Sequence[dict[str, Any]] = (),
    schema_acl: Sequence[str] | None = ("=U/boss",),
    **more: Any,
) -> list[NativeObject]:
    """The objects of a database `fin` with one schema `app`; `boss` owns everything, `postgres` is the superuser."""
    dump = {
        "version": 180004,
        "database": {"name": "fin", "owner": "boss", "acl": None},
        "roles": [role("postgres", superuser=True), role("boss"), role("pg_read_all_data", login=False), *roles],
        "memberships": list(memberships),
        "schemas": [{"name": "app", "owner": "boss", "acl": list(schema_acl) if schema_acl is not None else None}],
        "relations": list(relations),
        **more,
    }
    return list(objects_of_dump(CONNECTION, dump))


def world(*args: Any, **more: Any) -> World:
    """The world of the same."""
    return World(objects(*args, **more))
