"""The one decision: standing, never, limit, mandate, capability, no match; then the mode (remit language, section 6).

INVARIANTS
- total: any fault, an error in this code included, is a deny in every mode;
- forbid wins: no line of a `can`, no mandate and no order of lines outweighs a `never` in `enforce`;
- no match = deny: only a line of a `can` allows, and without a remit there is none;
- a missing argument meets a `never` and misses a `can`;
- a mandate only narrows: it is asked before a `can`, and can turn an allow into a deny, never the other way;
- a mode never widens what is suspended, expired, unknown or not understood.

The slow form of the same meaning is `definition.allowed`; both are tested against each other. Left to others: the log, the
clock, what was spent (`limits`), where values came from (`mandate`), and `modify`, which comes later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TypeGuard

from remit.decide import reasons
from remit.decide.answers import ABSENT, MATCH, NO
from remit.decide.arguments import Language
from remit.decide.conditions import Test, argument_at, choices
from remit.decide.destinations import goes_outside
from remit.decide.index import CanLine, Entry, Index, NeverLine, Standing, place
from remit.decide.limits import Spent, over_pay
from remit.decide.mandate import beyond_mandate
from remit.decide.statements.reading import Unit, verbs_in_statements
from remit.decide.understanding import NotUnderstoodError, verbs_of
from remit.document.pattern import resource_matcher
from remit.model.decision import Decision, Outcome, Request, Step
from remit.model.mandate import Mandate
from remit.model.remit import Mode, Remit

MAX_CHOICES = 4096
"""Ways to choose one action from each statement argument; a request with more of them matches no `can`."""


def decide(index: Index, request: Request, mandate: Mandate | None, spent: Spent, now: float) -> Decision:
    """The decision on one request; total.

    `spent` is what the agent used up before it (`limits.Meter.spent`); `now` is seconds since 1970, UTC; `mandate` is None, or has no
    task, where the person's words are not known.
    """
    try:
        return _decide(index, request, mandate, spent, now)
    except Exception as error:  # noqa: BLE001 - INVARIANT (total): whatever goes wrong is a deny
        return _fault(request, type(error).__name__)


def _decide(index: Index, request: Request, mandate: Mandate | None, spent: Spent, now: float) -> Decision:
    if not _is_request(request):
        raise TypeError
    if not request.is_understood:
        because = reasons.not_understood(request, request.fault or "the enforcement point could not read it")
        return Decision(outcome=Outcome.DENY, step=Step.FAULT, because=because)
    entry = index.entries.get(request.agent)
    standing = _standing(entry, request, now)
    if standing is not None:
        return standing
    assert entry is not None
    remit = entry.remit
    assert remit is not None
    try:
        verbs = verbs_of(entry.named, index.vocabularies, request)
    except NotUnderstoodError as error:
        because = reasons.not_understood(request, str(error))
        return Decision(outcome=Outcome.DENY, step=Step.FAULT, because=because, remit_hash=remit.hash, path=remit.path, mode=remit.mode)
    return (
        _forbidden(entry, remit, request, verbs)
        or _over_limit(remit, request, verbs, spent)
        or _outside_mandate(remit, request, verbs, mandate)
        or _capability(entry, remit, request, verbs, mandate)
        or _unmatched(entry, remit, request, verbs, mandate)
    )


# --- 1: standing ---------------------------------------------------------------------------------------------------------


def _standing(entry: Entry | None, request: Request, now: float) -> Decision | None:
    if entry is None:
        return Decision(outcome=Outcome.DENY, step=Step.STANDING, because=reasons.unknown_agent(request.agent))
    standing = entry.standing(now)
    if standing is None:
        return None
    # INVARIANT (mode never widens): no mode is looked at here.
    return Decision(
        outcome=Outcome.DENY,
        step=Step.FAULT if standing is Standing.BROKEN else Step.STANDING,
        because=reasons.standing(entry, standing),
        remit_hash=entry.remit.hash if entry.remit is not None else "",
        path=entry.remit.path if entry.remit is not None else "",
    )


# --- 2: never ------------------------------------------------------------------------------------------------------------


def _forbidden(entry: Entry, remit: Remit, request: Request, verbs: frozenset[str]) -> Decision | None:
    inner = verbs_in_statements(request)
    lines = entry.nevers_on(request.system).some(verbs | inner if inner else verbs)
    if inner and not verbs:
        lines = tuple(sorted({*lines, *entry.nevers_on(request.system).some(verbs)}, key=lambda line: line.order))
    for line in lines:
        if line.matches(request.resource) and all(test.some(request) is not NO for test in line.tests):
            why = _leaves(line, request, verbs, inner) if line.outside else ""
            if why is not None:
                because = reasons.forbidden(_shown(request), line.at, line.rule, why)
                return _by_mode(remit, Step.NEVER, line.rule, line.line, because)
    return None


def _leaves(line: NeverLine, request: Request, verbs: frozenset[str], inner: frozenset[str]) -> str | None:
    """Why `outside` holds; None where it does not."""
    if "transmit" in inner:
        return "its SQL sends data to a place that cannot be read"
    return goes_outside(request, line.outside, verbs)


# --- 3: limits -----------------------------------------------------------------------------------------------------------


def _over_limit(remit: Remit, request: Request, verbs: frozenset[str], spent: Spent) -> Decision | None:
    calls, pay = remit.limits.calls, remit.limits.pay
    if calls is not None and spent.calls + 1 > calls.amount:
        why = reasons.calls_used_up(calls)
        rule, line = "limits.calls", calls.line
    elif pay is not None and "pay" in verbs and (over := over_pay(pay, spent, request.arguments)) is not None:
        why, rule, line = over, "limits.pay", pay.line
    else:
        return None
    because = reasons.over_limit(_shown(request), place(remit.path, line), rule, why)
    return _by_mode(remit, Step.LIMIT, rule, line, because)


# --- 4: mandate ----------------------------------------------------------------------------------------------------------


def _outside_mandate(remit: Remit, request: Request, verbs: frozenset[str], mandate: Mandate | None) -> Decision | None:
    if mandate is None or mandate.task is None:
        return None
    why = beyond_mandate(mandate, request, verbs)
    if why is None:
        return None
    return _by_mode(remit, Step.MANDATE, "mandate", 0, reasons.outside_mandate(_shown(request), why))


# --- 5: capability -------------------------------------------------------------------------------------------------------


def _capability(entry: Entry, remit: Remit, request: Request, verbs: frozenset[str], mandate: Mandate | None) -> Decision | None:
    lines = entry.cans.get(request.system)
    if lines is None:
        return None
    line = _covering(lines.some(verbs, request.resource), request)
    if line is None:
        return None
    because = reasons.allowed(_shown(request), line.at, line.rule, line.objective)
    return Decision(
        outcome=Outcome.ALLOW,
        step=Step.CAPABILITY,
        because=because if mandate is not None and mandate.task is not None else because + reasons.NO_TASK,
        rule=line.rule,
        line=line.line,
        objective=line.objective,
        mode=remit.mode,
        remit_hash=remit.hash,
        path=remit.path,
    )


def _covering(lines: Sequence[CanLine], request: Request) -> CanLine | None:
    """The first line that covers the request; where several are needed for its statements, the first of those."""
    partial: list[tuple[CanLine, list[tuple[Test, Language]]]] = []
    for line in lines:
        statements = _met_apart_from_statements(line, request)
        if statements is None:
            continue
        if not statements or all(_every(test, language, request) for test, language in statements):
            return line
        partial.append((line, statements))
    if len(partial) < 2:
        return None
    return _covering_together(partial, request)


def _met_apart_from_statements(line: CanLine, request: Request) -> list[tuple[Test, Language]] | None:
    """The conditions of a line that are on statements, if it meets all others; None if it does not."""
    if line.columns and not _within_columns(line, request):
        return None
    if line.data_class is not None and not _is_of_class(line.data_class, request):
        return None
    statements = []
    for test in line.tests:
        language = test.language(request)
        if language is not None:
            statements.append((test, language))
        elif test.of_value(request) is not MATCH:  # INVARIANT (missing argument): absent is not a match
            return None
    return statements


def _is_of_class(data_class: str, request: Request) -> bool:
    """Whether the enforcement point says so: a tool's arguments are the agent's own words, which classify nothing."""
    return not request.system.startswith("mcp:") and request.arguments.get("data_class") == data_class


def _within_columns(line: CanLine, request: Request) -> bool:
    asked = request.arguments.get("columns")
    if not isinstance(asked, list | tuple) or not asked:
        return False
    return all(isinstance(column, str) and column in line.columns for column in asked)


def _every(test: Test, language: Language, request: Request) -> bool:
    return all(test.of_unit(language, unit, request.paths) is MATCH for unit in choices(request, test.key, language))


def _covering_together(partial: list[tuple[CanLine, list[tuple[Test, Language]]]], request: Request) -> CanLine | None:
    """Several lines cover a request when each way to choose one action from each statement is matched by one of them."""
    keys = {(test.key, language): None for _, statements in partial for test, language in statements}
    by_key = {key: choices(request, key[0], key[1]) for key in keys}
    count = 1
    for found in by_key.values():
        count *= len(found)
    if count > MAX_CHOICES:
        return None
    first: CanLine | None = None
    for chosen in product(*by_key.values()):
        units: dict[tuple[str, Language], Unit | None] = dict(zip(by_key, chosen, strict=True))
        for line, statements in partial:
            if all(test.of_unit(language, units[test.key, language], request.paths) is MATCH for test, language in statements):
                first = first or line
                break
        else:
            return None
    return first


# --- 6: no match, and the mode -------------------------------------------------------------------------------------------


def _unmatched(entry: Entry, remit: Remit, request: Request, verbs: frozenset[str], mandate: Mandate | None) -> Decision:
    line, where_to_look = _nearest(entry, remit, request, verbs)
    because = reasons.unmatched(request, remit, where_to_look)
    if mandate is None or mandate.task is None:
        because += reasons.NO_TASK
    return _by_mode(remit, Step.NO_MATCH, "", line, because)


def _nearest(entry: Entry, remit: Remit, request: Request, verbs: frozenset[str]) -> tuple[int, str]:
    """The line to look at first, and what is told of it: one on the same verb and resource, one on the resource, one on the system."""
    lines = entry.cans.get(request.system)
    for line in lines.some(verbs, request.resource) if lines is not None else ():
        missing = [_unmet(test, request) for test in line.tests if not _is_met(test, request)]
        if line.columns and not _within_columns(line, request):
            missing.append("it does not allow the columns as given")
        if line.data_class is not None and not _is_of_class(line.data_class, request):
            missing.append("it does not allow the data class as given")
        if missing:
            return line.line, reasons.nearest(line.at, line.rule, " and ".join(missing))
    first = (0, "")
    for objective in remit.objectives:
        for position, capability in enumerate(objective.can):
            if capability.system != request.system:
                continue
            at, rule = place(remit.path, capability.line), f"objectives.{objective.name}.can[{position}]"
            if resource_matcher(capability.resource)(request.resource):
                return capability.line, reasons.nearest(at, rule, reasons.another_verb(capability.verb, request, verbs))
            if not first[1]:
                first = capability.line, reasons.beginning(at, rule, request, capability.resource)
    return first


def _unmet(test: Test, request: Request) -> str:
    """What is wrong with one argument; its value is never told."""
    value = argument_at(request.arguments, test.key)
    is_unreadable_path = test.is_path and isinstance(value, str) and test.of_value(request) is ABSENT
    return reasons.unmet(test.key, is_missing=value is None, is_unreadable_path=is_unreadable_path)


def _is_met(test: Test, request: Request) -> bool:
    language = test.language(request)
    return test.of_value(request) is MATCH if language is None else _every(test, language, request)


def _by_mode(remit: Remit, step: Step, rule: str, line: int, because: str) -> Decision:
    """What a step that says no amounts to in the mode of the remit."""
    outcome, would = Outcome.DENY, None
    if remit.mode is Mode.OBSERVE:
        outcome, would = Outcome.ALLOW, Outcome.DENY
        because += reasons.OBSERVED
    elif remit.mode is Mode.ASK and step is not Step.NEVER:
        outcome = Outcome.ASK
        because += reasons.ASKED
    return Decision(
        outcome=outcome,
        step=step,
        because=because,
        rule=rule,
        line=line,
        would=would,
        mode=remit.mode,
        remit_hash=remit.hash,
        path=remit.path,
    )


def _fault(request: object, error: str) -> Decision:
    """INVARIANT (total): even a request of the wrong type gets its deny."""
    shown = request if _is_request(request) else None
    because = reasons.fault(shown, error) if shown is not None else f"what was asked is no request ({error}), and a fault denies"
    return Decision(outcome=Outcome.DENY, step=Step.FAULT, because=because)


def _is_request(request: object) -> TypeGuard[Request]:
    """Whether every part that is looked at has its type: a record can be made with any."""
    return (
        isinstance(request, Request)
        and isinstance(request.agent, str)
        and isinstance(request.system, str)
        and isinstance(request.action, str)
        and isinstance(request.resource, str)
        and isinstance(request.arguments, Mapping)
        and isinstance(request.paths, Mapping)
        and isinstance(request.fault, str)
    )


def _shown(request: Request) -> str:
    return reasons.action(request)
