"""What each role can do in a database, with the path that gives it.

Invariants:
- a line is what is left after everything that narrows: no USAGE on the schema, no line;
- what a role can do only after SET ROLE is a line too, and its path names the membership; what it can do as itself goes first;
- `*` stands only where the grant is over everything: superusers, `pg_read_all_data` and its like;
- what every role has through PUBLIC and cannot be of interest (CONNECT, TEMPORARY, EXECUTE of ordinary functions, USAGE) is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from remit.model.access import Access, Effect, NativeObject, PrincipalAccess, Unread
from remit.model.identity import Because
from remit.model.place import Place
from remit.model.verbs import Verb
from remit.systems.postgres.acl import PUBLIC
from remit.systems.postgres.names import quoted, role_of
from remit.systems.postgres.rights import Right, Rights
from remit.systems.postgres.row_security import is_filtered, policies_of
from remit.systems.postgres.world import MAINTAIN_ALL, OVER_ALL, READ_ALL, WRITE_ALL, Membership, Thing, World

_LISTED: Mapping[str, tuple[str, ...]] = {
    "table": ("select", "insert", "update", "delete", "truncate", "references", "trigger", "maintain"),
    "sequence": ("select", "update", "usage"),
    "schema": ("create",),
    "database": ("create", "temporary"),
    "function": ("execute",),
    "server": ("usage",),
    "wrapper": ("usage",),
    "language": ("usage",),
    "large-object": ("select", "update"),
    "tablespace": ("create",),
    "parameter": ("set", "alter system"),
}
_COMMON_TO_ALL = frozenset({"database", "function", "language", "type"})
"""Classes on which PUBLIC has privileges by default."""
ATTRIBUTES: Mapping[str, tuple[str, str]] = {
    "createrole": ("role/*", "makes roles, and changes those that it may administer"),
    "createdb": ("database/*", "makes databases"),
    "bypassrls": ("*", "sees every row, whatever row security says"),
    "replication": ("*", "streams every change of every database"),
}
"""Attributes of a role that are actions of their own: on what, and what they mean."""


class AccessOf:
    """The access of any number of roles in one world."""

    def __init__(self, objects: Iterable[NativeObject], verbs: Mapping[str, Verb]) -> None:
        self.world = World(objects)
        self._verbs = verbs
        self._by_grantee: dict[str, dict[str, Thing]] = defaultdict(dict)
        self._owned: dict[str, list[Thing]] = defaultdict(list)
        for thing in self.world.things.values():
            self._owned[thing.owner].append(thing)
            for row in (*thing.rows, *(row for rows in thing.columns.values() for row in rows)):
                self._by_grantee[row.grantee][thing.resource] = thing

    def of(self, principal: str) -> PrincipalAccess:
        """Every line of one principal; none, with the reason, where its role is not there."""
        world = self.world
        unread = [Unread(place=place, why=why) for place, why in world.unread]
        role = role_of(world.connection, principal)
        if role is None or role not in world.roles:
            unread.append(Unread(place=principal, why=f"`{world.connection}` has no such role"))
            return PrincipalAccess(principal=principal, access=(), unread=tuple(unread))
        found: dict[tuple[str, str, tuple[str, ...]], Access] = {}
        for line in self._lines(role):
            found.setdefault((line.action, line.resource, line.columns), line)
        return PrincipalAccess(principal=principal, access=tuple(_without_parts(found.values())), unread=tuple(unread))

    def as_itself(self, role: str) -> Iterator[Access]:
        """What a role can do without SET ROLE, one line for each way; `PUBLIC` for what every role can."""
        return self._as(role, ())

    def _lines(self, role: str) -> Iterator[Access]:
        settable = self.world.settable(role)
        if self.world.is_superuser(role):
            yield self._line("*", "*", [self._attribute_of(role, "is a superuser: no check applies")])
            return
        for acting, way in settable.items():
            path = [self._hop(step, "may SET ROLE to") for step in way]
            if self.world.is_superuser(acting):
                yield self._line("*", "*", [*path, self._attribute_of(acting, "is a superuser: no check applies")])
                continue
            yield from self._as(acting, path)
        yield from self._memberships(role, settable)

    def _as(self, role: str, path: Sequence[Because]) -> Iterator[Access]:
        """What a role can do as itself; `path` is how somebody becomes it."""
        rights = Rights(self.world, role)
        for everything in (READ_ALL, WRITE_ALL):
            privileges = OVER_ALL[everything]
            if everything in rights.reached:
                hops = [*path, *(self._hop(step, "inherits from") for step in rights.reached[everything])]
                text = f"`{everything}` has it on every table, view and sequence"
                for privilege in privileges:
                    yield self._line(privilege, "*", [*hops, self._because(f"row pg_roles {everything}", text)])
        things: dict[str, Thing] = {}
        for grantee in {**rights.reached, PUBLIC: ()}:
            things.update(self._by_grantee.get(grantee, {}))
        if MAINTAIN_ALL in rights.reached:  # it does not look into schemas, so that no `*` says it
            things.update({name: thing for name, thing in self.world.things.items() if thing.class_ == "table"})
        for _, thing in sorted(things.items()):
            given = _given(rights, thing)
            for privilege in _LISTED.get(thing.class_, ()):
                if privilege in given:
                    yield from self._on(rights, thing, privilege, path)
        yield from self._owns(rights, path)
        for attribute, (resource, text) in ATTRIBUTES.items():
            if self.world.roles.get(role, {}).get(attribute):
                yield self._line(attribute, resource, [*path, self._attribute_of(role, text)])

    def _on(self, rights: Rights, thing: Thing, privilege: str, path: Sequence[Because]) -> Iterator[Access]:
        if self._is_common(thing, privilege):
            return
        right = rights.on(thing, privilege)
        if isinstance(right, Right):
            if not self._is_over_all(rights, thing, privilege):
                yield from self._granted(rights, thing, privilege, right, path, ())
            return
        columns = rights.columns(thing, privilege)
        right = rights.on(thing, privilege, columns) if columns else right
        if isinstance(right, Right):
            yield from self._granted(rights, thing, privilege, right, path, columns)

    def _is_common(self, thing: Thing, privilege: str) -> bool:
        """Whether every role has it and it says nothing about one; a SECURITY DEFINER function lends its owner's privileges."""
        if thing.class_ not in _COMMON_TO_ALL or thing.body.get("security_definer"):
            return False
        return any(row.grantee == PUBLIC and row.privilege == privilege for row in thing.rows)

    def _is_over_all(self, rights: Rights, thing: Thing, privilege: str) -> bool:
        """Whether a line with `*` says it already."""
        is_relation = thing.class_ in ("table", "sequence")
        return is_relation and any(name in rights.reached and privilege in OVER_ALL[name] for name in (READ_ALL, WRITE_ALL))

    def _granted(
        self, rights: Rights, thing: Thing, privilege: str, right: Right, path: Sequence[Because], columns: tuple[str, ...]
    ) -> Iterator[Access]:
        hops = [self._hop(step, "inherits from") for step in right.way]
        because = [*path, *hops, Because(place=Place(right.place), text=right.text)]
        missing = rights.missing_sequence(thing, columns) if privilege == "insert" else None
        if missing is not None:
            left_out = (
                f"only rows that give {quoted(missing[0])} a value: its default draws from {missing[1].resource}, which it may not use"
            )
            yield self._line(privilege, thing.resource, because, columns=columns, but=(left_out,))
            return
        if not is_filtered(self.world, rights.role, thing, privilege):
            yield self._line(privilege, thing.resource, because, columns=columns)
            return
        policies = policies_of(self.world, rights.role, thing, privilege)
        if privilege == "insert":
            if policies != ():
                yield self._line(privilege, thing.resource, because, columns=columns, depends_on=("row security",))
            return
        named = "policies that were not read" if policies is None else ", ".join(f"`{name}`" for name in policies)
        but = f"no row: row security is on and no policy is for `{rights.role}`" if policies == () else f"only rows that pass {named}"
        yield self._line(privilege, thing.resource, because, columns=columns, but=(but,))

    def _owns(self, rights: Rights, path: Sequence[Because]) -> Iterator[Access]:
        for owner, way in rights.reached.items():
            if owner == PUBLIC:
                continue
            hops = [*path, *(self._hop(step, "inherits from") for step in way)]
            for thing in self._owned.get(owner, ()):
                text = f"`{owner}` owns {thing.resource}: it may grant, change and drop it"
                yield self._line("own", thing.resource, [*hops, Because(place=Place(rights.place_of(thing)), text=text)])

    def _memberships(self, role: str, settable: Mapping[str, Sequence[Membership]]) -> Iterator[Access]:
        for name, way in {**self.world.inherited(role), **settable}.items():
            if name != role and not all(step.is_implicit for step in way):
                yield self._line("member", f"role/{name}", [self._hop(step, "is a member of") for step in way])
        for acting in {**self.world.inherited(role), **settable}:
            for step in self.world.memberships_of(acting):
                if step.is_admin:
                    yield self._line("admin", f"role/{step.role}", [self._hop(step, "may make members of")])
                if acting == role and step.role not in settable and not step.inherits and not step.may_set:
                    # Neither inherited nor settable: it gives nothing but what its admin option gives, and still is a membership.
                    yield self._line("member", f"role/{step.role}", [self._hop(step, "is a member, by name only, of")])

    def _hop(self, step: Membership, text: str) -> Because:
        if step.is_implicit:
            return self._because(f"pg_database {self.world.database.get('name', '')} datdba", f"`{step.member}` owns the database")
        return self._because(
            f"pg_auth_members role/{step.member} -> role/{step.role}", f"`{step.member}` {text} `{step.role}`", prefix="row "
        )

    def _attribute_of(self, role: str, text: str) -> Because:
        return self._because(f"row pg_roles {quoted(role)}", f"`{role}` {text}")

    def _because(self, place: str, text: str, prefix: str = "") -> Because:
        return Because(place=Place(f"{self.world.connection} {prefix}{place}"), text=text)

    def _line(
        self,
        action: str,
        resource: str,
        because: Sequence[Because],
        *,
        columns: tuple[str, ...] = (),
        depends_on: tuple[str, ...] = (),
        but: tuple[str, ...] = (),
    ) -> Access:
        return Access(
            system=self.world.connection,
            action=action,
            resource=resource,
            decision=Effect.DEPENDS if depends_on else Effect.ALLOW,
            depends_on=depends_on,
            verb=None if action == "*" else self._verbs.get(action, Verb.ADMINISTER),
            because=tuple(because),
            but=but,
            columns=columns,
        )


def _given(rights: Rights, thing: Thing) -> set[str]:
    """The privileges that some row or predefined role gives on a thing: what to look at more closely."""
    found = {row.privilege for row in thing.rows if row.grantee == PUBLIC or row.grantee in rights.reached}
    for rows in thing.columns.values():
        found.update(row.privilege for row in rows if row.grantee == PUBLIC or row.grantee in rights.reached)
    if thing.class_ in ("table", "sequence"):
        found.update(privilege for name, privileges in OVER_ALL.items() if name in rights.reached for privilege in privileges)
    return found


def _without_parts(lines: Iterable[Access]) -> Iterator[Access]:
    """The lines less those on columns of a table that a line on the whole says already (by another path)."""
    kept = list(lines)
    whole = {(line.action, line.resource) for line in kept if not line.columns}
    over_all = {line.action for line in kept if line.resource == "*" and line.action not in ATTRIBUTES}
    for line in kept:
        is_relation = line.resource != "*" and "/" not in line.resource.partition(".")[0]
        if line.columns and (line.action, line.resource) in whole:
            continue
        if is_relation and line.action in over_all:
            continue
        yield line
