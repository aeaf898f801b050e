"""Needed, granted and used side by side, in five classes: the table on which right-sizing, findings and reviews stand (design section 6).

Decides the class of every entitlement, need and use of one agent. Invariants:
- needed comes from the remit (or draft) alone: what is granted changes how a need is shown, never whether it is one;
- an allowed use stands in one line, of the narrowest grant that covers it; a refused one makes nothing `used`;
- every grant stands in a line, and what is left of a broad one in a line of its own; every need does too;
- `action` of a needed line names only what is needed (a name, or a pattern that names nothing else), so that keeping it keeps nothing more.

A refused attempt at something that is not needed is no entitlement: it stands in the events, and a detection judges it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from remit.contracts.system import Vocabulary
from remit.document.pattern import overlaps
from remit.model.access import Access, Effect, PrincipalAccess
from remit.model.alignment import Alignment, AlignmentLine, Class
from remit.model.draft import Draft
from remit.model.event import Use
from remit.model.identity import Because
from remit.model.remit import Remit
from remit.model.shown import printable
from remit.understand.heads import ByHead
from remit.understand.material import Concerns
from remit.understand.naming import as_policies_write, container_of, generalised
from remit.understand.needs import Forbidden, Need, Needs, needs_of
from remit.understand.recorded import Recorded
from remit.understand.served import Columns, Got, Served, ServedNeed, is_inside
from remit.understand.spans import Spans, common, covers, is_on, is_pattern
from remit.understand.ways import Ways, is_compared, is_way
from remit.understand.why import because_missing, because_needed, because_not_needed, because_way, doubts, places_of_uses

_OF_COLUMNS = frozenset({"select", "insert", "update", "references"})
"""What Postgres grants on columns; no other system has any."""
_NEEDED = frozenset({Class.NEEDED_USED, Class.NEEDED_UNUSED})


def align(
    agent: str,
    source: Remit | Draft,
    access: Sequence[PrincipalAccess],
    uses: Sequence[Use],
    vocabularies: Mapping[str, Vocabulary],
    concerns: Mapping[str, Concerns],
) -> Alignment:
    """The table of one agent; `uses` are its own, `access` that of the identities that it is bound to."""
    needs = needs_of(source)
    table = _Table(needs, Spans(vocabularies, concerns), uses)
    for principal in access:
        table.add_principal(principal)
    table.add_tools()
    table.add_ungranted()
    table.add_missing(access)
    return Alignment(agent=agent, is_from_draft=needs.is_from_draft, remit_hash=needs.hash, lines=tuple(table.lines))


def needed_by(alignment: Alignment, principal: str) -> tuple[AlignmentLine, ...]:
    """The lines of an identity that are to stay: what `IdentitySystem.narrow` takes as `keep`."""
    return tuple(line for line in alignment.lines if line.principal == principal and line.class_ in _NEEDED)


class _Part(NamedTuple):
    """What one grant and one need have in common."""

    principal: str
    grant: Access
    need: Need
    scope: str
    columns: Columns
    doubt: str


class _Table:
    def __init__(self, needs: Needs, spans: Spans, uses: Sequence[Use]) -> None:
        self.needs, self.spans = needs, spans
        self.lines: list[AlignmentLine] = []
        self._uses = Recorded((_settled(use) for use in uses), spans)
        self._refused = [use for use in self._uses.all() if use.denied]
        self._taken: set[int] = set()
        """Identities of uses that stand in a line."""
        self._served = Served()
        self._needs_on: dict[str, ByHead[Need]] = {}
        self._by_rule = {need.rule: need for need in reversed(needs.needs)}
        self._nevers = ByHead((line.resource, line) for line in needs.forbidden)
        self._broken: dict[tuple[str, str, str], Forbidden | None] = {}
        """What forbids an action on a resource, for what was asked already."""
        self._whole: set[str] = set()
        """Identities of which every grant was read: what they did and nothing grants any more, they cannot do."""

    # --- grants -----------------------------------------------------------------------------------------------------------------

    def add_principal(self, found: PrincipalAccess) -> None:
        """Every entitlement of one identity: certain and narrow ones first, so that each use falls to the narrowest grant."""
        if not found.unread:
            self._whole.add(found.principal)
        grants = sorted(found.access, key=lambda grant: (is_compared(grant), *_breadth(grant)))
        shown = len(self.lines)
        compared: Ways | None = None
        for grant in grants:
            if is_way(grant):
                continue
            if is_compared(grant) and compared is None:
                # What needs it was found by now: those that are compared come last, and none of them leads to another.
                compared = Ways(line for line in self.lines if line.principal == found.principal and line.class_ in _NEEDED)
            self._add_grant(found.principal, grant, compared)
        ways = Ways(line for line in self.lines[shown:] if line.class_ in _NEEDED)
        for grant in grants:
            if is_way(grant):
                self.lines.append(self._way(found.principal, grant, ways))

    def _add_grant(self, principal: str, grant: Access, compared: Ways | None) -> None:
        is_whole = is_touched = False
        # A grant over every service is never needed whole: no line names more than one.
        is_everything = grant.system.endswith(":*")
        named = self.spans.named_by(grant.system, grant.action, grant.resource) if is_pattern(grant.action) and not is_everything else ()
        left = set(named)
        covered = [use for use in self._uses.covered_by(grant, principal) if id(use) not in self._taken]
        for need in self._needs_of(grant.system).may_meet(grant.resource):
            scope = common(grant.resource, need.resource)
            columns = _common_columns(grant.columns, need.columns)
            if scope is None or columns is None:
                continue
            asked, doubt = self._wanted(need, grant, scope, named if (need.system, scope) == (grant.system, grant.resource) else ())
            wanted = [action for action in asked if not self._is_served(principal, need.system, action, scope, columns)]
            if not wanted:
                continue
            self._add_needed(_Part(principal, grant, need, scope, columns, doubt), wanted, asked, covered)
            if scope == grant.resource and columns == grant.columns:
                is_whole = is_whole or not is_pattern(grant.action)
                is_touched = True
                left -= set(wanted)
        is_whole = is_whole or (is_pattern(grant.action) and is_touched and not left and not is_everything)
        if not self._add_out_of_intent(principal, grant, covered, is_whole=is_whole) and not is_whole:
            self.lines.append(self._rest(principal, grant, compared))

    def _rest(self, principal: str, grant: Access, compared: Ways | None) -> AlignmentLine:
        """What nothing asks for: needed all the same where what is needed cannot be done without it."""
        if compared is None or not is_compared(grant) or self._forbidden(grant.system, grant.action, grant.resource) is not None:
            return self._unneeded(principal, grant)
        return self._way(principal, grant, compared)

    def _wanted(self, need: Need, grant: Access, scope: str, named: Sequence[str]) -> tuple[list[str], str]:
        """The actions of a grant that a need asks for on a resource, less what is forbidden there; and what makes that uncertain.

        `named`: what a pattern of a grant names there, where that is known already.
        """
        if grant.action == "own":
            return (["own"], "") if any(need.asks_for(verb) for verb in self._uses.verbs_as_owner(grant)) else ([], "")
        meeting = [line for line in self._nevers.may_meet(scope) if overlaps(line.resource, scope)]
        of_verbs: dict[str | None, tuple[str, ...] | None] = {}
        wanted, doubts_found = [], dict[str, None]()
        for action in self.spans.asked_for(need, grant.action, scope, named):
            if need.columns and action not in _OF_COLUMNS:
                continue  # A need of some columns is none of what only the whole table can be granted for, such as its upkeep.
            verb = self.spans.verb_of(need.system, action)
            if verb not in of_verbs:
                of_verbs[verb] = _doubts_of([line for line in meeting if line.is_about(need.system, verb)], scope)
            found = of_verbs[verb]
            if found is not None:
                doubts_found.update(dict.fromkeys(found))
                wanted.append(action)
        return wanted, "; ".join(doubts_found)

    def _add_needed(self, part: _Part, wanted: Sequence[str], asked: Sequence[str], covered: Sequence[Use]) -> None:
        """Lines for the wanted actions of one grant and need; patterns in them may name whatever is `asked`."""
        folded = [self.spans.folded(part.need.system, action) for action in wanted]
        places = {name: number for number, name in reversed(list(enumerate(folded)))}
        used: dict[str, list[Use]] = defaultdict(list)
        for use in covered:
            if id(use) in self._taken:
                continue
            at = min((places[name] for name in self._uses.names_of(use) if name in places), default=None)
            if at is None or not is_inside(use.columns, part.columns) or not covers(part.scope, use.resource):
                continue
            if not self._is_forbidden(use):  # a `never` goes before what a line needs
                used[wanted[at]].append(use)
                self._taken.add(id(use))
        self._served.add(Got(part.principal, part.need.rule, part.scope, part.columns), folded)
        for action, uses in sorted(used.items()):
            self.lines.append(self._needed_of(Class.NEEDED_USED, part, action, uses))
        unused = [action for action in wanted if action not in used]
        for action in self.spans.written(part.need.system, part.grant.action, unused, asked):
            self.lines.append(self._needed_of(Class.NEEDED_UNUSED, part, action, ()))

    def _needed_of(self, class_: Class, part: _Part, action: str, uses: Sequence[Use]) -> AlignmentLine:
        further = (part.doubt,) if part.doubt else ()
        return self._needed(class_, part.principal, part.grant, part.need, action, part.scope, part.columns, uses, further)

    def _add_out_of_intent(self, principal: str, grant: Access, covered: Sequence[Use], *, is_whole: bool) -> bool:
        """Uses that this grant allows and nothing needs; whether one line now stands for the whole grant."""
        by_kind: dict[tuple[str, str, bool], list[Use]] = defaultdict(list)
        for use in covered:
            if id(use) not in self._taken:
                by_kind[use.action, container_of(use.resource), self._is_forbidden(use)].append(use)
        if not by_kind:
            return False
        # What is used of a thing that nothing needs stands for the whole grant on it: the keys that were seen are only samples.
        can_be_one = not is_whole and _is_inside_one(grant.resource) and not self._is_partly_needed(principal, grant)
        stands_for_all = False
        for (action, *_), uses in sorted(by_kind.items()):
            self._taken.update(id(use) for use in uses)
            is_one = can_be_one and self.spans.folded(grant.system, action) == self.spans.folded(grant.system, grant.action)
            resource = grant.resource if is_one else generalised([use.resource for use in uses])
            stands_for_all = stands_for_all or is_one
            self.lines.append(self._out_of_intent(principal, use_system(uses), action, resource, uses, grant))
        return stands_for_all

    def _is_partly_needed(self, principal: str, grant: Access) -> bool:
        return self._served.meets(principal, self.spans.folded(grant.system, grant.action), grant.resource)

    def _way(self, principal: str, grant: Access, ways: Ways) -> AlignmentLine:
        """A membership is needed where something needed comes through it; a sequence, and what is compared, by what needs them."""
        through = ways.leading_from(grant)
        if not through:
            return self._unneeded(principal, grant)
        used = [line for line in through if line.class_ is Class.NEEDED_USED]
        first = (used or through)[0]
        need = self._by_rule[first.rule]
        return AlignmentLine(
            principal=principal,
            system=grant.system,
            action=grant.action,
            resource=grant.resource,
            class_=Class.NEEDED_USED if used else Class.NEEDED_UNUSED,
            why=because_way(need, f"`{printable(first.action, 80)}` on `{printable(first.resource, 160)}`"),
            rule=need.rule,
            because=_once((*need.because, *grant.because)),
            last_used=max((line.last_used or "" for line in used), default="") or None,
            count=sum(line.count for line in used),
            doubt=doubts(grant, None),
            is_membership=grant.action == "member",
        )

    # --- what no identity system grants -----------------------------------------------------------------------------------------

    def add_tools(self) -> None:
        """Needs and uses of systems that hold no identities (tools): the remit itself is what grants them, at the point."""
        asked = self._asked_of(self._open_uses())
        for need in self.needs.needs:
            if self.spans.holds_identities(need.system):
                continue
            uses = [use for use in asked.get(need.rule, ()) if id(use) not in self._taken]
            self._taken.update(id(use) for use in uses)
            class_ = Class.NEEDED_USED if uses else Class.NEEDED_UNUSED
            self.lines.append(self._needed(class_, "", None, need, need.verb, need.resource, need.columns, uses, ()))

    def add_ungranted(self) -> None:
        """What was used although nothing that was read grants it: by a grant that is gone, or one that was not read."""
        groups: dict[tuple[str, str, str, str, bool], list[Use]] = defaultdict(list)
        for use in self._open_uses():
            groups[use.principal, use.system, use.action, container_of(use.resource), self._is_forbidden(use)].append(use)
        for (principal, system, action, *_), uses in sorted(groups.items()):
            self._taken.update(id(use) for use in uses)
            candidates = self._needs_of(system).may_cover(uses[0].resource)
            need = next((need for need in candidates if all(self._asks(need, use) for use in uses)), None)
            further = ("nothing that was read grants it",) if self.spans.holds_identities(system) else ()
            resource = generalised([use.resource for use in uses])
            if need is None or self._forbidden(system, action, resource) is not None:
                line = self._out_of_intent(principal, system, action, resource, uses, None, further)
                self.lines.append(replace(line, is_past=bool(further) and principal in self._whole))
            else:
                is_lost = principal in self._whole or any(use.denied for use in uses)
                class_ = Class.NEEDED_NOT_GRANTED if is_lost else Class.NEEDED_USED
                columns = tuple(sorted({column for use in uses for column in use.columns})) if need.columns else ()
                self.lines.append(self._needed(class_, principal, None, need, action, resource, columns, uses, further))
                self._served.add(Got(principal, need.rule, resource, columns), (self.spans.folded(system, action),))

    def add_missing(self, access: Sequence[PrincipalAccess]) -> None:
        """Needs that nothing grants: by the actions that evidence or refusals name, else by the verb."""
        refused = self._asked_of(use for use in self._refused if id(use) not in self._taken)
        unsure = {system: _unsure(system, access) for system in {need.system for need in self.needs.needs}}
        for need in self.needs.needs:
            if self.spans.holds_identities(need.system):
                self.lines += self._missing(need, self._served.of(need.rule), refused.get(need.rule, ()), unsure[need.system])

    def _missing(self, need: Need, served: ServedNeed, tried: Sequence[Use], further: Sequence[str]) -> Iterator[AlignmentLine]:
        refused: dict[tuple[str, str], list[Use]] = defaultdict(list)
        for use in tried:
            if not served.reaches(use.principal, self._uses.names_of(use), use.resource, use.columns):
                refused[use.action, use.resource].append(use)
        got = served.actions
        named = [action for action in need.actions if need.asks_for(self.spans.verb_of(need.system, action))]
        missing = {(action, need.resource): list[Use]() for action in named if self.spans.folded(need.system, action) not in got}
        for (action, resource), uses in sorted(refused.items()):
            on = need.resource if (action, need.resource) in missing or not served else resource
            missing.setdefault((action, on), []).extend(uses)
        if not missing and not served:
            missing[need.verb, need.resource] = []
        for (action, resource), uses in missing.items():
            if self._forbidden(need.system, action, resource) is not None:
                continue
            yield AlignmentLine(
                principal="",
                system=need.system,
                action=action,
                resource=resource,
                class_=Class.NEEDED_NOT_GRANTED,
                why=because_missing(need, sum(use.denied for use in uses)),
                rule=need.rule,
                because=_once((*need.because, *places_of_uses(uses))),
                columns=need.columns,
                doubt=doubts(None, need, further),
            )

    # --- lines ------------------------------------------------------------------------------------------------------------------

    def _needed(
        self,
        class_: Class,
        principal: str,
        grant: Access | None,
        need: Need,
        action: str,
        resource: str,
        columns: Columns,
        uses: Sequence[Use],
        further: Iterable[str],
    ) -> AlignmentLine:
        return AlignmentLine(
            principal=principal,
            system=need.system,
            action=action,
            resource=resource,
            class_=class_,
            why=because_needed(need),
            rule=need.rule,
            because=_once((*need.because, *(grant.because if grant is not None else ()), *places_of_uses(uses))),
            last_used=_last(uses),
            count=sum(use.allowed for use in uses),
            columns=columns,
            doubt=doubts(grant, need, further),
        )

    def _out_of_intent(
        self,
        principal: str,
        system: str,
        action: str,
        resource: str,
        uses: Sequence[Use],
        grant: Access | None,
        further: Iterable[str] = (),
    ) -> AlignmentLine:
        forbidden = self._forbidden(system, action, resource)
        columns = tuple(sorted({column for use in uses for column in use.columns})) if all(use.columns for use in uses) else ()
        return AlignmentLine(
            principal=principal,
            system=system,
            action=action,
            resource=resource,
            class_=Class.USED_NOT_NEEDED,
            why=because_not_needed(self.needs.is_from_draft, forbidden, was_used=True),
            rule=forbidden.rule if forbidden is not None else "",
            because=_once(
                (
                    *((forbidden.because,) if forbidden is not None else ()),
                    *(grant.because if grant is not None else ()),
                    *places_of_uses(uses),
                )
            ),
            last_used=_last(uses),
            count=sum(use.allowed for use in uses),
            columns=columns,
            doubt=doubts(grant, None, further),
        )

    def _unneeded(self, principal: str, grant: Access) -> AlignmentLine:
        forbidden = self._forbidden(grant.system, grant.action, grant.resource)
        return AlignmentLine(
            principal=principal,
            system=grant.system,
            action=grant.action,
            resource=grant.resource,
            class_=Class.UNNEEDED,
            why=because_not_needed(self.needs.is_from_draft, forbidden, was_used=False),
            rule=forbidden.rule if forbidden is not None else "",
            because=_once((*((forbidden.because,) if forbidden is not None else ()), *grant.because)),
            columns=grant.columns,
            doubt=doubts(grant, None),
        )

    # --- questions --------------------------------------------------------------------------------------------------------------

    def _open_uses(self) -> list[Use]:
        return [use for use in self._uses.all() if use.allowed > 0 and id(use) not in self._taken]

    def _needs_of(self, system: str) -> ByHead[Need]:
        """The needs of what is granted, or was used, on a system."""
        if system not in self._needs_on:
            self._needs_on[system] = ByHead((need.resource, need) for need in self.needs.needs if is_on(need.system, system))
        return self._needs_on[system]

    def _asked_of(self, uses: Iterable[Use]) -> dict[str, list[Use]]:
        """The uses that each need asks for, by its rule."""
        found: dict[str, list[Use]] = defaultdict(list)
        for use in uses:
            for need in self._needs_of(use.system).may_cover(use.resource):
                if self._asks(need, use):
                    found[need.rule].append(use)
        return found

    def _asks(self, need: Need, use: Use) -> bool:
        if not is_on(need.system, use.system) or not covers(need.resource, use.resource):
            return False
        if not is_inside(use.columns, need.columns):
            return False
        verb = self.spans.verb_of(use.system, use.action)
        is_named_tool = need.system.startswith("mcp:") and need.resource == use.resource
        return need.asks_for(verb) or is_named_tool

    def _is_served(self, principal: str, system: str, action: str, scope: str, columns: Columns) -> bool:
        """Whether a narrower grant gives it already."""
        return self._served.gives(principal, self.spans.folded(system, action), scope, columns)

    def _is_forbidden(self, use: Use) -> bool:
        return self._forbidden(use.system, use.action, use.resource) is not None

    def _forbidden(self, system: str, action: str, resource: str) -> Forbidden | None:
        if is_pattern(action):
            return None
        key = (system, action, resource)
        if key not in self._broken:
            verb = self.spans.verb_of(system, action)
            candidates = self._nevers.may_cover(resource)
            self._broken[key] = next((line for line in candidates if line.is_about(system, verb) and covers(line.resource, resource)), None)
        return self._broken[key]


def _doubts_of(forbidden: Sequence[Forbidden], scope: str) -> tuple[str, ...] | None:
    """What lines of `never` that meet a resource leave uncertain about it; None: one forbids all of it."""
    if any(covers(line.resource, scope) for line in forbidden):
        return None
    return tuple(f"`{line.rule}` forbids it on `{printable(line.resource, 120)}`" for line in forbidden)


def _settled(use: Use) -> Use:
    """A use as policies write it."""
    resource = as_policies_write(use.system, use.resource)
    return use if resource == use.resource else replace(use, resource=resource)


def use_system(uses: Sequence[Use]) -> str:
    """The system of uses of one action."""
    return uses[0].system


def _breadth(grant: Access) -> tuple[bool, bool, int, str, str]:
    literal = len(grant.resource.replace("*", ""))
    return (is_pattern(grant.action), grant.decision is Effect.DEPENDS, -literal, grant.action, grant.resource)


def _is_inside_one(resource: str) -> bool:
    """Whether a pattern stays inside one container: objects of one bucket, or one thing."""
    return "*" not in container_of(resource)


def _common_columns(granted: Columns, needed: Columns) -> Columns | None:
    """The columns that both name; None where there is none."""
    if not granted or not needed:
        return granted or needed
    return tuple(sorted(set(granted) & set(needed))) or None


def _unsure(system: str, access: Sequence[PrincipalAccess]) -> list[str]:
    """Why a missing grant may be there all the same."""
    kind = system.partition(":")[0]
    own = [found for found in access if (found.principal.startswith("arn:") if kind == "aws" else found.principal.startswith(f"{system}/"))]
    if not own:
        return [f"no identity of this agent in `{printable(system if kind != 'aws' else 'aws', 80)}` is known"]
    return [f"not everything of `{printable(found.principal, 160)}` could be read" for found in own if found.unread]


def _last(uses: Sequence[Use]) -> str | None:
    return max((use.last for use in uses), default=None)


def _once(because: Iterable[Because]) -> tuple[Because, ...]:
    return tuple(dict.fromkeys(because))
