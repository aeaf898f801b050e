"""What `understand.align` decides, said slowly: every grant beside every need, every grant and every need beside every use.

Nothing is looked up by what it begins with and nothing is kept between questions: this is the definition that the quick one is
tested against.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from remit.contracts.system import Vocabulary
from remit.document.pattern import overlaps
from remit.model.access import Access, PrincipalAccess
from remit.model.alignment import Alignment, AlignmentLine, Class
from remit.model.draft import Draft
from remit.model.event import Use
from remit.model.remit import Remit
from remit.model.shown import printable
from remit.understand.align import _breadth, _common_columns, _is_inside_one, _last, _once, _settled, _unsure, use_system
from remit.understand.material import Concerns
from remit.understand.naming import container_of, generalised
from remit.understand.needs import Forbidden, Need, Needs, needs_of
from remit.understand.spans import Spans, common, covers, is_pattern
from remit.understand.ways import is_compared, is_way
from remit.understand.why import because_missing, because_needed, because_not_needed, because_way, doubts, places_of_uses

_OWNERS = frozenset({"alter", "drop", "comment", "cluster", "reindex", "refresh", "vacuum"})
"""What an owner in Postgres may do although no privilege says so."""
_OF_COLUMNS = frozenset({"select", "insert", "update", "references"})
"""What Postgres grants on columns; no other system has any."""
Columns = tuple[str, ...]
"""Empty: all of them."""


def align_slowly(
    agent: str,
    source: Remit | Draft,
    access: Sequence[PrincipalAccess],
    uses: Sequence[Use],
    vocabularies: Mapping[str, Vocabulary],
    concerns: Mapping[str, Concerns],
) -> Alignment:
    """The table of one agent; `uses` are its own, `access` that of the identities that it is bound to."""
    needs = needs_of(source)
    table = _Table(needs, PlainSpans(vocabularies, concerns), uses)
    for principal in access:
        table.add_principal(principal)
    table.add_tools()
    table.add_ungranted()
    table.add_missing(access)
    return Alignment(agent=agent, is_from_draft=needs.is_from_draft, remit_hash=needs.hash, lines=tuple(table.lines))


class PlainSpans(Spans):
    """As `Spans`, and asks for everything anew."""

    def verb_of(self, system: str, action: str) -> str | None:
        vocabulary = self._vocabularies.get(system.partition(":")[0])
        verb = vocabulary.verb_of(action) if vocabulary is not None else None
        return verb.value if verb is not None else None

    def folded(self, system: str, action: str) -> str:
        vocabulary = self._vocabularies.get(system.partition(":")[0])
        return vocabulary.fold(action) if vocabulary is not None else action

    def named_by(self, system: str, granted: str, resource: str) -> tuple[str, ...]:
        if not is_pattern(granted):
            return (granted,)
        kind, _, name = system.partition(":")
        vocabulary = self._vocabularies.get(kind)
        if vocabulary is None:
            return (granted,)
        services = [each for each in vocabulary.verbs if kind != "aws" or name == "*" or each.partition(":")[0] == name]
        named = [vocabulary.names.get(each, each) for each in services if self.matches(system, granted, each)]
        return tuple(action for action in named if self.is_about(system, action, resource))

    def written(self, system: str, granted: str, actions: Sequence[str], among: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._worded(system, granted, actions, among))


def leads_to(grant: Access, line: AlignmentLine) -> bool:
    """Whether what a line says is done through an entitlement, or cannot be done without it."""
    if grant.action == "member":
        return bool({because.place for because in grant.because} & {because.place for because in line.because})
    if is_compared(grant):
        return line.action in ("update", "delete") and (line.system, line.resource) == (grant.system, grant.resource)
    stem = grant.resource.replace('"', "") if grant.resource.replace('"', "").endswith("_seq") else ""
    return line.action == "insert" and line.system == grant.system and stem.startswith(line.resource.replace('"', "") + "_")


class _Served:
    """What a need got: an action on a resource, of some columns, for a principal."""

    __slots__ = ("action", "columns", "need", "principal", "resource")

    def __init__(self, principal: str, need: Need, action: str, resource: str, columns: Columns) -> None:
        self.principal, self.need, self.action, self.resource, self.columns = principal, need, action, resource, columns


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
        self._uses = _by_call([_settled(use) for use in uses])
        self._refused = [use for use in self._uses if use.denied]
        self._taken: set[int] = set()
        """Identities of uses that stand in a line."""
        self._served: dict[tuple[str, str], list[_Served]] = defaultdict(list)
        self._whole: set[str] = set()
        """Identities of which every grant was read: what they did and nothing grants any more, they cannot do."""

    # --- grants -----------------------------------------------------------------------------------------------------------------

    def add_principal(self, found: PrincipalAccess) -> None:
        """Every entitlement of one identity: certain and narrow ones first, so that each use falls to the narrowest grant."""
        if not found.unread:
            self._whole.add(found.principal)
        grants = sorted(found.access, key=lambda grant: (is_compared(grant), *_breadth(grant)))
        shown = len(self.lines)
        for grant in grants:
            if not is_way(grant):
                self._add_grant(found.principal, grant)
        needed = [line for line in self.lines[shown:] if line.class_ in (Class.NEEDED_USED, Class.NEEDED_UNUSED)]
        for grant in grants:
            if is_way(grant):
                self.lines.append(self._way(found.principal, grant, needed))

    def _add_grant(self, principal: str, grant: Access) -> None:
        is_whole = is_touched = False
        # A grant over every service is never needed whole: no line names more than one.
        is_everything = grant.system.endswith(":*")
        left = (
            set(self.spans.named_by(grant.system, grant.action, grant.resource))
            if is_pattern(grant.action) and not is_everything
            else set()
        )
        for need in self.needs.needs:
            scope = common(grant.resource, need.resource) if _is_on(need.system, grant.system) else None
            if scope is None:
                continue
            columns = _common_columns(grant.columns, need.columns)
            if columns is None:
                continue
            asked, doubt = self._wanted(need, grant, scope)
            wanted = [action for action in asked if not self._is_served(principal, need.system, action, scope, columns)]
            if not wanted:
                continue
            self._add_needed(_Part(principal, grant, need, scope, columns, doubt), wanted, asked)
            if scope == grant.resource and columns == grant.columns:
                is_whole = is_whole or not is_pattern(grant.action)
                is_touched = True
                left -= set(wanted)
        is_whole = is_whole or (is_pattern(grant.action) and is_touched and not left and not is_everything)
        if not self._add_out_of_intent(principal, grant, is_whole=is_whole) and not is_whole:
            self.lines.append(self._rest(principal, grant))

    def _rest(self, principal: str, grant: Access) -> AlignmentLine:
        """What nothing asks for: needed all the same where what is needed cannot be done without it."""
        if not is_compared(grant) or self._forbidden(grant.system, grant.action, grant.resource) is not None:
            return self._unneeded(principal, grant)
        wanted = (Class.NEEDED_USED, Class.NEEDED_UNUSED)
        return self._way(principal, grant, [line for line in self.lines if line.principal == principal and line.class_ in wanted])

    def _wanted(self, need: Need, grant: Access, scope: str) -> tuple[list[str], str]:
        """The actions of a grant that a need asks for on a resource, less what is forbidden there; and what makes that uncertain."""
        if grant.action == "own":
            through = (use for use in self._uses if self._is_call_of(grant, use.system, use.action) and self._reaches(grant, use))
            used = any(need.asks_for(self.spans.verb_of(use.system, use.action)) for use in through)
            return (["own"], "") if used else ([], "")
        wanted, doubts_found = [], []
        for action in self.spans.asked_for(need, grant.action, scope):
            if need.columns and action not in _OF_COLUMNS:
                continue  # A need of some columns is none of what only the whole table can be granted for, such as its upkeep.
            verb = self.spans.verb_of(need.system, action)
            meeting = [line for line in self.needs.forbidden if line.is_about(need.system, verb) and overlaps(line.resource, scope)]
            if any(covers(line.resource, scope) for line in meeting):
                continue
            doubts_found += [f"`{line.rule}` forbids it on `{printable(line.resource, 120)}`" for line in meeting]
            wanted.append(action)
        return wanted, "; ".join(dict.fromkeys(doubts_found))

    def _add_needed(self, part: _Part, wanted: Sequence[str], asked: Sequence[str]) -> None:
        """Lines for the wanted actions of one grant and need; patterns in them may name whatever is `asked`."""
        used: dict[str, list[Use]] = defaultdict(list)
        for use in self._free(part.principal, part.grant):
            if self._is_forbidden(use):
                continue  # a `never` goes before what a line needs
            named = next((action for action in wanted if self._is_use_of(use, action, part.scope, part.columns)), None)
            if named is not None:
                used[named].append(use)
                self._taken.add(id(use))
        for action in wanted:
            served = _Served(part.principal, part.need, action, part.scope, part.columns)
            self._served[part.principal, self.spans.folded(part.need.system, action)].append(served)
        for action, uses in sorted(used.items()):
            self.lines.append(self._needed_of(Class.NEEDED_USED, part, action, uses))
        unused = [action for action in wanted if action not in used]
        for action in self.spans.written(part.need.system, part.grant.action, unused, asked):
            self.lines.append(self._needed_of(Class.NEEDED_UNUSED, part, action, ()))

    def _needed_of(self, class_: Class, part: _Part, action: str, uses: Sequence[Use]) -> AlignmentLine:
        further = (part.doubt,) if part.doubt else ()
        return self._needed(class_, part.principal, part.grant, part.need, action, part.scope, part.columns, uses, further)

    def _add_out_of_intent(self, principal: str, grant: Access, *, is_whole: bool) -> bool:
        """Uses that this grant allows and nothing needs; whether one line now stands for the whole grant."""
        by_kind: dict[tuple[str, str, bool], list[Use]] = defaultdict(list)
        for use in self._free(principal, grant):
            by_kind[use.action, container_of(use.resource), self._is_forbidden(use)].append(use)
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
        served = self._served.get((principal, self.spans.folded(grant.system, grant.action)), ())
        return any(overlaps(grant.resource, each.resource) for each in served)

    def _way(self, principal: str, grant: Access, needed: Sequence[AlignmentLine]) -> AlignmentLine:
        """A membership is needed where something needed comes through it; a sequence, and what is compared, by what needs them."""
        through = [line for line in needed if leads_to(grant, line)]
        if not through:
            return self._unneeded(principal, grant)
        used = [line for line in through if line.class_ is Class.NEEDED_USED]
        first = (used or through)[0]
        need = next(need for need in self.needs.needs if need.rule == first.rule)
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
        for need in self.needs.needs:
            if self.spans.holds_identities(need.system):
                continue
            uses = [use for use in self._open_uses() if self._asks(need, use)]
            self._taken.update(id(use) for use in uses)
            class_ = Class.NEEDED_USED if uses else Class.NEEDED_UNUSED
            self.lines.append(self._needed(class_, "", None, need, need.verb, need.resource, need.columns, uses, ()))
            self._served["", need.rule].append(_Served("", need, need.verb, need.resource, need.columns))

    def add_ungranted(self) -> None:
        """What was used although nothing that was read grants it: by a grant that is gone, or one that was not read."""
        groups: dict[tuple[str, str, str, str, bool], list[Use]] = defaultdict(list)
        for use in self._open_uses():
            groups[use.principal, use.system, use.action, container_of(use.resource), self._is_forbidden(use)].append(use)
        for (principal, system, action, *_), uses in sorted(groups.items()):
            self._taken.update(id(use) for use in uses)
            need = next((need for need in self.needs.needs if all(self._asks(need, use) for use in uses)), None)
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
                self._served[principal, self.spans.folded(system, action)].append(_Served(principal, need, action, resource, columns))

    def add_missing(self, access: Sequence[PrincipalAccess]) -> None:
        """Needs that nothing grants: by the actions that evidence or refusals name, else by the verb."""
        served: dict[str, list[_Served]] = defaultdict(list)
        for each in (item for items in self._served.values() for item in items):
            served[each.need.rule].append(each)
        for need in self.needs.needs:
            if self.spans.holds_identities(need.system):
                self.lines += self._missing(need, served[need.rule], _unsure(need.system, access))

    def _missing(self, need: Need, served: Sequence[_Served], further: Sequence[str]) -> Iterator[AlignmentLine]:
        refused: dict[tuple[str, str], list[Use]] = defaultdict(list)
        for use in self._refused:
            if not self._asks(need, use) or id(use) in self._taken:
                continue
            if not any(
                self._is_use_of(use, each.action, each.resource, each.columns) for each in served if each.principal == use.principal
            ):
                refused[use.action, use.resource].append(use)
        got = {self.spans.folded(need.system, each.action) for each in served}
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
        return [use for use in self._uses if use.allowed > 0 and id(use) not in self._taken]

    def _free(self, principal: str, grant: Access) -> list[Use]:
        """Allowed uses of an identity that this grant covers and that stand in no line yet."""
        return [
            use
            for use in self._uses
            if use.principal == principal and self._is_call_of(grant, use.system, use.action)
            if use.allowed > 0 and id(use) not in self._taken and self._reaches(grant, use)
        ]

    def _is_call_of(self, grant: Access, system: str, action: str) -> bool:
        if not _is_on(system, grant.system):
            return False
        return self.spans.matches(system, grant.action, action) or (grant.action == "own" and action in _OWNERS)

    def _reaches(self, grant: Access, use: Use) -> bool:
        is_named = not grant.columns or (bool(use.columns) and set(use.columns) <= set(grant.columns))
        return is_named and covers(grant.resource, use.resource)

    def _is_use_of(self, use: Use, action: str, scope: str, columns: Columns) -> bool:
        if not covers(scope, use.resource) or (columns and not (use.columns and set(use.columns) <= set(columns))):
            return False
        same = self.spans.folded(use.system, use.action) == self.spans.folded(use.system, action)
        return same or (action == "own" and use.action in _OWNERS)

    def _asks(self, need: Need, use: Use) -> bool:
        if not _is_on(need.system, use.system) or not covers(need.resource, use.resource):
            return False
        if need.columns and not (use.columns and set(use.columns) <= set(need.columns)):
            return False
        verb = self.spans.verb_of(use.system, use.action)
        is_named_tool = need.system.startswith("mcp:") and need.resource == use.resource
        return need.asks_for(verb) or is_named_tool

    def _is_served(self, principal: str, system: str, action: str, scope: str, columns: Columns) -> bool:
        """Whether a narrower grant gives it already."""
        served = self._served.get((principal, self.spans.folded(system, action)), ())
        return any(covers(each.resource, scope) and (not each.columns or each.columns == columns) for each in served)

    def _is_forbidden(self, use: Use) -> bool:
        return self._forbidden(use.system, use.action, use.resource) is not None

    def _forbidden(self, system: str, action: str, resource: str) -> Forbidden | None:
        if is_pattern(action):
            return None
        verb = self.spans.verb_of(system, action)
        return next((line for line in self.needs.forbidden if line.is_about(system, verb) and covers(line.resource, resource)), None)


def _by_call(uses: Sequence[Use]) -> list[Use]:
    """Uses by identity and act, each in the order in which it came first."""
    found: dict[str, dict[tuple[str, str], list[Use]]] = defaultdict(lambda: defaultdict(list))
    for use in uses:
        found[use.principal][use.system, use.action].append(use)
    return [use for calls in found.values() for members in calls.values() for use in members]


def _is_on(system: str, granted: str) -> bool:
    """Whether what is granted on a system reaches this one: `aws:*` reaches every service."""
    kind, _, name = granted.partition(":")
    return system == granted or (name == "*" and system.partition(":")[0] == kind)
