"""Steps on Postgres: what each operation changes, the canonical text of its target's state, and the objects after a step.

- `PRIVILEGES`, target `RESOURCE to ROLE`: rows `[column, privilege, grantor, grantable]` of `aclexplode(coalesce(acl, acldefault(...)))` of
  that grantee, column privileges included; column "" is the whole thing. `[]`: no row. None: the thing itself is not there.
- `MEMBERSHIP`, target `role/ROLE to MEMBER`: rows `[grantor, inherit, set, admin]`.
- `ATTRIBUTES`, target `role/NAME attributes`: `{"bypassrls", "createdb", "createrole", "replication"}`. None: there is no such role.
- `LOGIN`, target `role/NAME login`: `open` (it may log in), `closing` (it may not, and a session of it still lives), `closed`.

Texts are JSON without spaces, rows and keys sorted. `arguments` are what the names in a target were made from: `class`, `schema`, `name`,
`arguments`, `role`, `grantee`, `owner`; and `label`, for whom the step was proposed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from remit.model.access import NativeObject
from remit.model.plan import Step
from remit.systems.postgres.acl import Row, canonical_acl, column_rows, rows_of
from remit.systems.postgres.names import canonical, quoted
from remit.systems.postgres.objects import DATABASE, ROLE, native
from remit.systems.postgres.objects import MEMBERSHIP as MEMBERSHIP_KIND
from remit.systems.postgres.world import Membership, Thing, class_and_resource

PRIVILEGES, MEMBERSHIP, ATTRIBUTES, LOGIN = "PRIVILEGES", "MEMBERSHIP", "ATTRIBUTES", "LOGIN"
OPEN, CLOSING, CLOSED = "open", "closing", "closed"
ATTRIBUTE_NAMES = ("bypassrls", "createdb", "createrole", "replication")
CLASSES = frozenset(
    {
        "table",
        "sequence",
        "schema",
        "database",
        "function",
        "language",
        "server",
        "wrapper",
        "tablespace",
        "large-object",
        "parameter",
    }
)
"""Classes of things whose privileges a step can change."""


def rows_text(rows: Iterable[tuple[Any, ...]]) -> str:
    """Rows as canonical text: sorted, each once."""
    return json.dumps([list(row) for row in sorted(set(rows))], separators=(",", ":"), ensure_ascii=False)


def rows_in(text: str) -> list[tuple[Any, ...]]:
    """The rows in a canonical text."""
    return [tuple(row) for row in json.loads(text)]


def attributes_text(attributes: Mapping[str, Any]) -> str:
    """Attributes of a role as canonical text."""
    return json.dumps({name: bool(attributes.get(name)) for name in ATTRIBUTE_NAMES}, separators=(",", ":"), sort_keys=True)


def attributes_in(text: str) -> dict[str, bool]:
    """The attributes in a canonical text."""
    return dict(json.loads(text))


PrivilegeRow = tuple[str, str, str, bool]
"""Column (or ""), privilege, grantor, whether it may be granted on."""


def rows_for(thing: Thing, grantee: str) -> frozenset[PrivilegeRow]:
    """The privileges that stand on a thing for one grantee, column privileges included."""
    whole = {("", row.privilege, row.grantor, row.is_grantable) for row in thing.rows if row.grantee == grantee}
    parts = {
        (column, row.privilege, row.grantor, row.is_grantable)
        for column, rows in thing.columns.items()
        for row in rows
        if row.grantee == grantee
    }
    return frozenset(whole | parts)


class Steps:
    """Makes steps for one principal of one connection."""

    def __init__(self, connection: str, role: str, label: str) -> None:
        self._connection = connection
        self._role = role
        self._label = label

    def privileges(self, thing: Thing, before: Iterable[PrivilegeRow], after: Iterable[PrivilegeRow]) -> Step:
        """A step that makes the privileges of the role on a thing what they shall be."""
        old, new = set(before), set(after)
        plain = {row for row in new - old if (*row[:3], True) in old}
        optional = _in_words(plain)
        taken, given = _in_words(row for row in old - new if (*row[:3], False) not in plain), _in_words(new - old - plain)
        said = [f"take the grant option of {optional} on {thing.resource} from `{self._role}`"] if optional else []
        said += [f"revoke {taken} on {thing.resource} from `{self._role}`"] if taken else []
        said += [f"grant {given} on {thing.resource} to `{self._role}`"] if given else []
        arguments = {"class": thing.class_, "grantee": self._role, "name": str(thing.body["name"]), "owner": thing.owner}
        for name in ("schema", "arguments"):
            if thing.schema is not None and thing.body.get(name) is not None:
                arguments[name] = str(thing.body[name])
        return self._step(
            PRIVILEGES, f"{thing.resource} to {quoted(self._role)}", " and ".join(said), rows_text(old), rows_text(new), arguments
        )

    def membership(self, role: str, before: Iterable[Membership], after: Iterable[Membership]) -> Step:
        """A step that makes the memberships of the role in another one what they shall be."""
        old, new = list(before), list(after)
        verb = f"take `{self._role}` out of `{role}`" if not new else f"take the admin option on `{role}` from `{self._role}`"
        return self.membership_of(role, self._role, old, new, verb)

    def membership_of(self, role: str, member: str, before: Iterable[Membership], after: Iterable[Membership], what: str) -> Step:
        """The same for any member."""
        arguments = {"role": role, "grantee": member}
        return self._step(
            MEMBERSHIP, f"role/{role} to {quoted(member)}", what, _membership_text(before), _membership_text(after), arguments
        )

    def attributes(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> Step:
        """A step that switches attributes of the role off."""
        gone = [name for name in ATTRIBUTE_NAMES if before.get(name) and not after.get(name)]
        what = f"take {', '.join(name.upper() for name in gone)} from `{self._role}`"
        arguments = {"role": self._role}
        return self._step(ATTRIBUTES, f"role/{self._role} attributes", what, attributes_text(before), attributes_text(after), arguments)

    def no_login(self) -> Step:
        """A step that lets the role log in no more, and ends its sessions."""
        what = f"let `{self._role}` log in no more, and end its sessions"
        return self._step(LOGIN, f"role/{self._role} login", what, OPEN, CLOSED, {"role": self._role})

    def _step(self, operation: str, target: str, what: str, before: str, after: str, arguments: Mapping[str, str]) -> Step:
        return Step(
            connection=self._connection,
            principal=canonical(self._connection, self._role),
            operation=operation,
            target=target,
            what=what,
            before=before,
            after=after,
            arguments={**arguments, "label": self._label},
        )


def gives(step: Step) -> bool:
    """Whether a step on privileges gives something that was not there."""
    old = {row[:3] for row in rows_in(step.before or "[]")}
    return any(row[:3] not in old for row in rows_in(step.after or "[]"))


def _membership_text(memberships: Iterable[Membership]) -> str:
    return rows_text((item.grantor, item.inherits, item.may_set, item.is_admin) for item in memberships)


def _in_words(rows: Iterable[PrivilegeRow]) -> str:
    columns: dict[str, list[str]] = {}
    for column, privilege, _, _ in sorted(rows):
        columns.setdefault(privilege, [])
        if column:
            columns[privilege].append(quoted(column))
    return ", ".join(word.upper() + (f" ({', '.join(dict.fromkeys(names))})" if names else "") for word, names in columns.items())


# --- the objects after steps ------------------------------------------------------------------------------------------------------


def after(objects: Sequence[NativeObject], steps: Sequence[Step]) -> list[NativeObject]:
    """The objects as a reading would give them once these steps were done, in their order; ValueError where a step cannot be placed."""
    held = {(item.kind, item.id): item for item in objects}
    database = next((item for item in objects if item.kind == DATABASE), None)
    version = int(database.body.get("version", 0)) if database is not None else 0
    for step in steps:
        if any(step.connection != item.connection for item in objects[:1]):
            raise ValueError(f"the step on `{step.target}` is one of `{step.connection}`")
        if step.after is None:
            raise ValueError(f"no step on Postgres makes `{step.target}` go away")
        if step.operation == PRIVILEGES:
            _set_privileges(held, step, step.after, version)
        elif step.operation == MEMBERSHIP:
            _set_membership(held, step, step.after)
        elif step.operation in (ATTRIBUTES, LOGIN):
            _set_role(held, step, step.after)
        else:
            raise ValueError(f"`{step.operation}` is no operation on Postgres")
    return _in_order(objects, held)


def _in_order(objects: Sequence[NativeObject], held: Mapping[tuple[str, str], NativeObject]) -> list[NativeObject]:
    """What is held in the order of the objects; a new one stands before the first of its kind with a greater id."""
    ordered = [held[key] for item in objects if (key := (item.kind, item.id)) in held]
    known = {(item.kind, item.id) for item in ordered}
    for key in sorted(set(held) - known):
        same = [number for number, item in enumerate(ordered) if item.kind == key[0]]
        greater = [number for number in same if ordered[number].id > key[1]]
        at = greater[0] if greater else same[-1] + 1 if same else len(ordered)
        ordered.insert(at, held[key])
    return ordered


_Held = dict[tuple[str, str], NativeObject]


def _set_privileges(held: _Held, step: Step, text: str, version: int) -> None:
    resource = step.target.removesuffix(f" to {quoted(step.arguments['grantee'])}")
    grantee = step.arguments["grantee"]
    for key, item in held.items():
        if not key[0].startswith("pg:") or "acl" not in item.body or "owner" not in item.body or key[0] == "pg:default-acl":
            continue
        class_, name = class_and_resource(item)
        if name == resource and class_ == step.arguments["class"]:
            held[key] = msgspec.structs.replace(item, body=_with_rows(item.body, class_, grantee, rows_in(text), version))
            return
    raise ValueError(f"`{resource}` is not among what was read")


def _with_rows(body: Mapping[str, Any], class_: str, grantee: str, rows: list[tuple[Any, ...]], version: int) -> dict[str, Any]:
    owner = body.get("owner") or ""
    whole = [row for row in rows_of(body["acl"], class_, owner, version) if row.grantee != grantee]
    whole += [Row(grantee, privilege, grantor, option) for column, privilege, grantor, option in rows if column == ""]
    changed = {**body, "acl": canonical_acl(whole, class_, owner, version)}
    if "columns" in body:
        columns = []
        for column in body["columns"]:
            kept = [row for row in column_rows(column.get("acl")) if row.grantee != grantee]
            kept += [Row(grantee, privilege, grantor, option) for name, privilege, grantor, option in rows if name == column["name"]]
            columns.append({**column, "acl": canonical_acl(kept, None, owner, version)})
        changed["columns"] = columns
    return changed


def _set_membership(held: _Held, step: Step, text: str) -> None:
    role, member = step.arguments["role"], step.arguments["grantee"]
    connection = step.connection
    for name in (role, member):
        if (ROLE, name) not in held:
            raise ValueError(f"there is no role `{name}` among what was read")
    for key, item in list(held.items()):
        if key[0] == MEMBERSHIP_KIND and (item.body["role"], item.body["member"]) == (role, member):
            del held[key]
    for grantor, inherits, may_set, is_admin in rows_in(text):
        body = {"role": role, "member": member, "grantor": grantor, "inherit": inherits, "set": may_set, "admin": is_admin}
        made = native(connection, MEMBERSHIP_KIND, body)
        held[made.kind, made.id] = made


def _set_role(held: _Held, step: Step, text: str) -> None:
    key = (ROLE, step.arguments["role"])
    if key not in held:
        raise ValueError(f"there is no role `{key[1]}` among what was read")
    changed: dict[str, Any] = {"login": text == OPEN} if step.operation == LOGIN else attributes_in(text)
    held[key] = msgspec.structs.replace(held[key], body={**held[key].body, **changed})
