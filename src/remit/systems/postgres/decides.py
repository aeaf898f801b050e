"""What Postgres would answer to one action of a role on one resource: privileges, ownership, membership, attributes.

What a role may do only after SET ROLE to another counts as allowed, and the reason says so: nothing else stops it. A question that names
no columns is about the whole: where only columns are granted the answer depends on them. A resource that is a pattern, and an action that
is not known here, are answered for superusers alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from remit.model.access import Verdict
from remit.model.shown import printable
from remit.systems.postgres.acl import COLUMN_PRIVILEGES
from remit.systems.postgres.evaluate import granted, no_sequence, refused
from remit.systems.postgres.names import quoted, split_relation
from remit.systems.postgres.rights import Refusal, Right, Rights
from remit.systems.postgres.row_security import refusal_of_rows
from remit.systems.postgres.world import Thing, World

CLASSES = frozenset(
    {"schema", "database", "function", "role", "server", "wrapper", "language", "large-object", "tablespace", "parameter", "type"}
)
_ON: Mapping[str, frozenset[str]] = {
    "select": frozenset({"table", "large-object"}),
    "insert": frozenset({"table"}),
    "update": frozenset({"table", "large-object"}),
    "delete": frozenset({"table"}),
    "truncate": frozenset({"table"}),
    "references": frozenset({"table"}),
    "trigger": frozenset({"table"}),
    "maintain": frozenset({"table"}),
    "usage": frozenset({"table", "schema", "server", "wrapper", "language", "type"}),
    "create": frozenset({"schema", "database", "tablespace"}),
    "connect": frozenset({"database"}),
    "temporary": frozenset({"database"}),
    "execute": frozenset({"function"}),
    "set": frozenset({"role", "parameter"}),
    "alter system": frozenset({"parameter"}),
    "own": frozenset({"table", *(CLASSES - {"role", "parameter"})}),
    "member": frozenset({"role"}),
    "admin": frozenset({"role"}),
    "createrole": frozenset({"role"}),
    "createdb": frozenset({"database"}),
}
"""Action -> the classes of resources that it can be about; `table` stands for everything written `schema.name`."""
_MEANT: Mapping[str, str] = {
    "analyze": "maintain",
    "vacuum": "maintain",
    "cluster": "maintain",
    "reindex": "maintain",
    "refresh": "maintain",
    "call": "execute",
    "copy": "insert",
    "alter": "own",
    "drop": "own",
    "comment": "own",
    "grant": "own",
    "revoke": "own",
}
"""Words of statements, and the privilege that they need."""
_ATTRIBUTES = ("createrole", "createdb", "bypassrls", "replication")


def class_of(resource: str) -> str:
    """The class that a resource is written with; `table` where it has none."""
    first, slash, _ = resource.partition("/")
    return first if slash and first in CLASSES else "table"


def concerns(action: str, resource: str) -> bool:
    """Whether an action can be about a resource of this form."""
    word = action.lower()
    word = _MEANT.get(word, word)
    if resource == "*" or word not in _ON:
        return True
    return class_of(resource) in _ON[word]


def verdict_of(world: World, role: str, action: str, resource: str, columns: Sequence[str] = ()) -> Verdict:
    """The answer, with what gives it or what is missing."""
    if role not in world.roles:
        return Verdict(is_allowed=False, because=f"there is no role `{printable(role)}` in `{world.connection}`")
    word = action.lower()
    answers: list[Right | Refusal] = []
    for acting, way in world.settable(role).items() if not world.is_superuser(role) else ((role, ()),):
        answer = _answer(world, acting, _MEANT.get(word, word), resource, tuple(columns))
        if isinstance(answer, Right):
            if not way:
                return granted(answer)
            steps = ", ".join(f"`{step.role}`" for step in way)
            return granted(Right(f"`{role}` may SET ROLE to {steps}; {answer.text}", answer.place, answer.way))
        answers.append(answer)
    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    return refused(next((refusal for refusal in refusals if refusal.depends_on), refusals[0]))


def _answer(world: World, role: str, action: str, resource: str, columns: tuple[str, ...]) -> Right | Refusal:
    rights = Rights(world, role)
    if rights.is_superuser:
        return Right(f"`{role}` is a superuser: no check applies", rights.row(f"pg_roles {quoted(role)}"))
    if action in _ATTRIBUTES:
        has_it = bool(world.roles[role].get(action))
        row = rights.row(f"pg_roles {quoted(role)}")
        return Right(f"`{role}` is {action}", row) if has_it else Refusal(f"`{role}` is not {action}", row)
    if action not in _ON:
        return Refusal(f"whether `{printable(action)}` is allowed is not told by the catalogue as it was read")
    if "*" in resource and world.thing(resource) is None:
        return Refusal("which resource is meant is not known", depends_on=("resource",))
    if class_of(resource) == "role":
        return _membership(world, rights, action, resource.partition("/")[2])
    if action == "create" and class_of(resource) == "table":
        schema, _ = split_relation(resource) or ("", "")
        resource = f"schema/{schema}"
    thing = world.thing(resource)
    if thing is None:
        return Refusal(f"there is no `{printable(resource)}` in `{world.connection}`, as far as it was read")
    return _on_thing(world, rights, action, thing, columns)


def _on_thing(world: World, rights: Rights, action: str, thing: Thing, columns: tuple[str, ...]) -> Right | Refusal:
    if action == "own":
        if thing.owner in rights.reached:
            return Right(f"`{thing.owner}` owns {thing.resource}", rights.place_of(thing), rights.reached[thing.owner])
        return Refusal(f"{thing.resource} is owned by `{thing.owner}`", rights.place_of(thing))
    answer = rights.on(thing, action, columns)
    if isinstance(answer, Refusal) and not columns and action in COLUMN_PRIVILEGES:
        some = rights.columns(thing, action)
        if some and isinstance(rights.on(thing, action, some), Right):
            listed = ", ".join(quoted(column) for column in some)
            return Refusal(
                f"`{rights.role}` has {action.upper()} on {thing.resource} for the columns {listed} alone", depends_on=("columns",)
            )
    missing = rights.missing_sequence(thing, columns) if action == "insert" and isinstance(answer, Right) else None
    if missing is not None:
        refusal = no_sequence(rights, *missing)
        return refusal if columns else msgspec.structs.replace(refusal, depends_on=("columns",))
    if isinstance(answer, Right) and thing.class_ == "table":
        return refusal_of_rows(world, rights.role, thing, action) or answer
    return answer


def _membership(world: World, rights: Rights, action: str, other: str) -> Right | Refusal:
    role = rights.role
    if action == "set":
        ways = world.settable(role)
    elif action == "member":
        ways = {**world.inherited(role), **world.settable(role)}
        ways.update({step.role: (step,) for step in world.memberships_of(role) if step.role not in ways})
    elif action == "admin":
        ways = {step.role: (step,) for name in rights.reached for step in world.memberships_of(name) if step.is_admin}
    else:
        return Refusal(f"`{action}` is nothing that is done to a role")
    if other in ways and (other != role or action == "set"):
        steps = "; ".join(f"`{step.member}` is a member of `{step.role}`" for step in ways[other])
        return Right(steps or f"`{role}` is itself", rights.row(f"pg_auth_members role/{role} -> role/{other}"))
    return Refusal(f"`{role}` has no `{action}` on role `{printable(other)}`", rights.row("pg_auth_members"))
