"""Compares drafts with remits written by hand: precision and recall of capabilities, with pattern containment.

A capability is (verb, system, resource). A drafted one is right when a hand-written one of the same verb and system contains its
resource; a hand-written one is found when a drafted one of the same verb and system lies in it or contains it without being `*`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import yaml

VERBS = ("list", "read", "create", "update", "delete", "execute", "administer", "transmit", "pay", "any", "call")
Capability = tuple[str, str, str]


def capabilities(text: str, kinds: Iterable[str] = ("aws", "postgres")) -> set[Capability]:
    """The capabilities of a remit, of these kinds of systems."""
    document = yaml.safe_load(text) or {}
    found = set()
    for objective in (document.get("objectives") or {}).values():
        for line in (objective or {}).get("can") or []:
            for verb in VERBS:
                if verb in line and str(line[verb]).split(":")[0] in kinds:
                    found.add((verb, str(line[verb]), str(line.get("resource", "*"))))
    return found


@lru_cache(maxsize=100_000)
def contains(wide: str, narrow: str) -> bool:
    """Whether every text of the pattern `narrow` is one of `wide`; `*` stands for any run, in `narrow` it is a letter like no other."""
    if not wide:
        return not narrow
    if wide[0] == "*":
        return contains(wide[1:], narrow) or (bool(narrow) and contains(wide, narrow[1:]))
    return bool(narrow) and wide[0] == narrow[0] and contains(wide[1:], narrow[1:])


@dataclass
class Score:
    """How well a draft meets the remit written by hand."""

    right: set[Capability] = field(default_factory=set)
    wrong: set[Capability] = field(default_factory=set)
    found: set[Capability] = field(default_factory=set)
    missed: set[Capability] = field(default_factory=set)

    @property
    def precision(self) -> float:
        """Share of drafted capabilities that are right."""
        total = len(self.right) + len(self.wrong)
        return len(self.right) / total if total else 1.0

    @property
    def recall(self) -> float:
        """Share of hand-written capabilities that are found."""
        total = len(self.found) + len(self.missed)
        return len(self.found) / total if total else 1.0

    def __add__(self, other: Score) -> Score:
        return Score(self.right | other.right, self.wrong | other.wrong, self.found | other.found, self.missed | other.missed)


def score(drafted: str, by_hand: str, tag: str = "") -> Score:
    """One draft against one remit. `tag` keeps equal capabilities of different agents apart in a sum."""
    draft, hand = capabilities(drafted), capabilities(by_hand)
    result = Score()
    for one in draft:
        is_right = any(one[:2] == other[:2] and contains(other[2], one[2]) for other in hand)
        (result.right if is_right else result.wrong).add((f"{tag}{one[0]}", one[1], one[2]))
    for one in hand:
        is_found = any(
            one[:2] == other[:2] and (contains(one[2], other[2]) or (other[2] != "*" and contains(other[2], one[2]))) for other in draft
        )
        (result.found if is_found else result.missed).add((f"{tag}{one[0]}", one[1], one[2]))
    return result
