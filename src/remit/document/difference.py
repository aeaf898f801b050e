"""Two versions of a remit -> the changes between them, in words that an approver understands.

Each change says whether it widens (the agent may do more), narrows (it may do less) or neither. Lines are compared by what
they mean: a line that moved within a list, or to another spelling of the same set, is no change.

Left to others: what a change amounts to in an identity system (`understand.align`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TypeVar

import msgspec

from remit.document.canonical import limit_text
from remit.document.coverage import can_covers, names_a_tool, never_covers
from remit.document.pattern import contains
from remit.model.remit import Capability, Condition, Limit, Mode, Never, Objective, Remit
from remit.model.shown import printable
from remit.model.verbs import ANY, CALL

Line = TypeVar("Line", Capability, Never)
_STRICTNESS = {Mode.OBSERVE: 0, Mode.ASK: 1, Mode.ENFORCE: 2}


class Direction(StrEnum):
    """What a change does to what the agent may do."""

    WIDENS = "widens"
    NARROWS = "narrows"
    NEITHER = "neither"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One difference between two remits."""

    place: str
    """`objectives.explain-anomaly`, `never`, `limits.calls`."""
    what: str
    """A sentence without a final period."""
    direction: Direction

    def __str__(self) -> str:
        tail = "" if self.direction is Direction.NEITHER else f" ({self.direction.value})"
        return f"{self.place}: {self.what}{tail}"


def difference(old: Remit, new: Remit) -> tuple[Change, ...]:
    """Every change from `old` to `new`, in the order of the document; empty when they mean the same."""
    return (
        *_plain_fields(old, new),
        *_people("approvers", old.approvers, new.approvers),
        *_people("identities", old.identities, new.identities),
        *_objectives(old, new),
        *_lines("never", old.never, new.never, never_text, never_covers, widens=False),
        *_limits(old, new),
        *_lifecycle(old, new),
        *_mode(old, new),
    )


def capability_text(line: Capability) -> str:
    """A line of a `can` in words: ``read aws:s3 `arn:...` where path is `/data/**` ``."""
    columns = f", only columns {_listed(line.columns)}" if line.columns else ""
    data_class = f", data class `{printable(line.data_class)}`" if line.data_class else ""
    return f"{line.verb} {line.system} `{printable(line.resource)}`{_where_text(line.where)}{columns}{data_class}"


def never_text(line: Never) -> str:
    """A line of `never` in words."""
    system = "any system" if line.system == "*" else line.system
    resource = "" if line.resource == "*" else f" `{printable(line.resource)}`"
    outside = f" outside {_listed(line.outside)}" if line.outside else ""
    return f"{line.verb} {system}{resource}{_where_text(line.where)}{outside}"


def _where_text(conditions: Iterable[Condition]) -> str:
    parts = [f"{printable(condition.argument)} is {_any_of(condition)}" for condition in conditions]
    return f" where {' and '.join(parts)}" if parts else ""


def _any_of(condition: Condition) -> str:
    return " or ".join(f"`{printable(str(value).lower() if isinstance(value, bool) else str(value))}`" for value in condition.values)


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"`{printable(value)}`" for value in values)


def _plain_fields(old: Remit, new: Remit) -> Iterable[Change]:
    fields = {
        "agent": (old.agent, new.agent),
        "purpose": (old.purpose, new.purpose),
        "owner.contact": (old.owner.contact, new.owner.contact),
        "owner.team": (old.owner.team, new.owner.team),
        "owner.deputy": (old.owner.deputy, new.owner.deputy),
    }
    for place, (before, after) in fields.items():
        if before != after:
            yield Change(place=place, what=_replaced(before, after), direction=Direction.NEITHER)


def _replaced(before: str | None, after: str | None) -> str:
    if before is None:
        return f"`{printable(after or '')}` is new"
    return f"`{printable(before)}` is gone" if after is None else f"`{printable(before)}` becomes `{printable(after)}`"


def _people(place: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterable[Change]:
    is_reach = place == "identities"
    for name in new:
        if name not in old:
            yield Change(place=place, what=f"`{printable(name)}` is new", direction=Direction.WIDENS if is_reach else Direction.NEITHER)
    for name in old:
        if name not in new:
            yield Change(place=place, what=f"`{printable(name)}` is gone", direction=Direction.NARROWS if is_reach else Direction.NEITHER)


def _objectives(old: Remit, new: Remit) -> Iterable[Change]:
    before = {objective.name: objective for objective in old.objectives}
    after = {objective.name: objective for objective in new.objectives}
    for name in [*before, *(name for name in after if name not in before)]:
        yield from _objective(f"objectives.{printable(name)}", before.get(name), after.get(name))


def _objective(place: str, old: Objective | None, new: Objective | None) -> Iterable[Change]:
    if old is None and new is not None:
        yield Change(place=place, what=f"a new objective: {printable(new.why)}", direction=Direction.NEITHER)
    if old is not None and new is None:
        yield Change(place=place, what="the objective is gone", direction=Direction.NEITHER)
    if old is not None and new is not None and old.why != new.why:
        yield Change(place=f"{place}.why", what=_replaced(old.why, new.why), direction=Direction.NEITHER)
    yield from _lines(place, old.can if old else (), new.can if new else (), capability_text, can_covers, widens=True)


def _lines(
    place: str,
    old: tuple[Line, ...],
    new: tuple[Line, ...],
    text: Callable[[Line], str],
    covers: Callable[[Line, Line], bool],
    *,
    widens: bool,
) -> Iterable[Change]:
    more, less = (Direction.WIDENS, Direction.NARROWS) if widens else (Direction.NARROWS, Direction.WIDENS)
    gone = [line for line in old if not any(covers(line, other) and covers(other, line) for other in new)]
    added = [line for line in new if not any(covers(line, other) and covers(other, line) for other in old)]
    for line in added:
        within = next((other for other in old if covers(other, line)), None)
        direction = Direction.NEITHER if within is not None else more
        tail = f", which `{text(within)}` already covers" if within is not None and within not in gone else ""
        yield Change(place=place, what=f"new: {text(line)}{tail}", direction=direction)
    for line in gone:
        if isinstance(line, Capability) and any(_calls_without_verb(other, line) for other in new if isinstance(other, Capability)):
            tool = printable(line.resource)
            what = f"gone: {text(line)}; the tool stays allowed, and a never on `{line.verb}` does not know `{tool}` by this line any more"
            yield Change(place=place, what=what, direction=more)
            continue
        within = next((other for other in new if covers(other, line)), None)
        tail = f", which `{text(within)}` still covers" if within is not None else ""
        yield Change(place=place, what=f"gone: {text(line)}{tail}", direction=less if within is None else Direction.NEITHER)


def _calls_without_verb(call: Capability, named: Capability) -> bool:
    """Whether a line allows a tool whatever its verb is, while another gives it one: without that one, nevers may miss the tool."""
    return names_a_tool(named) and call.verb in (ANY, CALL) and call.system == named.system and contains(call.resource, named.resource)


def _limits(old: Remit, new: Remit) -> Iterable[Change]:
    for name in ("calls", "pay", "rows"):
        before: Limit | None = getattr(old.limits, name)
        after: Limit | None = getattr(new.limits, name)
        if _limit_words(before) != _limit_words(after):
            what = f"`{_limit_words(before)}` becomes `{_limit_words(after)}`"
            yield Change(place=f"limits.{name}", what=what, direction=_limit_direction(before, after))


def _limit_words(limit: Limit | None) -> str:
    return "no limit" if limit is None else limit_text(limit)


def _limit_direction(before: Limit | None, after: Limit | None) -> Direction:
    if before is None or after is None:
        return Direction.NARROWS if before is None else Direction.WIDENS
    if before.window is not after.window or before.currency != after.currency or before.amount == after.amount:
        return Direction.NEITHER
    return Direction.WIDENS if after.amount > before.amount else Direction.NARROWS


def _lifecycle(old: Remit, new: Remit) -> Iterable[Change]:
    before, after = old.lifecycle.expires, new.lifecycle.expires
    if before != after:
        later = after is None or (before is not None and after > before)
        what = f"`{before or 'never'}` becomes `{after or 'never'}`"
        yield Change(place="lifecycle.expires", what=what, direction=Direction.WIDENS if later else Direction.NARROWS)
    for name in ("review_days", "dormant_after_days"):
        days_before, days_after = getattr(old.lifecycle, name), getattr(new.lifecycle, name)
        if days_before != days_after:
            what = f"`{_days(days_before)}` becomes `{_days(days_after)}`"
            yield Change(place=f"lifecycle.{name.removesuffix('_days')}", what=what, direction=Direction.NEITHER)


def _days(days: int | None) -> str:
    return "not set" if days is None else f"{days}d"


def _mode(old: Remit, new: Remit) -> Iterable[Change]:
    if old.mode is not new.mode:
        widens = _STRICTNESS[new.mode] < _STRICTNESS[old.mode]
        direction = Direction.WIDENS if widens else Direction.NARROWS
        yield Change(place="mode", what=f"`{old.mode.value}` becomes `{new.mode.value}`", direction=direction)
