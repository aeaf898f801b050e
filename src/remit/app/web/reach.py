"""What an agent can reach, as a picture: agent, identities, grants, things; laid out here, drawn by a template.

Pure. Invariants:
- no column has more than `MOST` boxes: what is left out is one box that says how much it stands for;
- no text is wider than its box: it is measured by characters, and the middle of a long name is left out (all of it is in `full`);
- whatever is drawn is also in `Picture.tree`, for whoever cannot see the picture.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from remit.app.views.entitlements import CLASSES, worst
from remit.app.web.fitting import broken, cells, shortened
from remit.app.web.strands import MOST_IDENTITIES, ORDER, REST, Key, Strand, Thread, bounded, in_short, thing_name
from remit.model.alignment import Class
from remit.model.shown import printable

WIDTH = 1130
BOX_HEIGHT = 42
_GAP, _TOP = 10, 30
_COLUMNS = ((0, 160), (211, 270), (532, 256), (840, 290))
"""Where each column begins, and how wide its boxes are."""
PADDING = 13
CHARACTER, SMALL = 7.25, 6.4
"""Width of one character of a name, and of the words below it: no less than any common font of equal widths needs."""
_Pair = tuple[Key, Key, Class]


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """An identity of the agent, with a few words about it."""

    ref: str
    text: str
    note: str = ""


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """One thing of the picture."""

    x: float
    y: float
    width: float
    label: str
    sub: str
    full: str
    worst: str
    """Its worst class; `none` where nothing is in it."""
    query: Mapping[str, str]
    """What the table is asked for to show it alone."""


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """A line between two boxes."""

    path: str
    class_: str
    width: float


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the tree that says the picture in words."""

    label: str
    note: str
    classes: tuple[tuple[str, int], ...]
    query: Mapping[str, str]
    branches: tuple[Branch, ...] = ()


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """Boxes and lines, in units of the picture."""

    width: int
    height: int
    headings: tuple[tuple[float, str], ...]
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    classes: tuple[tuple[str, str], ...]
    """Those that occur, with their words: the legend."""
    description: str
    tree: tuple[Branch, ...]


def picture(agent: str, note: str, identities: Sequence[Named], strands: Sequence[Strand]) -> Picture | None:
    """The whole picture; None where there is no identity and nothing that could be reached."""
    if not identities and not strands:
        return None
    return _Layout(agent, note, identities, bounded([named.ref for named in identities], strands)).picture()


class _Layout:
    """Boxes in four columns, and the lines between them."""

    def __init__(self, agent: str, note: str, identities: Sequence[Named], drawn: Sequence[Thread]) -> None:
        self._agent, self._note, self._threads = agent, note, drawn
        self._named = {named.ref: named for named in identities}
        self._of: tuple[dict[Key, list[Thread]], ...] = ({}, {}, {}, {})
        for named in identities:
            if len(self._of[1]) < MOST_IDENTITIES - 1 or len(identities) <= MOST_IDENTITIES:
                self._of[1].setdefault(("", named.ref), [])
        self._of[0]["", agent] = list(drawn)
        for thread in drawn:
            for column, key in enumerate(self._keys(thread)[1:], start=1):
                self._of[column].setdefault(key, []).append(thread)
        if len(self._of[1]) < len(identities):
            self._of[1].setdefault(REST, [])

    def _keys(self, thread: Thread) -> tuple[Key, Key, Key, Key]:
        return ("", self._agent), ("", thread.identity) if thread.identity != REST[1] else REST, thread.way, thread.thing

    def picture(self) -> Picture:
        """Everything, placed."""
        columns = self._ordered()
        height = max(len(column) for column in columns) * (BOX_HEIGHT + _GAP) - _GAP
        tops = self._placed(columns, height)
        present = {thread.strand.class_ for thread in self._threads}
        return Picture(
            width=WIDTH,
            height=_TOP + height + 4,
            headings=tuple(zip((x for x, _ in _COLUMNS), ("Agent", "Identities", "Grants", "Things"), strict=True)),
            boxes=tuple(self._box(number, key, tops[number][key]) for number, column in enumerate(columns) for key in column),
            edges=tuple(self._edges(tops)),
            classes=tuple((str(class_), words.title) for class_, words in CLASSES.items() if class_ in present),
            description=self._description(columns),
            tree=tuple(self._branch(key) for key in columns[1]),
        )

    def _ordered(self) -> tuple[list[Key], ...]:
        """Each column from top to bottom: grants by their identity, things near the grants that reach them."""
        # Those that reach nothing stand last: between others they would push those away from what they lead to.
        given = list(self._of[1])
        identities = sorted(given, key=lambda key: (key == REST, not self._of[1][key], key[1] == "", given.index(key)))
        place = {key: number for number, key in enumerate(identities)}

        def of_way(key: Key) -> tuple[object, ...]:
            threads = self._of[2][key]
            return key == REST, min(place[self._keys(thread)[1]] for thread in threads), _gravity(threads), key

        ways = sorted(self._of[2], key=of_way)
        row = {key: number for number, key in enumerate(ways)}

        def of_thing(key: Key) -> tuple[object, ...]:
            threads = self._of[3][key]
            return key == REST, sum(row[thread.way] for thread in threads) / len(threads), key

        return list(self._of[0]), identities, ways, sorted(self._of[3], key=of_thing)

    def _placed(self, columns: Sequence[Sequence[Key]], height: float) -> list[dict[Key, float]]:
        """The top of each box. Grants and things fill their column evenly; what is left of them stands by what it leads to."""
        tops: list[dict[Key, float]] = [{} for _ in columns]
        for number in (2, 3):
            column = columns[number]
            room = (height - len(column) * BOX_HEIGHT) / (len(column) + 1)
            step = max(_GAP, min(room, 3 * _GAP))
            begin = _TOP + (height - len(column) * (BOX_HEIGHT + step) + step) / 2
            tops[number] = {key: begin + place * (BOX_HEIGHT + step) for place, key in enumerate(column)}
        for number in (1, 0):
            wanted = {key: self._middle(number, key, tops[number + 1], height) for key in columns[number]}
            tops[number] = _apart([(key, wanted[key]) for key in columns[number]], height)
        return tops

    def _middle(self, number: int, key: Key, nexts: Mapping[Key, float], height: float) -> float:
        """Where a box would best stand: in the middle of what it leads to."""
        found = {self._keys(thread)[number + 1] for thread in self._of[number][key]} or (set(nexts) if number == 0 else set())
        if not found:
            return _TOP + height
        return sum(nexts[other] for other in found) / len(found)

    def _edges(self, tops: Sequence[Mapping[Key, float]]) -> Iterable[Edge]:
        """One line for each pair of boxes and class; at a box they are spread, in the order of where they lead."""
        for number in range(3):
            counts: dict[_Pair, int] = defaultdict(int)
            for thread in self._threads:
                keys = self._keys(thread)
                counts[keys[number], keys[number + 1], thread.strand.class_] += thread.strand.count
            starts = _ports([(edge, edge[0], tops[number + 1][edge[1]]) for edge in counts], tops[number])
            ends = _ports([(edge, edge[1], tops[number][edge[0]]) for edge in counts], tops[number + 1])
            right, left = _COLUMNS[number][0] + _COLUMNS[number][1], _COLUMNS[number + 1][0]
            bend = (left - right) / 2
            for edge in sorted(counts, key=lambda edge: -ORDER[edge[2]]):
                begin, end = starts[edge], ends[edge]
                path = f"M{right} {begin:.1f} C{right + bend:.1f} {begin:.1f} {left - bend:.1f} {end:.1f} {left} {end:.1f}"
                yield Edge(path=path, class_=str(edge[2]), width=round(1.4 + min(3.2, 0.7 * math.log2(counts[edge])), 2))

    def _box(self, number: int, key: Key, top: float) -> Box:
        x, width = _COLUMNS[number]
        room, small = int((width - 2 * PADDING) / CHARACTER), int((width - 2 * PADDING) / SMALL)
        label, notes, full, query = self._words(number, key)
        if number == 0 and cells(label) > room:
            label, notes = broken(label, room)
        threads = self._of[number].get(key, [])
        sub = " · ".join(note for note in notes if note)
        verbs = in_short((verb for thread in threads for verb in thread.strand.verbs), small - cells(sub) - 3) if number > 1 else ""
        return Box(
            x=x,
            y=round(top, 1),
            width=width,
            label=shortened(label, room),
            sub=shortened(f"{sub} · {verbs}" if sub and verbs else sub or verbs, small),
            full=full,
            worst=str(worst(thread.strand.class_ for thread in threads)) if threads else "none",
            query=query,
        )

    def _words(self, number: int, key: Key) -> tuple[str, tuple[str, ...], str, dict[str, str]]:
        """Its name, what is to be known of it, all of it, and how the table shows it alone."""
        threads = self._of[number].get(key, [])
        count = sum(thread.strand.count for thread in threads)
        if number == 0:
            return printable(self._agent, 200), (printable(self._note, 100),), printable(self._agent, 400), {}
        if key == REST:
            words = f"and {max(1, len({_real(number, thread.strand) for thread in threads})):,} more"
            return words, (), words, {}
        if number == 1:
            named = self._named.get(key[1])
            text = printable(named.text if named is not None else key[1], 400) or "no identity"
            note = named.note if named is not None else "" if key[1] else "tools, and what nothing grants"
            return text, (printable(note, 200) or _counted(count),), text, {"identity": key[1]} if key[1] else {}
        if number == 2:
            text = printable(key[1], 400)
            return text, (f"{count:,}",), text, {"identity": key[0]} if key[0] else {}
        system, thing = key
        many = len({thread.strand.thing for thread in threads})
        query = {"system": system} | ({} if thing == "*" else {"on": thing.removesuffix("…")})
        notes = (f"{many:,} in {printable(system, 60)}" if many > 1 else printable(system, 60),)
        return printable(thing_name(thing), 400), notes, printable(f"{system} {thing}", 600), query

    def _branch(self, identity: Key) -> Branch:
        """One identity in words, with its grants and what they reach."""
        ways: dict[Key, list[Thread]] = defaultdict(list)
        for thread in self._of[1].get(identity, []):
            ways[thread.way].append(thread)
        branches = []
        for way, threads in ways.items():
            things: dict[Key, list[Thread]] = defaultdict(list)
            for thread in threads:
                things[thread.thing].append(thread)
            leaves = tuple(self._leaf(3, key, members) for key, members in things.items())
            branches.append(msgspec.structs.replace(self._leaf(2, way, threads), branches=leaves))
        return msgspec.structs.replace(self._leaf(1, identity, self._of[1].get(identity, [])), branches=tuple(branches))

    def _leaf(self, number: int, key: Key, threads: Sequence[Thread]) -> Branch:
        label, notes, _, query = self._words(number, key)
        counts: dict[Class, int] = defaultdict(int)
        for thread in threads:
            counts[thread.strand.class_] += thread.strand.count
        verbs = in_short(verb for thread in threads for verb in thread.strand.verbs)
        note = " · ".join(note for note in (*(notes if number != 2 else ()), verbs if number > 1 else "") if note)
        return Branch(label=label, note=note, classes=tuple((str(each), counts[each]) for each in CLASSES if each in counts), query=query)

    def _description(self, columns: Sequence[Sequence[Key]]) -> str:
        count = sum(thread.strand.count for thread in self._threads)
        things = len({_real(3, thread.strand) for thread in self._threads})
        identities = f"{len(columns[1]):,} {'identity' if len(columns[1]) == 1 else 'identities'}"
        on = f"{things:,} {'thing' if things == 1 else 'things'}"
        return f"{printable(self._agent, 200)} acts as {identities} with {_counted(count)} on {on}. The list below says the same in words."


def _real(number: int, strand: Strand) -> Key:
    """What a strand is about in a column, whether or not it has a box."""
    return (("", ""), ("", strand.identity), (strand.identity, strand.way), (strand.system, strand.thing))[number]


def _gravity(threads: Iterable[Thread]) -> int:
    return min(ORDER[thread.strand.class_] for thread in threads)


def _counted(count: int) -> str:
    return f"{count:,} {'entitlement' if count == 1 else 'entitlements'}" if count else "nothing granted"


def _apart(wanted: Sequence[tuple[Key, float]], height: float) -> dict[Key, float]:
    """Boxes as near as can be to where they would stand, none on another, none outside."""
    tops: dict[Key, float] = {}
    least = float(_TOP)
    for key, top in wanted:
        tops[key] = max(least, top)
        least = tops[key] + BOX_HEIGHT + _GAP
    most = float(_TOP + height - BOX_HEIGHT)
    for key, _ in reversed(wanted):
        tops[key] = min(tops[key], most)
        most = tops[key] - BOX_HEIGHT - _GAP
    return tops


def _ports(meeting: Iterable[tuple[_Pair, Key, float]], tops: Mapping[Key, float]) -> dict[_Pair, float]:
    """Where each line meets its box: (line, box, height at which its other end is)."""
    at: dict[Key, list[tuple[float, int, _Pair]]] = defaultdict(list)
    for pair, key, other in meeting:
        at[key].append((other, ORDER[pair[2]], pair))
    found = {}
    for key, members in at.items():
        step = (BOX_HEIGHT - 8) / (len(members) + 1)
        for place, (_, _, pair) in enumerate(sorted(members), start=1):
            found[pair] = tops[key] + 4 + place * step
    return found
