"""Three-valued answers: yes, no, and "that depends on these context keys".

A question over the inventory does not know the context of the request; a case of `remit evaluate` gives all of it. Both are decided by the
same rules, so the rules count in three values (Kleene's): an answer is certain only when it is so whatever the unknown keys hold.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Truth(msgspec.Struct, frozen=True):
    """An answer."""

    is_true: bool
    """Certainly so."""
    depends_on: frozenset[str] = frozenset()
    """Not empty: it hangs on these keys, and `is_true` is False."""

    @property
    def is_false(self) -> bool:
        """Certainly not so."""
        return not self.is_true and not self.depends_on

    @property
    def may_be(self) -> bool:
        """So, or so for some context."""
        return self.is_true or bool(self.depends_on)


YES, NO = Truth(True), Truth(False)


def truth(value: bool) -> Truth:
    """A certain answer."""
    return YES if value else NO


def depends(*keys: str) -> Truth:
    """An answer that hangs on keys."""
    return Truth(False, frozenset(keys))


def negation(answer: Truth) -> Truth:
    """Not."""
    return answer if answer.depends_on else truth(not answer.is_true)


def all_of(answers: Iterable[Truth]) -> Truth:
    """And: one certain no settles it."""
    keys: set[str] = set()
    for answer in answers:
        if answer.is_false:
            return NO
        keys |= answer.depends_on
    return Truth(not keys, frozenset(keys))


def any_of(answers: Iterable[Truth]) -> Truth:
    """Or: one certain yes settles it."""
    keys: set[str] = set()
    for answer in answers:
        if answer.is_true:
            return YES
        keys |= answer.depends_on
    return Truth(False, frozenset(keys))
