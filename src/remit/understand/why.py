"""The one sentence beside each line of an alignment, and the places that bear it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from remit.model.access import Access, Effect
from remit.model.event import Use
from remit.model.identity import Because
from remit.model.place import Place
from remit.model.shown import printable
from remit.understand.needs import Forbidden, Need

_MOST_USES = 3
_MOST_BUTS = 3


def because_needed(need: Need) -> str:
    """The objective and its words."""
    words = f": {printable(need.why, 240)}" if need.why else ""
    return f"objective `{printable(need.objective, 80)}`{words}"


def because_way(need: Need, what: str) -> str:
    """Why something that gives no access by itself is needed."""
    return f"the way to {what}, for {because_needed(need)}"


def because_not_needed(is_from_draft: bool, forbidden: Forbidden | None, *, was_used: bool) -> str:
    """Why nothing needs it."""
    if forbidden is not None:
        return f"`{forbidden.rule}` of the remit forbids it" + (", and it was used" if was_used else "")
    source = "no declared or inferred evidence asks for it" if is_from_draft else "no line of the remit asks for it"
    return f"{source}, and it was used" if was_used else source


def because_missing(need: Need, denied: int) -> str:
    """A need that nothing grants."""
    tried = "" if not denied else "; it was tried and refused" if denied == 1 else f"; it was tried and refused {denied:,} times"
    return f"{because_needed(need)}; nothing grants it{tried}"


def doubts(access: Access | None, need: Need | None, further: Iterable[str] = ()) -> str:
    """What is not certain about a line."""
    found = list(further)
    if access is not None:
        if access.decision is Effect.DEPENDS:
            found.append(f"depends on {', '.join(printable(key, 80) for key in access.depends_on) or 'conditions'}")
        if access.expires:
            found.append(f"the grant ends on {printable(access.expires, 40)}")
        found += [printable(but, 200) for but in access.but[:_MOST_BUTS]]
        if len(access.but) > _MOST_BUTS:
            found.append(f"and {len(access.but) - _MOST_BUTS} more exceptions")
    if need is not None and need.is_conditional:
        found.append("the remit sets a condition (`where`) that this system cannot hold")
    return "; ".join(dict.fromkeys(found))


def places_of_uses(uses: Sequence[Use]) -> tuple[Because, ...]:
    """The latest records of a few uses."""
    latest = sorted(uses, key=lambda use: use.last, reverse=True)[:_MOST_USES]
    return tuple(Because(place=Place(use.place), text=_told(use)) for use in latest)


def _told(use: Use) -> str:
    what = f"{printable(use.action, 80)} on {printable(use.resource, 160)}"
    times = [f"allowed {use.allowed:,}x"] if use.allowed else []
    times += [f"refused {use.denied:,}x"] if use.denied else []
    return f"{what}, {', '.join(times)}, last on {printable(use.last, 40)}"
