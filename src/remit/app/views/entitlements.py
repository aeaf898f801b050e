"""The table of one agent as it is read: its classes, the worst first, what stands in one row, and what actions do in verbs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from remit.model.alignment import Alignment, AlignmentLine, Class


class ClassWords(msgspec.Struct, frozen=True):
    """How a class is told."""

    title: str
    meaning: str


CLASSES = {
    Class.USED_NOT_NEEDED: ClassWords("used but not needed", "it did this, and nothing that it is for calls for it"),
    Class.NEEDED_NOT_GRANTED: ClassWords("needed but not granted", "no grant was found for it"),
    Class.UNNEEDED: ClassWords("unneeded", "it could do this, and nothing that it is for calls for it"),
    Class.NEEDED_UNUSED: ClassWords("needed but not used", "it may, and no record shows that it did itself"),
    Class.NEEDED_USED: ClassWords("needed and used", "as it should be"),
}
"""Every class, the worst first."""
_ORDER = {class_: number for number, class_ in enumerate(CLASSES)}


def worst(classes: Iterable[Class]) -> Class:
    """The one of them that asks most for somebody."""
    return min(classes, key=_ORDER.__getitem__)


PAST = ClassWords("used before, no longer granted", "it did this once, and no grant gives it any more")
"""What is told of a line that `is_past`, whatever its class."""


def words_of(line: AlignmentLine) -> ClassWords:
    """How the class of a line is told."""
    return PAST if line.is_past else CLASSES[line.class_]


def order_of(line: AlignmentLine) -> int:
    """Where a line stands among others: what is over comes last."""
    return len(CLASSES) if line.is_past else _ORDER[line.class_]


def counted_by_class(lines: Iterable[AlignmentLine]) -> dict[Class, int]:
    """How many lines are in each class that has any, the worst first; without those that are over."""
    counts = Counter(line.class_ for line in lines if not line.is_past)
    return {class_: counts[class_] for class_ in CLASSES if counts[class_]}


def summary(alignment: Alignment) -> str:
    """How many entitlements are in each class, the worst first."""
    told = [f"{count:,} {CLASSES[class_].title}" for class_, count in counted_by_class(alignment.lines).items()]
    over = sum(line.is_past for line in alignment.lines)
    return ", ".join([*told, *([f"{over:,} {PAST.title}"] if over else [])]) or "nothing, as far as was read"


def grouped(lines: Sequence[AlignmentLine]) -> list[list[AlignmentLine]]:
    """What was never used and is there for one reason on one resource is one group; by identity, so that each is named once."""
    groups: dict[tuple[object, ...], list[AlignmentLine]] = {}
    for number, line in enumerate(lines):
        key = (line.principal, line.resource, line.why, line.rule, line.columns, line.shared_calls) if line.last_used is None else (number,)
        groups.setdefault(key, []).append(line)
    return sorted(groups.values(), key=lambda group: group[0].principal)
