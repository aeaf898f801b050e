"""What is allowed: the remit language, sections 3 to 7, written down as plainly as it is stated there.

Slow on purpose and not used at run time; `engine.decide` is tested against it. It shares with the engine only what reads
arguments apart: the actions in SQL and shell text, the hosts in a destination, the amount of a payment, and where values of a
session came from. Matching, steps, verbs, limits and modes are worked out here anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from typing import Any

from remit.contracts.system import Vocabulary
from remit.decide.answers import ABSENT, MATCH, NO, Answer
from remit.decide.arguments import Language, language_of
from remit.decide.destinations import goes_outside
from remit.decide.limits import Spent, payment_of
from remit.decide.mandate import beyond_mandate
from remit.decide.statements.reading import Unit, pattern_from_text, units_of, verbs_in_statements
from remit.model.agent import AgentState
from remit.model.decision import Outcome, Request
from remit.model.mandate import Mandate
from remit.model.remit import Capability, Condition, Mode, Never, Remit, Scalar
from remit.model.verbs import Verb

Choice = Mapping[str, Unit | None]
"""For each key of a `where` that names a statement: the one action of it that is looked at; None where it cannot be read."""


def allowed(
    remit: Remit | None,
    state: AgentState | None,
    request: Request,
    mandate: Mandate | None,
    spent: Spent,
    now: float,
    vocabularies: Iterable[Vocabulary] = (),
) -> Outcome:
    """The outcome of a request of the agent of a remit; an unknown agent has neither remit nor state. `now` in seconds, UTC."""
    if not request.is_understood or state is not AgentState.ACTIVE or remit is None or _is_expired(remit, now):
        return Outcome.DENY
    verbs = _verbs(remit, request, {vocabulary.kind: vocabulary for vocabulary in vocabularies})
    if verbs is None:
        return Outcome.DENY
    if any(_forbids(never, request, verbs) for never in remit.never):
        return Outcome.ALLOW if remit.mode is Mode.OBSERVE else Outcome.DENY
    if not _exceeds(remit, request, verbs, spent) and not _is_outside(mandate, request, verbs) and _is_covered(remit, request, verbs):
        return Outcome.ALLOW
    return {Mode.ENFORCE: Outcome.DENY, Mode.ASK: Outcome.ASK, Mode.OBSERVE: Outcome.ALLOW}[remit.mode]


def _is_expired(remit: Remit, now: float) -> bool:
    """The remit holds up to the end of its last day, UTC."""
    expires = remit.lifecycle.expires
    return expires is not None and datetime.fromtimestamp(now, UTC).date().isoformat() > expires


# --- section 3: verbs ------------------------------------------------------------------------------------------------------


def _verbs(remit: Remit, request: Request, vocabularies: Mapping[str, Vocabulary]) -> set[str] | None:
    """The verbs of what is asked; empty for an unknown tool; None where the request is not understood."""
    kind, colon, name = request.system.partition(":")
    if not (kind and colon and name and request.action):
        return None
    table = vocabularies.get(kind)
    if kind == "mcp":
        if request.resource != request.action:
            return None
        lines: list[Capability | Never] = [*(line for _, line in remit.capabilities()), *remit.never]
        named = {
            line.verb
            for line in lines
            if line.system in (request.system, "*") and line.resource == request.action and line.verb not in ("any", "call")
            if "*" not in line.resource
        }
        if named:
            return named
        verb = table.verb_of(request.action) if table is not None else None
        return {verb.value} if verb is not None else set()
    prefix, has_prefix, _ = request.action.partition(":")
    if kind == "aws" and has_prefix and prefix.lower() != name.lower():
        return None
    if table is not None and table.fold(request.action) in table.verbs:
        return {table.verbs[table.fold(request.action)].value}
    if request.action in [verb.value for verb in Verb]:
        return {request.action}
    return {"administer"} if table is not None and table.is_complete else None


def _has_verb(line: Capability | Never, verbs: set[str]) -> bool:
    return line.verb in ("any", "call") or line.verb in verbs


# --- section 4: patterns ---------------------------------------------------------------------------------------------------


def _matches_resource(pattern: str, resource: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), resource, re.DOTALL) is not None


def _expression(pattern: str) -> str:
    """`*` stops at a slash, `**` does not."""
    written = []
    for part in re.split(r"(\*+)", pattern):
        if part.startswith("*"):
            written.append("[^/]*" if part == "*" else ".*")
        else:
            written.append(re.escape(part))
    return "".join(written)


def _matches_text(pattern: str, text: str) -> bool:
    return re.fullmatch(_expression(pattern), text, re.DOTALL) is not None


def _matches_path(pattern: str, path: str) -> bool:
    """Folder by folder; a folder written `**` is any number of folders."""
    expression = ""
    folders = pattern.rstrip("/").split("/")[1:]
    for folder in folders:
        expression += "(?:/.*)?" if re.fullmatch(r"\*\*+", folder) else "/" + _expression(folder)
    return re.fullmatch(expression or "/", path, re.DOTALL) is not None or (path == "/" and re.fullmatch(expression, "") is not None)


def _resolved(text: str, known: Mapping[str, str]) -> str | None:
    """The path that a text names; None where it counts as absent."""
    lowered = text.lower()
    if not text.startswith("/") or "\\" in text or "\0" in text or "%2e" in lowered or "%2f" in lowered:
        return None
    if text in known:
        return known[text]
    folders: list[str] = []
    for folder in text.split("/"):
        if folder == "..":
            folders = folders[:-1]
        elif folder not in ("", "."):
            folders = [*folders, folder]
    return "/" + "/".join(folders)


def _compare(pattern: Scalar, value: Any, known: Mapping[str, str]) -> Answer | None:
    """How a value compares with one pattern; None for a pattern of another type."""
    if isinstance(pattern, bool) or isinstance(value, bool):
        return None if not (isinstance(pattern, bool) and isinstance(value, bool)) else MATCH if pattern is value else NO
    if isinstance(pattern, str) and isinstance(value, str):
        if not pattern.startswith("/"):
            return MATCH if _matches_text(pattern, value) else NO
        path = _resolved(value, known)
        return ABSENT if path is None else MATCH if _matches_path(pattern, path) else NO
    if isinstance(pattern, int | float) and isinstance(value, int | float):
        return MATCH if pattern == value else NO
    return None


def _values_at(arguments: Mapping[str, Any], key: str) -> list[Any]:
    """Every value that a key of a `where` could name: the argument of that name, and the one at that dotted path."""
    found = [arguments[key]] if key in arguments else []
    if "." in key:
        inner: Any = arguments
        for name in key.split("."):
            if not isinstance(inner, Mapping) or name not in inner:
                return found
            inner = inner[name]
        found.append(inner)
    return found


def _answer(condition: Condition, request: Request, choice: Choice) -> Answer:
    """How the argument that a condition names compares: it matches, does not, or is absent."""
    found = _values_at(request.arguments, condition.argument)
    if len(found) != 1 or found[0] is None:
        return ABSENT
    language = _language(request, condition.argument)
    if language is not None:
        unit = choice[condition.argument]
        patterns = [value for value in condition.values if isinstance(value, str)]
        answers = [ABSENT if unit is None else pattern_from_text(language, text).answer(unit, request.paths) for text in patterns]
        return MATCH if MATCH in answers else ABSENT if ABSENT in answers or unit is None else NO
    compared = [answer for value in condition.values if (answer := _compare(value, found[0], request.paths)) is not None]
    return ABSENT if not compared else MATCH if MATCH in compared else ABSENT if ABSENT in compared else NO


def _language(request: Request, key: str) -> Language | None:
    return language_of(request.system, request.action, key)


def _choices(conditions: Iterable[Condition], request: Request) -> Iterator[Choice]:
    """Every way to look at one action of each statement that the conditions name."""
    units: dict[str, tuple[Unit | None, ...]] = {}
    for condition in conditions:
        language = _language(request, condition.argument)
        if language is not None:
            found = _values_at(request.arguments, condition.argument)
            text = found[0] if len(found) == 1 else None
            units[condition.argument] = (units_of(language, text) if isinstance(text, str) else None) or (None,)
    for chosen in product(*units.values()):
        yield dict(zip(units, chosen, strict=True))


# --- section 6, step 2: never ----------------------------------------------------------------------------------------------


def _forbids(never: Never, request: Request, verbs: set[str]) -> bool:
    """One action of a statement is enough, and what is absent meets the line."""
    inside = set(verbs_in_statements(request))
    has_verb = _has_verb(never, verbs | inside) or (not verbs and never.outside != ())
    if not has_verb or never.system not in ("*", request.system) or not _matches_resource(never.resource, request.resource):
        return False
    for condition in never.where:
        if all(_answer(condition, request, choice) is NO for choice in _choices([condition], request)):
            return False
    return not never.outside or "transmit" in inside or goes_outside(request, never.outside, frozenset(verbs)) is not None


# --- section 5, step 3: limits ---------------------------------------------------------------------------------------------


def _exceeds(remit: Remit, request: Request, verbs: set[str], spent: Spent) -> bool:
    calls, pay = remit.limits.calls, remit.limits.pay
    if calls is not None and not spent.calls + 1 <= calls.amount:
        return True
    if pay is None or "pay" not in verbs:
        return False
    payment = payment_of(request.arguments)
    if payment.amount is None or payment.currency != (pay.currency or "").upper():
        return True
    return not spent.pay + payment.amount <= Decimal(str(pay.amount))


# --- section 7, step 4: mandate --------------------------------------------------------------------------------------------


def _is_outside(mandate: Mandate | None, request: Request, verbs: set[str]) -> bool:
    return mandate is not None and mandate.task is not None and beyond_mandate(mandate, request, frozenset(verbs)) is not None


# --- section 6, step 5: capability -----------------------------------------------------------------------------------------


def _is_covered(remit: Remit, request: Request, verbs: set[str]) -> bool:
    """However one action is chosen from each statement, some line of a `can` matches the request with those."""
    lines = [line for _, line in remit.capabilities() if _could_cover(line, request, verbs)]
    conditions = [condition for line in lines for condition in line.where]
    return all(any(_covers(line, request, choice) for line in lines) for choice in _choices(conditions, request))


def _could_cover(line: Capability, request: Request, verbs: set[str]) -> bool:
    return line.system == request.system and _has_verb(line, verbs) and _matches_resource(line.resource, request.resource)


def _covers(line: Capability, request: Request, choice: Choice) -> bool:
    columns = request.arguments.get("columns")
    if line.columns and not (isinstance(columns, list | tuple) and columns and all(column in line.columns for column in columns)):
        return False
    if line.data_class is not None and (request.system.startswith("mcp:") or request.arguments.get("data_class") != line.data_class):
        return False
    return all(_answer(condition, request, choice) is MATCH for condition in line.where)
