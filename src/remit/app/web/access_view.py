"""What an agent can access, as the table of its page: chosen by a filter, one row for what is there for one reason, a page at a time."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from urllib.parse import urlencode

import msgspec

from remit.app.views.entitlements import CLASSES, PAST, counted_by_class, grouped, order_of, words_of
from remit.app.views.granting import Told, Ways, ways_in_short
from remit.app.views.shared_use import shared_use_text
from remit.app.web.sentences import parted
from remit.model.alignment import Alignment, AlignmentLine, Class
from remit.model.verbs import GRAVEST_FIRST
from remit.understand.abilities import Abilities

PAGE = 40
"""Rows of one page."""
UNKNOWN = "unknown"
"""Stands among verbs for tools of which nothing tells what they do."""
_FEW = 6
"""From so few rows on, each is shown with its reasons open."""
_OVER = "past"
"""Stands among classes for what is no longer granted."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines are asked for; empty: all."""

    verb: str = ""
    class_: str = ""
    system: str = ""
    identity: str = ""
    on: str = ""
    """Text that the resource holds."""

    @property
    def is_any(self) -> bool:
        """Whether something is chosen."""
        return bool(self.verb or self.class_ or self.system or self.identity or self.on)

    def address(self, **other: str | int) -> str:
        """The query of this choice, with some of it changed."""
        values = {"verb": self.verb, "class": self.class_, "system": self.system, "identity": self.identity, "on": self.on, **other}
        return "?" + urlencode({name: value for name, value in values.items() if value not in ("", 0)})


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an alignment, with its verbs."""

    line: AlignmentLine
    verbs: tuple[str, ...]

    @property
    def is_granted(self) -> bool:
        """Whether the agent can do it, as far as was read."""
        return self.line.class_ is not Class.NEEDED_NOT_GRANTED and not self.line.is_past

    @property
    def sort(self) -> str:
        """What a filter calls its class."""
        return sort_of(self.line)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table."""

    line: AlignmentLine
    """The first of those that stand here for one reason."""
    actions: tuple[str, ...]
    verbs: tuple[str, ...]
    told: Told
    ways: tuple[str, ...]
    """How it is granted, in short."""
    is_tool: bool
    """No identity system grants it: a point decides."""

    @property
    def is_needed(self) -> bool:
        """Whether the remit (or draft) asks for it."""
        return self.line.class_ in (Class.NEEDED_USED, Class.NEEDED_UNUSED, Class.NEEDED_NOT_GRANTED)

    @property
    def reason(self) -> str:
        """What it is needed for, or what forbids it, in short; empty where its class says all: nothing asks for it."""
        return parted(self.line.why)[0].removeprefix("objective ") if self.is_needed or self.line.rule else ""

    @property
    def shared_use(self) -> str:
        """What its identity did, where no record tells which of the agents on it; empty: nothing."""
        return shared_use_text(self.line)

    @property
    def title(self) -> str:
        """Its class in words."""
        return words_of(self.line).title

    @property
    def sort(self) -> str:
        """What a filter calls its class."""
        return sort_of(self.line)


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one identity in one system."""

    principal: str
    identity: str
    system: str
    total: int
    """Rows of it in all pages."""
    rows: tuple[Row, ...]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one page, and what can be chosen."""

    chosen: Chosen
    sections: tuple[Section, ...]
    rows: int
    """Of all pages."""
    lines: int
    page: int
    pages: int
    is_open: bool
    verbs: tuple[tuple[str, int], ...]
    classes: tuple[tuple[str, str, int], ...]
    systems: tuple[tuple[str, int], ...]
    identities: tuple[tuple[str, str, int], ...]
    """(ref, as people write it, lines)."""


class Ability(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent can do by one verb."""

    verb: str
    count: int
    systems: tuple[tuple[str, int], ...]
    classes: tuple[tuple[str, int], ...]
    """Worst first; only what is granted."""


def sort_of(line: AlignmentLine) -> str:
    """The class of a line as a filter calls it."""
    return _OVER if line.is_past else str(line.class_)


def lines_of(alignment: Alignment, abilities: Abilities) -> list[Line]:
    """Every line with its verbs; a tool of which nothing tells what it does has the verb `unknown`."""
    return [Line(line=line, verbs=abilities.verbs(line) or (UNKNOWN,)) for line in alignment.lines]


def retold(lines: Sequence[Line], alignment: Alignment) -> list[Line]:
    """The same lines as another telling of their alignment has them, each at its place."""
    return [msgspec.structs.replace(line, line=told) for line, told in zip(lines, alignment.lines, strict=True)]


def abilities_of(lines: Iterable[Line]) -> list[Ability]:
    """What is granted, verb by verb, gravest first."""
    by_verb: dict[str, list[AlignmentLine]] = {}
    for line in lines:
        if line.is_granted:
            for verb in line.verbs:
                by_verb.setdefault(verb, []).append(line.line)
    return [
        Ability(
            verb=verb,
            count=len(found),
            systems=tuple(Counter(line.system for line in found).most_common()),
            classes=tuple((str(class_), count) for class_, count in counted_by_class(found).items()),
        )
        for verb in (*GRAVEST_FIRST, UNKNOWN)
        if (found := by_verb.get(verb, []))
    ]


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """What the table is made of."""

    lines: Sequence[Line]
    ways: Ways
    recorded: Set[str]
    """Places of what the agent was seen to do."""
    name: Callable[[str], str]
    """An identity as people write it."""
    holds_identities: Callable[[str], bool]
    """Whether grants of a system are read."""


def table(given: Material, chosen: Chosen, page: int) -> Table:
    """The rows that a person asked for. Reasons are looked up for the rows of this page alone."""
    kept = [line for line in given.lines if _is_chosen(line, chosen)]
    verbs = {id(line.line): line.verbs for line in kept}
    groups = _ordered(kept)
    pages = max(1, -(-len(groups) // PAGE))
    page = min(max(page, 1), pages)
    shown = groups[(page - 1) * PAGE : page * PAGE]
    totals = Counter(_place(group) for group in groups)
    sections = tuple(
        Section(
            principal=principal,
            identity=given.name(principal) if principal else "",
            system=system,
            total=totals[principal, system],
            rows=tuple(_row(given, group, verbs) for group in members),
        )
        for (principal, system), members in itertools.groupby(shown, key=_place)
    )
    counts = counted_by_class(line.line for line in given.lines)
    over = sum(line.line.is_past for line in given.lines)
    identities = Counter(line.line.principal for line in given.lines if line.line.principal)
    return Table(
        chosen=chosen,
        sections=sections,
        rows=len(groups),
        lines=len(kept),
        page=page,
        pages=pages,
        is_open=chosen.is_any and len(shown) <= _FEW,
        verbs=tuple((ability.verb, ability.count) for ability in abilities_of(given.lines)),
        classes=(
            *((str(class_), CLASSES[class_].title, count) for class_, count in counts.items()),
            *(((_OVER, PAST.title, over),) if over else ()),
        ),
        systems=tuple(sorted(Counter(line.line.system for line in given.lines).items())),
        identities=tuple((ref, given.name(ref), count) for ref, count in sorted(identities.items())),
    )


def _is_chosen(line: Line, chosen: Chosen) -> bool:
    is_verb = not chosen.verb or (line.is_granted and chosen.verb in line.verbs)
    of_line = line.line
    return (
        is_verb
        and chosen.class_ in ("", line.sort)
        and chosen.system in ("", of_line.system)
        and chosen.identity in ("", of_line.principal)
        and chosen.on.lower() in of_line.resource.lower()
    )


def _place(group: Sequence[AlignmentLine]) -> tuple[str, str]:
    return group[0].principal, group[0].system


def _ordered(lines: Iterable[Line]) -> list[list[AlignmentLine]]:
    """Rows, by identity and system, those with the worst class first; in each the worst first."""
    by_system: dict[str, list[AlignmentLine]] = {}
    for line in lines:
        by_system.setdefault(line.line.system, []).append(line.line)
    groups = [group for members in by_system.values() for group in grouped(members)]
    gravest: dict[tuple[str, str], int] = {}
    for group in groups:
        place, order = _place(group), order_of(group[0])
        gravest[place] = min(order, gravest.get(place, order))
    return sorted(groups, key=lambda group: (gravest[_place(group)], _place(group), order_of(group[0])))


def _row(given: Material, group: Sequence[AlignmentLine], verbs: Mapping[int, tuple[str, ...]]) -> Row:
    first = group[0]
    told = given.ways.told(first, given.recorded)
    has = {verb for line in group for verb in verbs[id(line)]}
    return Row(
        line=first,
        actions=tuple(line.action for line in group),
        verbs=tuple(verb for verb in (*GRAVEST_FIRST, UNKNOWN) if verb in has),
        told=told,
        ways=ways_in_short(told.grants),
        is_tool=not given.holds_identities(first.system),
    )
