"""The steps that leave a role what is needed of it: direct grants, memberships, options and attributes, each looked at by itself.

Which of them hold together is asked in `minimise`, on the state after all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from remit.model.access import Access
from remit.model.alignment import AlignmentLine
from remit.model.plan import Step
from remit.systems.postgres.access import ATTRIBUTES, AccessOf
from remit.systems.postgres.acl import PUBLIC
from remit.systems.postgres.kept import Kept
from remit.systems.postgres.names import quoted
from remit.systems.postgres.rights import Right, Rights
from remit.systems.postgres.steps import ATTRIBUTE_NAMES, CLASSES, PrivilegeRow, Steps, gives, rows_for
from remit.systems.postgres.world import Membership, Thing, World

_NEVER_GRANTED = frozenset({"own", "admin", "member", "*", *ATTRIBUTE_NAMES})
"""Actions that no GRANT on a thing gives."""


class _Rest:
    """What a role has from elsewhere than direct grants."""

    def __init__(self, itself: Sequence[Rights], after_set_role: Sequence[Rights]) -> None:
        self._itself = itself
        self._after_set_role = after_set_role

    def gives(self, thing: Thing, privilege: str, column: str) -> bool:
        """Whether a privilege comes from there; USAGE on the schema is asked for by itself, but for what is had after SET ROLE."""
        if any(rights.has(thing, privilege, column) for rights in self._itself):
            return True
        columns = (column,) if column else ()
        return any(isinstance(rights.on(thing, privilege, columns), Right) for rights in self._after_set_role)


class Narrowing:
    """Works out the steps for one role; what it cannot do gathers in `residue`."""

    def __init__(self, access: AccessOf, role: str, keep: Sequence[AlignmentLine], label: str) -> None:
        self._access = access
        self._world = access.world
        self._role = role
        self._kept = Kept(keep)
        self._make = Steps(access.world.connection, role, label)
        self._writer = access.world.selves.get("write")
        self.residue: list[str] = []
        self.ends_memberships = False
        self.keeps_memberships = False
        # What PUBLIC gives is not taken away here, so it is no reason to end a membership.
        self._public = {(line.action, line.resource, line.columns) for line in access.as_itself(PUBLIC)}
        self._acting = [Rights(self._world, name) for name in self._world.settable(role)]
        self._needs: dict[str, dict[str, tuple[str, ...]]] = self._needed_privileges()

    # --- what is needed -----------------------------------------------------------------------------------------------------------

    def _needed_privileges(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Resource -> privilege -> its columns (none: the whole), of what the role has now and shall keep."""
        needs: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
        for thing in self._world.things.values():
            for privilege in {row.privilege for rows in (thing.rows, *thing.columns.values()) for row in rows} | self._over_all(thing):
                wanted = self._kept.columns_of(privilege, thing.resource)
                has = self._granted(thing, privilege) if wanted is not None else None
                if wanted is None or has is None:
                    continue
                if not wanted or not thing.columns:
                    needs[thing.resource][privilege] = has
                elif both := tuple(name for name in has or thing.columns if name in wanted):
                    needs[thing.resource][privilege] = both
        self._add_implied(needs)
        return needs

    def _add_implied(self, needs: dict[str, dict[str, tuple[str, ...]]]) -> None:
        """Numbers for the defaults of tables that are inserted into, and schemas to look names up in."""
        numbers: dict[str, str] = {}
        inserted = [resource for resource, privileges in needs.items() if "insert" in privileges]
        for thing in [sequence for resource in inserted for _, sequence in self._world.sequences_of.get(resource, ())]:
            # Without USAGE of its schema: a default names its sequence by number.
            given = next((word for word in ("usage", "update") if any(rights.has(thing, word, "") for rights in self._acting)), None)
            if given is not None:
                numbers[thing.resource] = given
        for resource in [resource for resource, privileges in needs.items() if privileges]:
            schema = self._world.things[resource].schema
            if schema is not None and f"schema/{schema}" in self._world.things:
                needs[f"schema/{schema}"].setdefault("usage", ())
        for resource, word in numbers.items():
            needs[resource].setdefault(word, ())

    @staticmethod
    def _over_all(thing: Thing) -> set[str]:
        if thing.class_ == "sequence":
            return {"select", "update"}
        return {"select", "insert", "update", "delete", "maintain"} if thing.class_ == "table" else set()

    def _granted(self, thing: Thing, privilege: str) -> tuple[str, ...] | None:
        """The columns on which the role has a privilege, by itself or after SET ROLE: () for the whole, None for nothing."""
        found: dict[str, None] = {}
        for rights in self._acting:
            if isinstance(rights.on(thing, privilege), Right):
                return ()
            columns = rights.columns(thing, privilege)
            if columns and isinstance(rights.on(thing, privilege, columns), Right):
                found.update(dict.fromkeys(columns))
        return tuple(name for name in thing.columns if name in found) or None

    def lost(self, later: World) -> str:
        """What is needed and would be gone; empty: nothing."""
        acting = [Rights(later, name) for name in later.settable(self._role)]
        for resource, privileges in self._needs.items():
            thing = later.things[resource]
            for privilege, columns in privileges.items():
                for column in columns or ("",):
                    is_there = any(isinstance(rights.on(thing, privilege, (column,) if column else ()), Right) for rights in acting)
                    if not is_there and not (thing.class_ == "sequence" and any(rights.has(thing, privilege, "") for rights in acting)):
                        return f"take {privilege.upper()} on {resource}, which is needed"
        return ""

    # --- steps --------------------------------------------------------------------------------------------------------------------

    def steps(self) -> Iterator[Step]:
        """What gives first, then what takes."""
        staying = {role: group for role, group in self._memberships().items() if self._must_stay(role, group)}
        going = {role: group for role, group in self._memberships().items() if role not in staying}
        rest = self._without(going)
        privileges = [self._on(thing, rest) for _, thing in sorted(self._world.things.items()) if thing.class_ in CLASSES]
        made = [step for step in privileges if step is not None]
        yield from sorted(made, key=lambda step: not gives(step))
        for role, group in sorted(going.items()):
            yield self._make.membership(role, group, [])
        for role, group in sorted(staying.items()):
            yield from self._without_admin(role, group)
        yield from self._attributes()

    def _memberships(self) -> dict[str, list[Membership]]:
        groups: dict[str, list[Membership]] = defaultdict(list)
        for membership in self._world.memberships_of(self._role):
            if not membership.is_implicit:
                groups[membership.role].append(membership)
        return groups

    def _without(self, going: Iterable[str]) -> _Rest:
        """The rights that stay without these memberships, and without what is granted to the role directly."""
        gone = set(going)
        inherited: dict[str, Rights] = {}
        settable: dict[str, Rights] = {}
        for step in self._world.memberships_of(self._role):
            if step.role not in gone and step.may_set:
                settable.update({name: Rights(self._world, name) for name in self._world.settable(step.role)})
            if step.role not in gone and step.inherits:
                inherited[step.role] = Rights(self._world, step.role)
        return _Rest([*inherited.values(), Rights(self._world, PUBLIC)], list(settable.values()))

    def _must_stay(self, role: str, group: Sequence[Membership]) -> bool:
        """Whether a membership stays; where it gives too much and stays all the same, the reason is residue."""
        given = list(self._given_by(group))
        too_much = [
            line for line in given if (line.action, line.resource, line.columns) not in self._public and not self._kept.covers(line)
        ]
        if self._kept.columns_of("member", f"role/{role}") is not None or self._kept.columns_of("set", f"role/{role}") is not None:
            return True
        if not too_much and not self.ends_memberships:
            return True
        why = self._why_it_stays(role, group, given)
        if why:
            extra = ", ".join(dict.fromkeys(f"{line.action} on {line.resource}" for line in too_much[:3]))
            more = f" and {len(too_much) - 3:,} more" if len(too_much) > 3 else ""
            self.residue.append(f"`{self._role}` stays a member of `{role}`, which gives it {extra}{more} beyond what is needed: {why}")
        return bool(why)

    def _given_by(self, group: Sequence[Membership]) -> Iterator[Access]:
        role = group[0].role
        if any(step.may_set for step in group):
            for name in self._world.settable(role):
                if self._world.is_superuser(name):
                    yield Access(system=self._world.connection, action="*", resource="*")
                else:
                    yield from self._access.as_itself(name)
        if any(step.inherits for step in group):
            yield from (line for line in self._access.as_itself(role) if line.action not in ATTRIBUTE_NAMES)

    def _why_it_stays(self, role: str, group: Sequence[Membership], given: Sequence[Access]) -> str:
        if self.keeps_memberships:
            return "what is needed of it cannot be granted in another way"
        for step in group:
            if not self._may_act_for(step.grantor):
                return (
                    f"it was granted by `{step.grantor}`, for whom the write role cannot act; an administrator takes it away with "
                    f"`REVOKE {quoted(role)} FROM {quoted(self._role)} GRANTED BY {quoted(step.grantor)}`"
                )
        if any(other.grantor == self._role for other in self._world.members.get(role, ())):
            return f"`{self._role}` made others members of `{role}`, and they would lose it too"
        for line in given:
            if line.action in _NEVER_GRANTED and self._kept.covers(line) and line.action != "member":
                return f"`{line.action}` on {line.resource} is needed, which only a membership gives"
        giving = [Rights(self._world, name) for name in {**self._world.inherited(role), **self._world.settable(role)}]
        own = self._directly()
        for resource, privileges in self._needs.items():
            thing = self._world.things[resource]
            from_here = [
                word
                for word, columns in privileges.items()
                if any(rights.has(thing, word, column) for rights in giving for column in columns or ("",))
            ]
            only_here = [word for word in from_here if not all(own.has(thing, word, column) for column in privileges[word] or ("",))]
            if why := self._why_not_grantable(thing, only_here) or self._why_rows_hang_on(thing, {rights.role for rights in giving}):
                return why
        return ""

    def _directly(self) -> Rights:
        """What is granted to the role itself and to PUBLIC."""
        rights = Rights(self._world, self._role)
        rights.reached = {self._role: ()}
        return rights

    def _why_not_grantable(self, thing: Thing, privileges: Sequence[str]) -> str:
        """Why what is needed of a thing cannot be granted directly in the place of a membership."""
        if not privileges:
            return ""
        if not self._may_change(thing, thing.owner):
            words = ", ".join(privileges).upper()
            return f"{words} on {thing.resource} is needed, and Remit may not act for its owner `{thing.owner}`"
        if thing.class_ not in CLASSES:
            return f"{thing.resource} is needed, whose privileges Remit does not change"
        return ""

    def _why_rows_hang_on(self, thing: Thing, roles: set[str]) -> str:
        """Why which rows of a needed table are seen hangs on a membership: a policy is for it, or it owns the table."""
        if not thing.body.get("row_security"):
            return ""
        named = {name for policy in thing.body.get("policies") or () for name in policy["roles"]}
        return f"which rows of {thing.resource} it sees hangs on it" if named & roles or thing.owner in roles else ""

    def _may_act_for(self, role: str) -> bool:
        """Whether the write role can grant and revoke as this role; where the write role is not known, it is tried."""
        return self._writer is None or role in self._world.settable(self._writer)

    def _may_change(self, thing: Thing, grantor: str) -> bool:
        """Whether the write role can grant and revoke on a thing as this role, which has to be able to look up its name."""
        is_superuser = self._writer is None or self._world.is_superuser(self._writer)
        if is_superuser and grantor == thing.owner:
            return True
        if not self._may_act_for(grantor):
            return False
        return thing.schema is None or isinstance(Rights(self._world, grantor).usage_of_schema(thing.schema), Right)

    def _on(self, thing: Thing, rest: _Rest) -> Step | None:
        """The step that makes the direct privileges on a thing what is needed of it."""
        if thing.owner == self._role:
            return None
        before = rows_for(thing, self._role)
        wanted: set[PrivilegeRow] = set()
        needs = self._needs.get(thing.resource, {})
        for privilege in sorted({row[1] for row in before} | set(needs)):
            rows = {row for row in before if row[1] == privilege}
            if privilege == "connect" and not self.ends_memberships:
                wanted |= rows
            elif privilege in needs:
                wanted |= self._rows_needed(thing, privilege, needs[privilege], rows, rest)
        wanted |= self._rows_that_stay(thing, before - wanted, wanted)
        return self._make.privileges(thing, before, wanted) if wanted != set(before) else None

    def _rows_needed(
        self, thing: Thing, privilege: str, columns: tuple[str, ...], rows: set[PrivilegeRow], rest: _Rest
    ) -> set[PrivilegeRow]:
        """The rows that give a privilege on these columns, or on the whole: those that stand already, else new ones by the owner."""
        plain = {(row[0], row[1], row[2], False) for row in rows}
        if not columns:
            kept = plain
            new = set() if any(row[0] == "" for row in rows) or rest.gives(thing, privilege, "") else {("", privilege, thing.owner, False)}
        else:
            kept = {row for row in plain if row[0] in columns}
            missing = [name for name in columns if not any(row[0] == name for row in kept) and not rest.gives(thing, privilege, name)]
            new = {(name, privilege, thing.owner, False) for name in missing}
        if new and not self._may_change(thing, thing.owner):
            if rows:
                self._say(f"`{self._role}` keeps {privilege.upper()} on {thing.resource} as it is: Remit may not act for its owner")
            return rows
        return kept | new

    def _rows_that_stay(self, thing: Thing, gone: Iterable[PrivilegeRow], wanted: set[PrivilegeRow]) -> set[PrivilegeRow]:
        """Rows that would go and cannot: others depend on them, or the write role cannot act for who granted or for whom to grant anew."""
        passed_on = {row.privilege for rows in (thing.rows, *thing.columns.values()) for row in rows if row.grantor == self._role}
        stay: set[PrivilegeRow] = set()
        for row in gone:
            _, privilege, grantor, _ = row
            what = f"{privilege.upper()} on {thing.resource}"
            if privilege in passed_on:
                stay.add(row)
                self._say(f"`{self._role}` keeps {what}: it granted it on to others, who would lose it too")
            elif not self._may_change(thing, grantor):
                stay.add(row)
                self._say(f"`{self._role}` keeps {what}: the write role cannot act for `{grantor}`, who granted it; an administrator can")
        for row in stay:
            wanted.discard((row[0], row[1], row[2], False))
        return stay

    def _without_admin(self, role: str, group: Sequence[Membership]) -> Iterator[Step]:
        if not any(step.is_admin for step in group) or self._kept.columns_of("admin", f"role/{role}") is not None:
            return
        if any(other.grantor == self._role for other in self._world.members.get(role, ())):
            self._say(f"`{self._role}` keeps the admin option on `{role}`: it made others members of it")
        elif not all(self._may_act_for(step.grantor) for step in group):
            self._say(f"`{self._role}` keeps the admin option on `{role}`: the write role cannot act for who granted it")
        else:
            plain = [Membership(s.role, s.member, s.grantor, s.inherits, s.may_set, False) for s in group]
            yield self._make.membership(role, group, plain)

    def _attributes(self) -> Iterator[Step]:
        body = self._world.roles[self._role]
        gone = [name for name in ATTRIBUTE_NAMES if body.get(name) and self._kept.columns_of(name, ATTRIBUTES[name][0]) is None]
        possible = [name for name in gone if self._may_switch(name)]
        for name in gone:
            if name not in possible:
                self._say(f"`{self._role}` keeps {name.upper()}: the write role may not take it away; a superuser can")
        if possible:
            yield self._make.attributes(body, {**body, **dict.fromkeys(possible, False)})

    def _may_switch(self, attribute: str) -> bool:
        """Whether the write role may change an attribute: from version 16 on it needs ADMIN on the role, and the attribute itself."""
        if self._writer is None or self._world.is_superuser(self._writer):
            return True
        own = self._world.roles.get(self._writer, {})
        may_administer = any(step.is_admin and step.member == self._writer for step in self._world.members.get(self._role, ()))
        return bool(own.get("createrole") and own.get(attribute) and may_administer)

    # --- what stays, in words -----------------------------------------------------------------------------------------------------

    def _say(self, sentence: str) -> None:
        if sentence not in self.residue:
            self.residue.append(sentence)

    def stays(self, remaining: Sequence[Access]) -> Iterator[str]:
        """Sentences about what the role can still do and does not need."""
        extra = [line for line in remaining if not self._kept.covers(line)]
        public = [line for line in extra if (line.action, line.resource, line.columns) in self._public]
        if public:
            yield f"every role has {_some(public)} through PUBLIC: taking it from PUBLIC concerns all roles and is left to a person"
        own = [line for line in extra if line.action == "own"]
        if own:
            named = ", ".join(dict.fromkeys(line.resource for line in own[:5])) + _more(own, 5)
            yield f"`{self._role}` owns, or acts for the owner of, {named}: an owner can do everything"
        for default in self._world.default_acls:
            if any(f'"{self._role}"=' in item or item.startswith(f"{self._role}=") for item in default["acl"] or ()):
                where = f" in schema {quoted(default['schema'])}" if default["schema"] else ""
                yield (
                    f"what `{default['owner']}` makes{where} from now on is granted to `{self._role}` by default privileges (class "
                    f"`{default['kind']}`): ALTER DEFAULT PRIVILEGES FOR ROLE {quoted(default['owner'])} ends that"
                )
        others = sorted(thing.body["name"] for thing in self._world.things.values() if thing.class_ == "database")
        others = [name for name in others if name not in (self._world.database.get("name"), "postgres")]
        if others:
            yield f"what `{self._role}` can do in other databases of the server ({', '.join(others[:5])}) was not read and is not changed"


def blind_changes(had: Sequence[Access], remaining: Sequence[Access]) -> Iterator[str]:
    """Sentences about tables on which changes stay and all reading goes: the server refuses to compare a column that may not be read."""
    could_read = {line.resource for line in had if line.action == "select"}
    can_read = {line.resource for line in remaining if line.action == "select"}
    changes: dict[str, set[str]] = {}
    for line in remaining:
        if line.action in ("update", "delete") and line.resource in could_read - can_read:
            changes.setdefault(line.resource, set()).add(line.action.upper())
    for resource, words in sorted(changes.items()):
        yield (
            f"{' and '.join(sorted(words))} on {resource} stays and SELECT goes: a statement that says which rows (`WHERE`) is then "
            "refused; where the agent sends such ones, a `read` line with the columns that they compare keeps them"
        )


def _some(lines: Sequence[Access]) -> str:
    shown = dict.fromkeys(f"{line.action.upper()} on {line.resource}" for line in lines)
    return ", ".join(list(shown)[:5]) + _more(list(shown), 5)


def _more(items: Sequence[object], shown: int) -> str:
    return f" and {len(items) - shown:,} more" if len(items) > shown else ""
