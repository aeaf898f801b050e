"""Replay: recorded use, decided again by what a plan would leave (design section 6).

Decides which calls that were allowed would then be denied. Invariants:
- both sides are decided by the same evaluator, over the objects as read and over the objects after the plan's steps: nothing is
  derived from what the plan says of itself;
- a call that only a context unknown here decides is denied by the plan only where the plan makes it depend on more than before;
- a recorded call that what was read does not explain is counted apart, never taken for safe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from remit.model.access import Verdict
from remit.model.event import Use
from remit.model.plan import Replay, WouldDeny
from remit.model.shown import printable

Decides = Callable[[str, str, str, Sequence[str]], Verdict]
"""(principal, action, resource, columns) -> what the system answers."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay showed."""

    replay: Replay
    unexplained: tuple[str, ...] = ()
    """Sentences: calls that were allowed, and that what was read does not explain."""


def replay(uses: Iterable[Use], before: Decides, after: Decides) -> Replayed:
    """Decides every recorded call that was allowed once more, each distinct one once."""
    recorded = [use for use in uses if use.allowed > 0]
    denied: list[WouldDeny] = []
    unexplained: list[Use] = []
    known: dict[tuple[str, str, str, tuple[str, ...]], tuple[Verdict, Verdict]] = {}
    for use in recorded:
        call = (use.principal, use.action, use.resource, use.columns)
        if call not in known:
            known[call] = (before(*call), after(*call))
        was, will = known[call]
        if will.is_allowed:
            continue
        if was.is_allowed or set(will.depends_on) - set(was.depends_on) or (was.depends_on and not will.depends_on):
            denied.append(_would_deny(use, will))
        elif not was.depends_on:
            unexplained.append(use)
    denied.sort(key=lambda item: (-item.calls, item.principal, item.action, item.resource))
    return Replayed(
        replay=Replay(
            calls=sum(use.allowed for use in recorded), would_deny=tuple(denied), since=min((use.first for use in recorded), default=None)
        ),
        unexplained=_unexplained(unexplained),
    )


def _would_deny(use: Use, will: Verdict) -> WouldDeny:
    why = f"it would depend on {', '.join(will.depends_on)}" if will.depends_on else "nothing would allow it"
    if will.is_explicit:
        why = "a denial would say so"
    if use.resource == "*":
        why += "; the record does not say on which resource it was"
    return WouldDeny(
        agent=use.agent, principal=use.principal, action=use.action, resource=use.resource, calls=use.allowed, last=use.last, why=why
    )


def _unexplained(uses: Sequence[Use]) -> tuple[str, ...]:
    if not uses:
        return ()
    first = uses[0]
    calls = sum(use.allowed for use in uses)
    which = f"{calls:,} recorded call{'' if calls == 1 else 's'} (first: `{printable(first.action)}` on `{printable(first.resource)}`)"
    why = "cannot be explained by what was read: the access may come from somewhere that Remit does not see, or be gone already"
    return (f"{which} {why}",)
