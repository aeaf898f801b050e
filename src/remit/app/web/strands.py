"""What an agent reaches, before it is drawn: by identity, grant and thing, and at most so many of each as a column has room for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import msgspec

from remit.app.views.entitlements import CLASSES, worst
from remit.app.views.granting import Ways, way_in_short
from remit.app.web.access_view import UNKNOWN, Line
from remit.app.web.fitting import cells
from remit.model.alignment import Class
from remit.model.verbs import GRAVEST_FIRST
from remit.understand.naming import container_of

MOST = 12
"""Boxes of one column."""
MOST_IDENTITIES = 6
NOTHING_GRANTS = "nothing grants it"
Key = tuple[str, str]
REST: Key = ("", "\0rest")
"""The box of what has none of its own. Nothing real is of no system."""
ORDER = {class_: number for number, class_ in enumerate(CLASSES)}


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


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """A strand between the boxes that are drawn."""

    identity: str
    way: Key
    thing: Key
    strand: Strand


def bounded(identities: Sequence[str], strands: Sequence[Strand]) -> list[Thread]:
    """Each strand with the boxes that it runs through; `identities` are those of the agent, in their order."""
    things = _kept_things(strands)
    ways = _kept([((strand.identity, strand.way), strand.class_, strand.count) for strand in strands])
    order = [*identities, *sorted({strand.identity for strand in strands} - set(identities))]
    shown = set(order if len(order) <= MOST_IDENTITIES else order[: MOST_IDENTITIES - 1])
    return [
        Thread(
            identity=strand.identity if strand.identity in shown else REST[1],
            way=(strand.identity, strand.way) if (strand.identity, strand.way) in ways else REST,
            thing=things.get((strand.system, strand.thing), REST),
            strand=strand,
        )
        for strand in strands
    ]


def _kept_things(strands: Sequence[Strand]) -> dict[Key, Key]:
    """Each thing that is drawn, or that a wider one stands for, and the box that it is in."""
    boxes = {(strand.system, strand.thing): (strand.system, strand.thing) for strand in strands}
    alike: dict[Key, list[Key]] = defaultdict(list)
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


def _kept(weighed: Iterable[tuple[Key, Class, int]]) -> set[Key]:
    """The boxes that have a place: those with the worst class first, then those with most in them."""
    counts: dict[Key, int] = defaultdict(int)
    classes: dict[Key, set[Class]] = defaultdict(set)
    for key, class_, count in weighed:
        counts[key] += count
        classes[key].add(class_)
    ranked = sorted(counts, key=lambda key: (ORDER[worst(classes[key])], -counts[key], key))
    return set(ranked if len(ranked) <= MOST else ranked[: MOST - 1])


def strands_of(lines: Iterable[Line], ways: Ways, holds_identities: Callable[[str], bool]) -> list[Strand]:
    """What lines amount to, by identity, way, thing and class."""
    found: dict[tuple[str, str, str, str, Class], tuple[int, set[str]]] = {}
    for line in lines:
        of = line.line
        if of.is_past:
            continue  # the picture is of what it can reach
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
