"""Why a decision came out as it did, and the smallest change to the remit that would turn it.

Decides which single change is enough; whether it is right is for the approvers. A change is only named when the engine, asked again
with the changed remit as `enforce` would decide, answers otherwise. The record of a decision keeps no argument values: what hung on them
is told.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from remit.contracts.system import Vocabulary
from remit.decide.engine import decide
from remit.decide.index import build_index
from remit.decide.limits import NOTHING_SPENT
from remit.model.agent import AgentState
from remit.model.decision import Decision, Outcome, Request, Step
from remit.model.event import Event
from remit.model.remit import Capability, Mode, Remit
from remit.model.shown import printable

Answer = Callable[[Remit], Outcome]
_ALLOWED = frozenset({Outcome.ALLOW, Outcome.MODIFY})
_ELSEWHERE = (
    "the remit in force would answer otherwise now: the decision hung on values of arguments, which the record does not keep, on a limit, "
    "or on an earlier version; look at `where`, `outside` and `limits`"
)
_BY_VALUES = "it hung on values of arguments too, which the record does not keep; whatever they are: "


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision rests on, and what would turn it."""

    outcome: Outcome
    would: Outcome | None = None
    """What `enforce` would have made of it, where that is something else."""
    because: str
    """The sentence of the decision."""
    rule: str
    """Line of the remit that answers now; empty where none does."""
    place: str
    """`path:line` of it."""
    turn: str
    """The smallest change, in words."""
    proposal: str = ""
    """A line of YAML for the remit, where one is enough."""
    is_otherwise: bool = False
    """Asked now, the remit in force answers otherwise than the record: `rule` is what it answers by, not what the decision rests on."""


def why(event: Event, remit: Remit | None, state: AgentState, vocabularies: list[Vocabulary], now: float) -> Why:
    """What one recorded decision (or audit record) of an agent rests on, by the remit in force."""
    request = Request(agent=event.agent, system=event.system, action=event.action, resource=event.resource)
    if remit is None:
        return Why(
            outcome=event.outcome or Outcome.DENY,
            because=event.because or f"denied: agent `{event.agent}` has no approved remit",
            rule="",
            place="",
            turn=f"approve a remit for it: `remit draft {event.agent} --write FILE`, read the file, `remit approve FILE`",
        )
    # INVARIANT (the mode turns nothing): in `observe` and `ask` too it is what `enforce` says that a change is to turn.
    # The record keeps no amounts either, and an amount that is not told exceeds every limit: what it would answer says nothing.
    limits = msgspec.structs.replace(remit.limits, pay=None)
    enforced = msgspec.structs.replace(remit, mode=Mode.ENFORCE, limits=limits)

    def asked(what: Remit) -> Decision:
        return decide(build_index([what], {what.agent: state}, vocabularies), request, None, NOTHING_SPENT, now)

    answered = asked(enforced)
    was_allowed = (event.would or event.outcome or answered.outcome) in _ALLOWED
    is_otherwise = state is AgentState.ACTIVE and was_allowed is not (answered.outcome in _ALLOWED)
    fitting = _whatever_the_values(enforced)
    if not is_otherwise:
        turn, proposal = _turn(request, enforced, state, vocabularies, now, answered.step)
    elif was_allowed and (by_values := asked(fitting)).outcome in _ALLOWED:
        # What was allowed had values that fit: it rests on the line that allows it with such, not on a `never` that others would meet.
        answered, is_otherwise = by_values, False
        turn, proposal = _BY_VALUES + _turn(request, fitting, state, vocabularies, now, by_values.step)[0], ""
    else:
        turn, proposal = _ELSEWHERE, ""
    place = f"{answered.path or remit.path}:{answered.line}" if answered.line else ""
    return Why(
        outcome=event.outcome or answered.outcome,
        would=event.would,
        because=event.because or answered.because,
        rule=answered.rule,
        place=place,
        turn=turn,
        proposal=proposal,
        is_otherwise=is_otherwise,
    )


def _whatever_the_values(remit: Remit) -> Remit:
    """The same remit without its conditions on values of arguments: it allows what it would allow with the best of them."""
    objectives = tuple(
        msgspec.structs.replace(objective, can=tuple(msgspec.structs.replace(can, where=()) for can in objective.can))
        for objective in remit.objectives
    )
    return msgspec.structs.replace(
        remit, objectives=objectives, never=tuple(never for never in remit.never if not (never.where or never.outside))
    )


def _turn(request: Request, remit: Remit, state: AgentState, vocabularies: list[Vocabulary], now: float, step: Step) -> tuple[str, str]:
    if state is AgentState.SUSPENDED:
        return f"the agent is suspended: `remit release {remit.agent}` returns it to what it was", ""
    if state is not AgentState.ACTIVE:
        return f"the agent is {state}: only an active agent is allowed anything", ""
    if step is Step.STANDING:
        return "the remit is past its `lifecycle.expires`: approve a version with a later date", ""

    def answer(changed: Remit) -> Outcome:
        return decide(build_index([changed], {changed.agent: state}, vocabularies), request, None, NOTHING_SPENT, now).outcome

    if step is Step.NEVER:
        return _without_never(remit, answer)
    if step is Step.LIMIT:
        return "a limit is met: raise it under `limits`, or wait for its window to pass", ""
    if step is Step.CAPABILITY:
        return _without_can(remit, answer)
    return _with_can(request, remit, vocabularies, answer)


def _without_never(remit: Remit, answer: Answer) -> tuple[str, str]:
    for number, never in enumerate(remit.never):
        rest = msgspec.structs.replace(remit, never=(*remit.never[:number], *remit.never[number + 1 :]))
        if answer(rest) in _ALLOWED:
            return f"take away `never[{number}]` ({remit.path}:{never.line}), or narrow it with `resource`, `where` or `outside`", ""
    return "more than one line forbids it, or nothing allows it besides: no single change of the remit turns it", ""


def _without_can(remit: Remit, answer: Answer) -> tuple[str, str]:
    for objective in remit.objectives:
        for number, can in enumerate(objective.can):
            left = msgspec.structs.replace(objective, can=(*objective.can[:number], *objective.can[number + 1 :]))
            objectives = tuple(left if other is objective else other for other in remit.objectives)
            if answer(msgspec.structs.replace(remit, objectives=objectives)) not in _ALLOWED:
                return f"take away `objectives.{objective.name}.can[{number}]` ({remit.path}:{can.line})", ""
    return "several lines allow it: each of them would have to go, or a `never` be written", ""


def _with_can(request: Request, remit: Remit, vocabularies: list[Vocabulary], answer: Answer) -> tuple[str, str]:
    is_tool = request.system.startswith("mcp:")
    table = next((vocabulary for vocabulary in vocabularies if vocabulary.kind == request.system.partition(":")[0]), None)
    verb = "call" if is_tool else table.verb_of(request.action) if table is not None else request.action
    line = Capability(verb=str(verb), system=request.system, resource=request.resource)
    for name, number, can in ((objective.name, number, can) for objective in remit.objectives for number, can in enumerate(objective.can)):
        if can.where and answer(_with_line(remit, name, number, msgspec.structs.replace(can, where=()))) in _ALLOWED:
            return (
                f"`objectives.{name}.can[{number}]` ({remit.path}:{can.line}) allows it within its `where`: call it so, or widen that",
                "",
            )
    objective = remit.objectives[0]
    objectives = (msgspec.structs.replace(objective, can=(*objective.can, line)), *remit.objectives[1:])
    shown = f'- {{{line.verb}: "{printable(line.system)}", resource: {_quoted(line.resource)}}}'
    if answer(msgspec.structs.replace(remit, objectives=objectives)) in _ALLOWED:
        return "add this line under the `can` of the objective that needs it", shown
    return "a line for it is not enough: something else of the remit stands against it", ""


def _with_line(remit: Remit, name: str, number: int, line: Capability) -> Remit:
    objectives = tuple(
        msgspec.structs.replace(objective, can=(*objective.can[:number], line, *objective.can[number + 1 :]))
        if objective.name == name
        else objective
        for objective in remit.objectives
    )
    return msgspec.structs.replace(remit, objectives=objectives)


def _quoted(text: str) -> str:
    return '"' + printable(text, 500).replace("\\", "\\\\").replace('"', '\\"') + '"'
