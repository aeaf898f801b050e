"""Between AuthZEN and the decision: an evaluation becomes a request, a decision becomes an answer.

Sections 5 to 7 of AuthZEN 1.0. Invariants:
- what AuthZEN allows and Remit does not understand (another type of subject, an unknown member, a system that is none) becomes a
  request that is not understood, so that it is denied, with the reason, and logged;
- what is no evaluation at all raises MalformedError, and is never an allow;
- nothing here allows: `decision` is true only for `allow` and `modify`.
"""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from remit.model.decision import Decision, Outcome, Request
from remit.model.errors import IdentifierError
from remit.model.ids import AGENT_PREFIX, agent_slug, is_agent_slug, system_id
from remit.model.shown import printable
from remit.points.authzen.strict import MalformedError, decode, in_words, members_in_text, members_of, read_any
from remit.points.authzen.wire import Answer, AnswerContext, Evaluation, Evaluations, Options, Reasons, Semantic

_EVALUATION = msgspec.json.Decoder(Evaluation)
_EVALUATIONS = msgspec.json.Decoder(Evaluations)
_PARTS = {
    "subject": frozenset({"type", "id", "properties"}),
    "action": frozenset({"name", "properties"}),
    "resource": frozenset({"type", "id", "properties"}),
}
_MEMBERS = frozenset({*_PARTS, "context"})
_NO_ARGUMENTS: Mapping[str, Any] = {}
_ALLOWS = frozenset({Outcome.ALLOW, Outcome.MODIFY})
_MAX_PATHS = 64
"""Following links asks the disk, while every other request waits."""
_MAX_FOLDERS = 4000
_LONGEST_PATH = 4096
_LONGEST_SYSTEM = 200
"""A system is shorter by its grammar; longer text is not kept in the cache."""


def read_evaluation(body: bytes) -> Request:
    """The request of a single evaluation; raises MalformedError when the body is none."""
    evaluation = decode(_EVALUATION, body)
    if members_in_text(body) == _members(evaluation):
        return _request(evaluation)
    # More members stand in the text than were read: one is there twice, or unknown. This way is slower and says which.
    value = read_any(body)
    return _not_understood(evaluation, _unknown_member(value))


def read_evaluations(body: bytes) -> tuple[list[Request], Semantic] | Request:
    """The requests of a list and how to work through it, or one request where there is no list; raises MalformedError.

    An element that is no evaluation is a request that is not understood: it costs its neighbours nothing.
    """
    whole: Evaluations = decode(_EVALUATIONS, body)
    value = read_any(body)
    if not whole.evaluations:
        return read_evaluation(_single(value))
    unknown = sorted(value.keys() - _MEMBERS - {"evaluations", "options"})
    if unknown:
        raise MalformedError(f"`{printable(unknown[0], 100)}` is not a member of a list of evaluations")
    defaults = {name: value[name] for name in _MEMBERS if name in value}
    requests = [_element(defaults, element) for element in value["evaluations"]]
    semantic = whole.options.evaluations_semantic if isinstance(whole.options, Options) else "execute_all"
    return requests, semantic


def answer(decision: Decision) -> Answer:
    """A decision as AuthZEN answers it."""
    return Answer(
        decision=decision.outcome in _ALLOWS,
        context=AnswerContext(
            id=decision.id,
            outcome=decision.outcome,
            step=int(decision.step),
            because=decision.because,
            reason_user=Reasons(decision.because),
            rule=decision.rule,
            path=decision.path,
            line=decision.line,
            objective=decision.objective,
            would=decision.would,
            mode=decision.mode,
            remit=decision.remit_hash,
            obligations=decision.obligations,
        ),
    )


def _single(value: dict[str, Any]) -> bytes:
    """The body of a single evaluation that came to the route for lists; an empty list and options mean nothing there."""
    return msgspec.json.encode({name: inner for name, inner in value.items() if name not in {"evaluations", "options"}})


def _element(defaults: dict[str, Any], element: Any) -> Request:
    if type(element) is not dict:
        return _unreadable(defaults, "an evaluation is not an object")
    value = {**defaults, **element}
    try:
        evaluation = msgspec.convert(value, Evaluation)
    except msgspec.ValidationError as error:
        return _unreadable(value, in_words(error))
    unknown = _unknown_member(value)
    return _not_understood(evaluation, unknown) if unknown else _request(evaluation)


def _request(evaluation: Evaluation) -> Request:
    subject, action, resource = evaluation.subject, evaluation.action, evaluation.resource
    agent = subject.id
    if not is_agent_slug(agent):
        try:
            agent = agent_slug(agent)
        except IdentifierError as error:
            return _not_understood(evaluation, f"subject.id: {error}")
    if subject.type != "agent":
        return _not_understood(evaluation, f"subject.type is `{printable(subject.type)}`, and only `agent` is decided about")
    system = resource.type
    fault = _system_fault(system) if len(system) <= _LONGEST_SYSTEM else "resource.type is no system: it is too long"
    if fault:
        return _not_understood(evaluation, fault)
    if not action.name:
        return _not_understood(evaluation, "action.name is empty")
    if system.startswith("mcp:") and resource.id != action.name:
        said = f"resource.id is `{printable(resource.id)}`, and action.name is the tool `{printable(action.name)}`"
        return _not_understood(evaluation, f"{said}; they have to be the same")
    session = ""
    if evaluation.context:
        session = evaluation.context.get("session", "")
        if type(session) is not str:
            return _not_understood(evaluation, "context.session is not a string")
    arguments = action.properties or _NO_ARGUMENTS
    paths = list(itertools.islice(_paths_in(arguments.values()), _MAX_PATHS + 1))
    if len(paths) > _MAX_PATHS:
        return _not_understood(evaluation, f"there are more than {_MAX_PATHS} paths in the arguments")
    if paths and sum(path.count("/") for path in paths if len(path) <= _LONGEST_PATH) > _MAX_FOLDERS:
        return _not_understood(evaluation, f"the paths in the arguments have more than {_MAX_FOLDERS} folders")
    return Request(
        agent=agent,
        system=system,
        action=action.name,
        resource=resource.id,
        arguments=arguments,
        paths=_resolved_paths(paths) if paths else _NO_ARGUMENTS,
        session=session,
    )


@functools.lru_cache(maxsize=1024)
def _system_fault(system: str) -> str:
    try:
        system_id(system)
    except IdentifierError as error:
        return f"resource.type: {error}"
    return ""


def _not_understood(evaluation: Evaluation, fault: str) -> Request:
    return Request(
        agent=evaluation.subject.id.removeprefix(AGENT_PREFIX),
        system=evaluation.resource.type,
        action=evaluation.action.name,
        resource=evaluation.resource.id,
        is_understood=False,
        fault=fault,
    )


def _unreadable(value: dict[str, Any], fault: str) -> Request:
    def text(part: str, member: str) -> str:
        inner = value.get(part)
        found = inner.get(member) if isinstance(inner, dict) else None
        return found if isinstance(found, str) else ""

    return Request(
        agent=text("subject", "id").removeprefix(AGENT_PREFIX),
        system=text("resource", "type"),
        action=text("action", "name"),
        resource=text("resource", "id"),
        is_understood=False,
        fault=fault,
    )


def _unknown_member(value: dict[str, Any]) -> str:
    """What is wrong with the names of members; empty when all are known."""
    # A misspelt `properties` would otherwise hide a tool's arguments from the decision.
    for name in sorted(value.keys() - _MEMBERS):
        return f"`{printable(name, 100)}` is not a member of an evaluation"
    for part, known in _PARTS.items():
        for name in sorted(value[part].keys() - known):
            return f"`{part}.{printable(name, 100)}` is not a member of an evaluation"
    return ""


def _members(evaluation: Evaluation) -> int:
    subject, action, resource, context = evaluation.subject, evaluation.action, evaluation.resource, evaluation.context
    count = 8  # subject, action, resource and their five required members
    for properties in (subject.properties, action.properties, resource.properties, context):
        if properties is not UNSET:
            count += 1 + (members_of(properties) if properties else 0)
    return count


def _resolved_paths(paths: Iterable[str]) -> dict[str, str]:
    """Paths with links followed as far as they exist: the service answers its own machine only."""
    return {path: resolved for path in paths if (resolved := _resolved(path))}


def _paths_in(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if type(value) is str:
            if value.startswith("/"):
                yield value
        elif type(value) is dict:
            yield from _paths_in(value.values())
        elif type(value) is list:
            yield from _paths_in(value)


def _resolved(path: str) -> str:
    if len(path) > _LONGEST_PATH:
        return ""  # nothing can be opened by it, and following it would take for ever
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return ""  # resolved lexically by the decision, which refuses what cannot be a path
