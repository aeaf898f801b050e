"""What the story claims, and whether it held: a sentence, and a look at the live servers that says so.

Invariants:
- a claim holds only where something was looked at: a check that found nothing to try does not hold;
- a check that fails is a claim that does not hold, never the end of the story.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from remit.model.shown import printable

World = TypeVar("World")


class Found(msgspec.Struct, frozen=True):
    """What a check came to."""

    is_held: bool
    what: str
    """What was looked at, or what was found instead, in a few words."""


class Claim(msgspec.Struct, frozen=True):
    """A sentence, and the check that it stands on."""

    sentence: str
    check: Callable[[Any], Found]


class Judged(msgspec.Struct, frozen=True):
    """A claim that was checked."""

    step: int
    sentence: str
    found: Found


class Attempt(Protocol):
    """Something that an agent tries as itself."""

    @property
    def label(self) -> str:
        """What is tried, in a few words."""


def judged(step: int, claim: Claim, world: object) -> Judged:
    """The claim, checked now."""
    try:
        found = claim.check(world)
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the claim was not shown to hold
        found = Found(False, f"could not be checked: {type(error).__name__}: {printable(str(error), 300)}")
    return Judged(step, claim.sentence, found)


def tried(attempts: Sequence[Attempt], run: Callable[[Any], str], expected: str, what: str) -> Found:
    """Tries each; it holds where each came out as expected, and there was one at least. `what` they are, such as `things it needs`."""
    if not attempts:
        return Found(False, f"no {what} to try")
    others = [(attempt.label, got) for attempt in attempts if (got := run(attempt)) != expected]
    if others:
        told = "; ".join(f"{printable(label, 80)}: {printable(got, 120)}" for label, got in others[:3])
        return Found(False, f"expected {expected}, but {told}" + (f" and {len(others) - 3} more" if len(others) > 3 else ""))
    return Found(True, f"{len(attempts)} {what}: {expected}")


def all_of(*parts: Found) -> Found:
    """Holds where each part does; says what each came to, or what did not hold."""
    wrong = [part.what for part in parts if not part.is_held]
    return Found(not wrong and bool(parts), "; ".join(wrong or [part.what for part in parts]))


def same(got: object, expected: object, what: str) -> Found:
    """Holds where both are equal; `what` is said then."""
    return Found(True, what) if got == expected else Found(False, f"expected {_short(expected)}, found {_short(got)}")


def _short(value: object) -> str:
    return printable(str(value), 160)
