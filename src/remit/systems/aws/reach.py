"""What a line of access becomes when something narrows it: a boundary, a statement that denies.

A `Reach` is actions and resources by patterns, with what was taken from it that no pattern can say. Narrowing gives reaches back; what is
wholly denied gives none.

INVARIANT (never less): a reach covers everything that is really allowed; where a pattern cannot say exactly what is left, it says more, and
`but` says what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from remit.model.identity import Because
from remit.systems.aws.conditions import Test, is_met, moment
from remit.systems.aws.pattern import contains, meet, overlaps
from remit.systems.aws.policy import Statement
from remit.systems.aws.truth import Truth, all_of
from remit.systems.aws.variables import Context, plain, written_out

_END_TESTS = ("DateLessThan", "DateLessThanEquals")


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Actions on resources that a principal is granted."""

    action: str
    """As granted; compares without regard to case."""
    resource: str
    depends_on: frozenset[str]
    because: tuple[Because, ...]
    but: tuple[str, ...] = ()
    expires: str | None = None


class Aim(msgspec.Struct, frozen=True):
    """What a statement is about, with its variables put in, for one principal."""

    actions: tuple[str, ...] | None
    """Folded; None: `NotAction`."""
    not_actions: tuple[str, ...]
    resources: tuple[tuple[str, frozenset[str]], ...] | None
    """Pattern, and the keys it hangs on; None: `NotResource`."""
    not_resources: tuple[tuple[str, frozenset[str]], ...]
    condition: Truth


def aim_of(statement: Statement, context: Context) -> Aim:
    """What a statement is about. A resource whose variable has no value is about nothing."""
    tests = all_of(is_met(test, context, has_variables=statement.has_variables) for test in statement.tests)
    return Aim(
        statement.actions,
        statement.not_actions or (),
        None if statement.not_resources is not None else tuple(_resources(statement, statement.resources or ("*",), context)),
        tuple(_resources(statement, statement.not_resources or (), context)),
        tests,
    )


def _resources(statement: Statement, patterns: Iterable[str], context: Context) -> Iterator[tuple[str, frozenset[str]]]:
    for pattern in patterns:
        written = written_out(pattern, context, has_variables=statement.has_variables)
        if written.pattern is not None:
            yield plain(written.pattern), frozenset(written.depends_on)


def reaches_of(statement: Statement, context: Context, because: tuple[Because, ...]) -> Iterator[Reach]:
    """What a statement that allows grants by itself."""
    aim = aim_of(statement, context)
    if aim.condition.is_false:
        return
    actions = statement.written if aim.actions is not None else ("*",)
    resources = aim.resources if aim.resources is not None else (("*", frozenset()),)
    but = [f"not {action}" for action in (statement.written if aim.actions is None else ())]
    but += [f"not on {resource}" for resource, _ in aim.not_resources]
    excepted = frozenset().union(*(keys for _, keys in aim.not_resources))
    expires = min(filter(None, (_end(test) for test in statement.tests)), default=None)
    for action in dict.fromkeys(actions):
        for resource, keys in dict.fromkeys(resources):
            yield Reach(
                action=action,
                resource=resource,
                depends_on=aim.condition.depends_on | keys | excepted,
                because=because,
                but=tuple(but),
                expires=expires,
            )


def _end(test: Test) -> str | None:
    if test.key.lower() != "aws:currenttime" or test.operator not in _END_TESTS or not test.values:
        return None
    found = [moment(value) for value in test.values]
    if any(value is None for value in found):
        return None
    seconds = max(value for value in found if value is not None)  # several values are alternatives
    try:
        return f"{datetime.fromtimestamp(float(seconds), UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (OverflowError, ValueError):
        return None


# --- a boundary -------------------------------------------------------------------------------------------------------------


def within(reach: Reach, statement: Statement, context: Context, because: Because) -> Iterator[Reach]:
    """What is left of a reach within one statement of a boundary that allows."""
    aim = aim_of(statement, context)
    if aim.condition.is_false:
        return
    kept = msgspec.structs.replace(reach, depends_on=reach.depends_on | aim.condition.depends_on, because=(*reach.because, because))
    for action, but_actions in _actions_within(kept.action, aim):
        for resource, keys, but_resources in _resources_within(kept.resource, aim):
            yield msgspec.structs.replace(
                kept, action=action, resource=resource, depends_on=kept.depends_on | keys, but=(*kept.but, *but_actions, *but_resources)
            )


def _actions_within(action: str, aim: Aim) -> Iterator[tuple[str, tuple[str, ...]]]:
    if aim.actions is None:
        if not any(contains(pattern, action.lower()) for pattern in aim.not_actions):
            yield action, tuple(f"not {pattern}" for pattern in aim.not_actions if overlaps(pattern, action.lower()))
        return
    if any(contains(pattern, action.lower()) for pattern in aim.actions):
        yield action, ()
        return
    for pattern in aim.actions:
        for met in _met(pattern, action.lower()):
            yield met, ()


def _resources_within(resource: str, aim: Aim) -> Iterator[tuple[str, frozenset[str], tuple[str, ...]]]:
    if aim.resources is None:
        if not any(contains(pattern, resource) and not keys for pattern, keys in aim.not_resources):
            excepted = frozenset().union(*(keys for _, keys in aim.not_resources))
            yield resource, excepted, tuple(f"not on {pattern}" for pattern, _ in aim.not_resources if overlaps(pattern, resource))
        return
    whole = [keys for pattern, keys in aim.resources if contains(pattern, resource)]
    if whole:
        yield resource, min(whole, key=len), ()
        return
    for pattern, keys in aim.resources:
        for met in _met(pattern, resource):
            yield met, keys, ()


def _met(one: str, other: str) -> tuple[str, ...]:
    found = meet(one, other)
    return found if found is not None else (other,)


# --- a denial ---------------------------------------------------------------------------------------------------------------


def less(reach: Reach, statement: Statement, context: Context) -> Iterator[Reach]:
    """What is left of a reach beside one statement that denies."""
    aim = aim_of(statement, context)
    folded = reach.action.lower()
    if aim.condition.is_false or not _touches(folded, reach.resource, aim):
        yield reach
        return
    all_actions = _all_actions(folded, aim)
    all_resources = _all_resources(reach.resource, aim)
    if all_actions and all_resources:
        if aim.condition.is_true and not _hangs(aim):
            return
        keys = aim.condition.depends_on | frozenset().union(*(keys for _, keys in (*(aim.resources or ()), *aim.not_resources)))
        yield msgspec.structs.replace(reach, depends_on=reach.depends_on | keys)
        return
    if aim.condition.is_true and not _hangs(aim):
        if all_resources and aim.actions is None:
            # Denied is everything but some actions: those are what is left.
            for pattern in aim.not_actions:
                for met in _met(pattern, folded):
                    yield msgspec.structs.replace(reach, action=met)
            return
        if all_actions and aim.resources is None:
            for pattern, _ in aim.not_resources:
                for met in _met(pattern, reach.resource):
                    yield msgspec.structs.replace(reach, resource=met)
            return
    yield msgspec.structs.replace(reach, but=(*reach.but, _told(statement, aim)))


def _hangs(aim: Aim) -> bool:
    return any(keys for _, keys in (*(aim.resources or ()), *aim.not_resources))


def _touches(action: str, resource: str, aim: Aim) -> bool:
    if aim.actions is not None:
        meets_action = any(overlaps(pattern, action) for pattern in aim.actions)
    else:
        meets_action = not any(contains(pattern, action) for pattern in aim.not_actions)
    if aim.resources is not None:
        return meets_action and any(overlaps(pattern, resource) for pattern, _ in aim.resources)
    return meets_action and not any(contains(pattern, resource) and not keys for pattern, keys in aim.not_resources)


def _all_actions(action: str, aim: Aim) -> bool:
    if aim.actions is not None:
        return any(contains(pattern, action) for pattern in aim.actions)
    return not any(overlaps(pattern, action) for pattern in aim.not_actions)


def _all_resources(resource: str, aim: Aim) -> bool:
    if aim.resources is not None:
        return any(contains(pattern, resource) for pattern, _ in aim.resources)
    return not any(overlaps(pattern, resource) for pattern, _ in aim.not_resources)


def _told(statement: Statement, aim: Aim) -> str:
    actions = ", ".join(statement.written)
    what = actions if aim.actions is not None else f"anything but {actions}"
    resources = aim.resources if aim.resources is not None else aim.not_resources
    where = ", ".join(pattern for pattern, _ in resources)
    on = f" on {where}" if aim.resources is not None else f" elsewhere than on {where}"
    when = f" where {', '.join(sorted({test.key for test in statement.tests}))} says so" if statement.tests else ""
    return f"not {what}{'' if on == ' on *' else on}{when}"
