"""The narrowing of a remit for one task: which values the person named, and which came from data (remit language, section 7).

First rule: in a sink position of transmit, pay, delete or administer, and of an unknown tool in an argument that is an address,
an account number or a key, a value that came from tool results of this session and stands neither in the task's words nor in the
remit is outside the mandate.

INVARIANTS
- a mandate only narrows: nothing here allows anything, and no text of a result adds a named value except the single candidate
  in an object that the task itself names, for the role that the task itself names;
- immutable: each call and each result makes a new mandate;
- what is remembered is bounded; beyond the bound values count as coming from results, never as named.

Left to others: objectives in play, kinds of object, sequences (later; design, section 4).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

from remit.decide.arguments import TASK_WORDS, Position, leaves
from remit.decide.destinations import hosts_in_destination
from remit.decide.provenance import (
    Shape,
    amounts,
    candidates,
    compact,
    folded_text,
    folded_value,
    numbers,
    shape_of,
    squeezed,
    stands_in,
    texts_in,
    tokens,
)
from remit.model.decision import Request
from remit.model.mandate import Mandate
from remit.model.remit import Condition, Remit, Scalar
from remit.model.shown import printable
from remit.model.verbs import SINK_VERBS

_SINKS = frozenset({Position.WHOM, Position.WHERE, Position.OBJECT, Position.AMOUNT})
_SINK_VERBS = frozenset(verb.value for verb in SINK_VERBS)
_MAX_VALUES = 200_000
"""Values remembered per session, named or from results."""
_MAX_RESULT_CHARACTERS = 4_000_000
"""Result text remembered per session; the oldest goes first, its words stay."""
_MAX_SEARCHED_CHARACTERS = 250_000_000
"""Result text searched for the values of one request: a fraction of a second."""
_LEAST_SQUEEZED = 8
_LONGEST_VALUE = 2_000
"""A longer text names nothing."""
_FORGOTTEN = "\x00"
"""Stands among the values from results when some could not be remembered: every value counts as one then."""
_TEXT_FORGOTTEN = "\x01"
"""Stands there when a text could not be: every value of several words counts as one then."""


def open_mandate(session: str, task: str | None, remit: Remit | None) -> Mandate:
    """The mandate at the beginning of a session: the person's words, and the values that the remit names."""
    if task is None:
        return Mandate(session=session)
    return Mandate(session=session, task=task, named=frozenset(_values_of(remit)) if remit is not None else frozenset())


def _values_of(remit: Remit) -> Iterator[str]:
    """Values that stand in a remit: names, addresses, and the words of its purpose and its reasons."""
    texts = [remit.purpose, remit.owner.contact, remit.owner.deputy or "", *remit.approvers, *remit.identities]
    conditions: list[Condition] = []
    for objective, capability in remit.capabilities():
        texts.append(objective.why)
        texts.append(capability.resource)
        conditions.extend(capability.where)
    for never in remit.never:
        texts.extend(never.outside)
    values: list[Scalar] = [value for condition in conditions for value in condition.values]
    for value in (*texts, *values):
        folded = folded_value(value)
        if folded is None or "*" in folded:
            continue
        yield folded
        if isinstance(value, str):
            yield from tokens(folded)


def after_call(mandate: Mandate, request: Request) -> Mandate:
    """The mandate after a call was forwarded: what the agent sent before it stood in a result does not come from results."""
    if mandate.task is None:
        return mandate
    sent: set[str] = set()
    origin = _Origin(mandate)
    for _, _, value in leaves(request.arguments):
        folded = folded_value(value)
        if folded is None or len(folded) > _LONGEST_VALUE:
            continue
        for word in {folded, *tokens(folded)}:
            if not origin.is_result(word):
                sent.add(word)
    if sent <= mandate.named or len(mandate.named) + len(sent) > _MAX_VALUES:
        return mandate
    return msgspec.structs.replace(mandate, named=mandate.named | sent)


def after_result(mandate: Mandate, request: Request, result: Any) -> Mandate:
    """The mandate after a result: its values came from data. Nothing in it widens anything, except the single candidate in an
    object that the task names, in the role that it names."""
    if mandate.task is None:
        return mandate
    lines = "\n".join(texts_in(result)).casefold()
    text = folded_text(lines)
    came = {word for word in tokens(text) if len(word) <= _LONGEST_VALUE} | candidates(lines, Shape.ACCOUNT) | numbers(text)
    came -= mandate.from_results
    if len(mandate.from_results) + len(came) > _MAX_VALUES:
        came = {_FORGOTTEN}
    texts = _remembered((*mandate.results, text))
    if len(texts) <= len(mandate.results):
        came.add(_TEXT_FORGOTTEN)
    named = _pointed_at(_task(mandate.task), request, lines)
    return msgspec.structs.replace(
        mandate,
        from_results=mandate.from_results | came if came else mandate.from_results,
        results=texts,
        named=mandate.named | named if named else mandate.named,
    )


def _remembered(texts: tuple[str, ...]) -> tuple[str, ...]:
    total = 0
    for index in range(len(texts) - 1, -1, -1):
        total += len(texts[index])
        if total > _MAX_RESULT_CHARACTERS:
            return texts[index + 1 :]
    return texts


def _pointed_at(task: str, request: Request, lines: str) -> frozenset[str]:
    """Values in the object that the task names, for the roles that it names, where the object holds exactly one candidate."""
    if not any(position is not Position.CARRIED and _stands_in_task(value, task) for _, position, value in leaves(request.arguments)):
        return frozenset()
    words = frozenset(tokens(task))
    found: set[str] = set()
    if words & TASK_WORDS["pay"]:
        found |= _only_one(candidates(lines, Shape.ACCOUNT), candidates(task, Shape.ACCOUNT))
        found |= _only_one(amounts(lines), amounts(task))
    if words & TASK_WORDS["transmit"]:
        found |= _only_one(candidates(lines, Shape.MAIL), candidates(task, Shape.MAIL))
        if words & TASK_WORDS["place"]:
            found |= _only_one(candidates(lines, Shape.URL), candidates(task, Shape.URL))
    return frozenset(found)


def _only_one(found: frozenset[str], said: frozenset[str]) -> frozenset[str]:
    """The one candidate of an object; none where it holds two, or where the task itself says such a value."""
    return found if len(found) == 1 and not said else frozenset()


def _stands_in_task(value: Scalar, task: str) -> bool:
    folded = folded_value(value)
    return folded is not None and len(folded) > 1 and stands_in(folded, task)


def beyond_mandate(mandate: Mandate, request: Request, verbs: frozenset[str]) -> str | None:
    """Why a request is outside the mandate, for a person; None where it is inside or the task is not known."""
    if mandate.task is None or (verbs and not verbs & _SINK_VERBS):
        return None
    if not mandate.results and not mandate.from_results:
        return None
    origin = _Origin(mandate)
    for name, position, value in leaves(request.arguments):
        folded = folded_value(value)
        if folded is None or not _is_sink(position, folded, is_unknown_tool=not verbs):
            continue
        if _is_named(mandate, folded):
            continue
        for part in _parts(folded, position):
            if origin.is_result(part) and not _is_named(mandate, part):
                return f"`{printable(name)}` came from a tool's result and stands neither in the task's words nor in the remit"
    return None


def _is_sink(position: Position, folded: str, *, is_unknown_tool: bool) -> bool:
    if is_unknown_tool:
        return shape_of(folded) is not None
    if position is Position.UNKNOWN:
        # A name that no table knows: prose is carried, anything that could be an address or a name is not.
        return folded.count(" ") < 4
    return position in _SINKS


def _parts(folded: str, position: Position) -> Iterator[str]:
    """A value, and the addresses and hosts inside it, since a known host with new words after it is still that host."""
    yield folded
    plain = squeezed(folded)
    if plain is not None and plain != folded:
        yield plain
    if plain is not None or len(folded) <= _LONGEST_VALUE:
        yield from candidates(folded, Shape.ACCOUNT)
    if position in (Position.WHOM, Position.WHERE, Position.UNKNOWN) or shape_of(folded) is not None:
        if " " in folded or "," in folded or ";" in folded:
            yield from candidates(folded, Shape.MAIL)
            yield from candidates(folded, Shape.ACCOUNT)
        yield from (host for host in hosts_in_destination(folded) if isinstance(host, str))


class _Origin:
    """Whether values of one request came from results; what is beyond the characters that may be searched for it did."""

    def __init__(self, mandate: Mandate) -> None:
        self._mandate = mandate
        self._characters = sum(map(len, mandate.results))
        self._left = _MAX_SEARCHED_CHARACTERS
        self._known: dict[str, bool] = {}

    def is_result(self, folded: str) -> bool:
        """Whether a folded value came from a result of this session."""
        known = self._known.get(folded)
        if known is None:
            known = self._known[folded] = self._is_remembered(folded) or self._stands_in_text(folded)
        return known

    def _is_remembered(self, folded: str) -> bool:
        came = self._mandate.from_results
        if folded in came or _FORGOTTEN in came:
            return True
        if " " in folded and _TEXT_FORGOTTEN in came:
            return True
        return shape_of(folded) is Shape.ACCOUNT and compact(folded) in came

    def _stands_in_text(self, folded: str) -> bool:
        self._left -= self._characters
        if len(folded) > _LONGEST_VALUE:
            # Where it begins like a result it counts as one; the search for more would cost the product of both lengths.
            return self._left < 0 or any(folded[:_LONGEST_VALUE] in text for text in self._mandate.results)
        return self._left < 0 or any(stands_in(folded, text) for text in reversed(self._mandate.results))


def _is_named(mandate: Mandate, folded: str) -> bool:
    if folded in mandate.named:
        return True
    task = _task(mandate.task or "")
    if len(folded) > _LONGEST_VALUE:
        return folded in task
    if stands_in(folded, task) or folded in _numbers(mandate.task or ""):
        return True
    plain = squeezed(folded)
    if plain is not None and len(plain) >= _LEAST_SQUEEZED and plain in _squeezed_task(mandate.task or ""):
        return True
    if shape_of(folded) is Shape.ACCOUNT:
        account = compact(folded)
        return account in mandate.named or account in candidates(task, Shape.ACCOUNT)
    return False


@lru_cache(maxsize=256)
def _numbers(task: str) -> frozenset[str]:
    return numbers(folded_text(task))


@lru_cache(maxsize=256)
def _squeezed_task(task: str) -> str:
    """The task without what stands between digits and letters: a person writes a number in groups."""
    return "".join(letter for letter in folded_text(task) if letter.isalnum())


@lru_cache(maxsize=256)
def _task(task: str) -> str:
    return folded_text(task)
