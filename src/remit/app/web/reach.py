"""What an agent can reach, as a picture: agent, identities, grants, things; laid out here, drawn by a template.

Pure. Invariants:
- no column has more than `MOST` boxes: what is left out is one box that says how much it stands for;
- no text is wider than its box: it is measured by characters, and the middle of a long name is left out (all of it is in `full`);
- whatever is drawn is also in `Picture.tree`, for whoever cannot see the picture.
"""

from __future__ import annotations

import math
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from remit.app.entitlements import CLASSES, GRAVEST_FIRST, worst
from remit.app.granting import Ways, way_in_short
from remit.app.web.access_view import UNKNOWN, Line
from remit.model.alignment import Class
from remit.model.shown import printable
from remit.understand.naming import container_of

MOST = 12
"""Boxes of one column."""
_MOST_IDENTITIES = 6
WIDTH = 1130
_BOX_HEIGHT, _GAP, _TOP = 42, 10, 30
_COLUMNS = ((0, 160), (211, 270), (532, 256), (840, 290))
"""Where each column begins, and how wide its boxes are."""
_PADDING = 13
_CHARACTER, _SMALL = 7.25, 6.4
"""Width of one character of a name, and of the words below it: a little more than any common font of equal widths needs."""
_WIDE_FROM = 0x250
"""From here on a font that lacks a character may be replaced by a wider one."""
_Key = tuple[str, str]
_Pair = tuple[_Key, _Key, Class]
_REST: _Key = ("", "\0rest")
"""The box of what has none of its own; no name holds a NUL."""
NOTHING_GRANTS = "nothing grants it"
_ORDER = {class_: number for number, class_ in enumerate(CLASSES)}


class Strand(msgspec.Struct, frozen=True, kw_only=True):
    """Entitlements that one identity has by one way on one thing, in one class."""

    identity: str
    """Canonical ref; empty: no identity is needed, or none has it."""
    way: str
    system: str
    thing: str
    """A bucket, a table, a queue; `*` for everything."""
    class_: Class
    verbs: frozenset[str]
    count: int


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


def strands_of(lines: Iterable[Line], ways: Ways, holds_identities: Callable[[str], bool]) -> list[Strand]:
    """What lines amount to, by identity, way, thing and class."""
    found: dict[tuple[str, str, str, str, Class], tuple[int, set[str]]] = {}
    for line in lines:
        of = line.line
        grants = ways.of(of)
        if grants:
            way = way_in_short(grants[0])
        elif of.class_ is Class.NEEDED_NOT_GRANTED:
            way = NOTHING_GRANTS
        else:
            way = "no grant was seen" if holds_identities(of.system) else f"tools of {of.system}"
        key = (of.principal, way, of.system, container_of(of.resource), of.class_)
        count, verbs = found.get(key, (0, set()))
        found[key] = (count + 1, verbs | set(line.verbs))
    return [
        Strand(identity=identity, way=way, system=system, thing=thing, class_=class_, verbs=frozenset(verbs), count=count)
        for (identity, way, system, thing, class_), (count, verbs) in found.items()
    ]


def cells(text: str) -> int:
    """How many characters of equal width a text takes, at most."""
    return sum(0 if unicodedata.combining(char) else 2 if ord(char) >= _WIDE_FROM and char != "…" else 1 for char in text)


def shortened(text: str, most: int) -> str:
    """A text of at most `most` cells: the middle is left out, and more of the end is kept, where names differ."""
    if cells(text) <= most:
        return text
    if most < 2:
        return "…"[:most]
    return _beginning(text, (most - 1) * 2 // 5) + "…" + _beginning(text[::-1], most - 1 - (most - 1) * 2 // 5)[::-1]


def _broken(name: str, room: int) -> tuple[str, tuple[str]]:
    """A name over two lines, at a mark where there is one."""
    first = _beginning(name, room)
    mark = max(first.rfind(mark) for mark in "-_.") + 1
    cut = mark if mark > len(first) // 3 else len(first)
    return name[:cut], (name[cut:],)


def _beginning(text: str, most: int) -> str:
    used = 0
    for number, char in enumerate(text):
        used += cells(char)
        if used > most:
            return text[:number]
    return text


def in_short(verbs: Iterable[str], most: int = 200) -> str:
    """Verbs in words, gravest first; as many as fit, and how many more."""
    has = set(verbs)
    named = [str(verb) for verb in GRAVEST_FIRST if verb in has]
    if len(named) == len(GRAVEST_FIRST):
        return "every verb"
    if not named:
        return "call" if UNKNOWN in has else ""
    shown = ", ".join(named)
    for left in range(1, len(named)):
        if cells(shown) <= most:
            break
        shown = f"{', '.join(named[:-left])} +{left}"
    return shown


def thing_name(thing: str) -> str:
    """What people call a thing of a system: an ARN without what every ARN says."""
    if thing == "*":
        return "everything"
    parts = thing.split(":", 5)
    return parts[5] if len(parts) == 6 and parts[0] == "arn" and parts[5] else thing


# --- from strands to at most MOST boxes a column -------------------------------------------------------------------------------------


class _Thread(msgspec.Struct, frozen=True, kw_only=True):
    """A strand between the boxes that are drawn."""

    identity: str
    way: _Key
    thing: _Key
    strand: Strand


def _threads(identities: Sequence[Named], strands: Sequence[Strand]) -> list[_Thread]:
    things = _kept_things(strands)
    ways = _kept([((strand.identity, strand.way), strand.class_, strand.count) for strand in strands])
    drawn = [named.ref for named in identities]
    order = [*drawn, *sorted({strand.identity for strand in strands} - set(drawn))]
    shown = set(order if len(order) <= _MOST_IDENTITIES else order[: _MOST_IDENTITIES - 1])
    return [
        _Thread(
            identity=strand.identity if strand.identity in shown else _REST[1],
            way=(strand.identity, strand.way) if (strand.identity, strand.way) in ways else _REST,
            thing=things.get((strand.system, strand.thing), _REST),
            strand=strand,
        )
        for strand in strands
    ]


def _kept_things(strands: Sequence[Strand]) -> dict[_Key, _Key]:
    """Each thing that is drawn, or that a wider one stands for, and the box that it is in."""
    boxes = {(strand.system, strand.thing): (strand.system, strand.thing) for strand in strands}
    alike: dict[_Key, list[_Key]] = defaultdict(list)
    for key in boxes:
        alike[key[0], _wider(key[1])].append(key)
    # The largest groups first, and no more of them than it takes.
    for box, members in sorted(alike.items(), key=lambda item: -len(item[1])):
        if len(set(boxes.values())) <= MOST or len(members) < 2:
            break
        boxes |= dict.fromkeys(members, box)
    kept = _kept([(boxes[strand.system, strand.thing], strand.class_, strand.count) for strand in strands])
    return {key: box for key, box in boxes.items() if box in kept}


def _wider(thing: str) -> str:
    """What a thing is one of: the tables of a schema, the queues of an account. Ends in `…`, which the thing itself does not."""
    name = thing_name(thing)
    for mark in (".", "/", ":", "-"):
        begin, found, _ = name.partition(mark)
        if found and begin:
            return f"{thing[: len(thing) - len(name)]}{begin}{mark}…"
    return thing


def _kept(weighed: Iterable[tuple[_Key, Class, int]]) -> set[_Key]:
    """The boxes that have a place: those with the worst class first, then those with most in them."""
    counts: dict[_Key, int] = defaultdict(int)
    classes: dict[_Key, set[Class]] = defaultdict(set)
    for key, class_, count in weighed:
        counts[key] += count
        classes[key].add(class_)
    ranked = sorted(counts, key=lambda key: (_ORDER[worst(classes[key])], -counts[key], key))
    return set(ranked if len(ranked) <= MOST else ranked[: MOST - 1])


# --- layout --------------------------------------------------------------------------------------------------------------------------


def picture(agent: str, note: str, identities: Sequence[Named], strands: Sequence[Strand]) -> Picture | None:
    """The whole picture; None where there is no identity and nothing that could be reached."""
    if not identities and not strands:
        return None
    return _Layout(agent, note, identities, _threads(identities, strands)).picture()


class _Layout:
    """Boxes in four columns, and the lines between them."""

    def __init__(self, agent: str, note: str, identities: Sequence[Named], threads: Sequence[_Thread]) -> None:
        self._agent, self._note, self._threads = agent, note, threads
        self._named = {named.ref: named for named in identities}
        self._of: tuple[dict[_Key, list[_Thread]], ...] = ({}, {}, {}, {})
        for named in identities:
            if len(self._of[1]) < _MOST_IDENTITIES - 1 or len(identities) <= _MOST_IDENTITIES:
                self._of[1].setdefault(("", named.ref), [])
        self._of[0]["", agent] = list(threads)
        for thread in threads:
            for column, key in enumerate(self._keys(thread)[1:], start=1):
                self._of[column].setdefault(key, []).append(thread)
        if len(self._of[1]) < len(identities):
            self._of[1].setdefault(_REST, [])

    def _keys(self, thread: _Thread) -> tuple[_Key, _Key, _Key, _Key]:
        return ("", self._agent), ("", thread.identity) if thread.identity != _REST[1] else _REST, thread.way, thread.thing

    def picture(self) -> Picture:
        """Everything, placed."""
        columns = self._ordered()
        height = max(len(column) for column in columns) * (_BOX_HEIGHT + _GAP) - _GAP
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

    def _ordered(self) -> tuple[list[_Key], ...]:
        """Each column from top to bottom: grants by their identity, things near the grants that reach them."""
        # Those that reach nothing stand last: between others they would push those away from what they lead to.
        given = list(self._of[1])
        identities = sorted(given, key=lambda key: (key == _REST, not self._of[1][key], key[1] == "", given.index(key)))
        place = {key: number for number, key in enumerate(identities)}

        def of_way(key: _Key) -> tuple[object, ...]:
            threads = self._of[2][key]
            return key == _REST, min(place[self._keys(thread)[1]] for thread in threads), _gravity(threads), key

        ways = sorted(self._of[2], key=of_way)
        row = {key: number for number, key in enumerate(ways)}

        def of_thing(key: _Key) -> tuple[object, ...]:
            threads = self._of[3][key]
            return key == _REST, sum(row[thread.way] for thread in threads) / len(threads), key

        return list(self._of[0]), identities, ways, sorted(self._of[3], key=of_thing)

    def _placed(self, columns: Sequence[Sequence[_Key]], height: float) -> list[dict[_Key, float]]:
        """The top of each box. Grants and things fill their column evenly; what is left of them stands by what it leads to."""
        tops: list[dict[_Key, float]] = [{} for _ in columns]
        for number in (2, 3):
            column = columns[number]
            room = (height - len(column) * _BOX_HEIGHT) / (len(column) + 1)
            step = max(_GAP, min(room, 3 * _GAP))
            begin = _TOP + (height - len(column) * (_BOX_HEIGHT + step) + step) / 2
            tops[number] = {key: begin + place * (_BOX_HEIGHT + step) for place, key in enumerate(column)}
        for number in (1, 0):
            wanted = {key: self._middle(number, key, tops[number + 1], height) for key in columns[number]}
            tops[number] = _apart([(key, wanted[key]) for key in columns[number]], height)
        return tops

    def _middle(self, number: int, key: _Key, nexts: Mapping[_Key, float], height: float) -> float:
        """Where a box would best stand: in the middle of what it leads to."""
        found = {self._keys(thread)[number + 1] for thread in self._of[number][key]} if number else set(nexts)
        if not found:
            return _TOP + height
        return sum(nexts[other] for other in found) / len(found)

    def _edges(self, tops: Sequence[Mapping[_Key, float]]) -> Iterable[Edge]:
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
            for edge in sorted(counts, key=lambda edge: -_ORDER[edge[2]]):
                begin, end = starts[edge], ends[edge]
                path = f"M{right} {begin:.1f} C{right + bend:.1f} {begin:.1f} {left - bend:.1f} {end:.1f} {left} {end:.1f}"
                yield Edge(path=path, class_=str(edge[2]), width=round(1.4 + min(3.2, 0.7 * math.log2(counts[edge])), 2))

    def _box(self, number: int, key: _Key, top: float) -> Box:
        x, width = _COLUMNS[number]
        room, small = int((width - 2 * _PADDING) / _CHARACTER), int((width - 2 * _PADDING) / _SMALL)
        label, notes, full, query = self._words(number, key)
        if number == 0 and cells(label) > room:
            label, notes = _broken(label, room)
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

    def _words(self, number: int, key: _Key) -> tuple[str, tuple[str, ...], str, dict[str, str]]:
        """Its name, what is to be known of it, all of it, and how the table shows it alone."""
        threads = self._of[number].get(key, [])
        count = sum(thread.strand.count for thread in threads)
        if number == 0:
            return printable(self._agent, 200), (printable(self._note, 100),), printable(self._agent, 400), {}
        if key == _REST:
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
        notes = (f"{many:,} of them" if many > 1 else "", printable(system, 60))
        return printable(thing_name(thing), 400), notes, printable(f"{system} {thing}", 600), query

    def _branch(self, identity: _Key) -> Branch:
        """One identity in words, with its grants and what they reach."""
        ways: dict[_Key, list[_Thread]] = defaultdict(list)
        for thread in self._of[1].get(identity, []):
            ways[thread.way].append(thread)
        branches = []
        for way, threads in ways.items():
            things: dict[_Key, list[_Thread]] = defaultdict(list)
            for thread in threads:
                things[thread.thing].append(thread)
            leaves = tuple(self._leaf(3, key, members) for key, members in things.items())
            branches.append(msgspec.structs.replace(self._leaf(2, way, threads), branches=leaves))
        return msgspec.structs.replace(self._leaf(1, identity, self._of[1].get(identity, [])), branches=tuple(branches))

    def _leaf(self, number: int, key: _Key, threads: Sequence[_Thread]) -> Branch:
        label, notes, _, query = self._words(number, key)
        counts: dict[Class, int] = defaultdict(int)
        for thread in threads:
            counts[thread.strand.class_] += thread.strand.count
        verbs = in_short(verb for thread in threads for verb in thread.strand.verbs)
        note = " · ".join(note for note in (*(notes if number != 2 else ()), verbs if number > 1 else "") if note)
        return Branch(label=label, note=note, classes=tuple((str(each), counts[each]) for each in CLASSES if each in counts), query=query)

    def _description(self, columns: Sequence[Sequence[_Key]]) -> str:
        count = sum(thread.strand.count for thread in self._threads)
        things = len({_real(3, thread.strand) for thread in self._threads})
        identities = f"{len(columns[1]):,} {'identity' if len(columns[1]) == 1 else 'identities'}"
        on = f"{things:,} {'thing' if things == 1 else 'things'}"
        return f"{printable(self._agent, 200)} acts as {identities} with {_counted(count)} on {on}. The list below says the same in words."


def _real(number: int, strand: Strand) -> _Key:
    """What a strand is about in a column, whether or not it has a box."""
    return (("", ""), ("", strand.identity), (strand.identity, strand.way), (strand.system, strand.thing))[number]


def _gravity(threads: Iterable[_Thread]) -> int:
    return min(_ORDER[thread.strand.class_] for thread in threads)


def _counted(count: int) -> str:
    return f"{count:,} {'entitlement' if count == 1 else 'entitlements'}" if count else "nothing granted"


def _apart(wanted: Sequence[tuple[_Key, float]], height: float) -> dict[_Key, float]:
    """Boxes as near as can be to where they would stand, none on another, none outside."""
    tops: dict[_Key, float] = {}
    least = float(_TOP)
    for key, top in wanted:
        tops[key] = max(least, top)
        least = tops[key] + _BOX_HEIGHT + _GAP
    most = float(_TOP + height - _BOX_HEIGHT)
    for key, _ in reversed(wanted):
        tops[key] = min(tops[key], most)
        most = tops[key] - _BOX_HEIGHT - _GAP
    return tops


def _ports(meeting: Iterable[tuple[_Pair, _Key, float]], tops: Mapping[_Key, float]) -> dict[_Pair, float]:
    """Where each line meets its box: (line, box, height at which its other end is)."""
    at: dict[_Key, list[tuple[float, int, _Pair]]] = defaultdict(list)
    for pair, key, other in meeting:
        at[key].append((other, _ORDER[pair[2]], pair))
    found = {}
    for key, members in at.items():
        step = (_BOX_HEIGHT - 8) / (len(members) + 1)
        for place, (_, _, pair) in enumerate(sorted(members), start=1):
            found[pair] = tops[key] + 4 + place * step
    return found
