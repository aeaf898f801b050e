"""Each invariant of the engine, on random remits and requests."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.properties import engine_world as world

from remit.decide.engine import decide
from remit.decide.index import Index, build_index
from remit.decide.limits import NOTHING_SPENT
from remit.model.agent import AgentState
from remit.model.decision import Decision, Outcome, Request, Step
from remit.model.mandate import Mandate
from remit.model.remit import Lifecycle, Mode, Never, Remit

randoms = st.randoms(use_true_random=False)
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def index_of(remit: Remit, state: AgentState = AgentState.ACTIVE) -> Index:
    return build_index([remit], {"a": state}, world.VOCABULARIES)


def unlimited(remit: Remit, mode: Mode = Mode.ENFORCE) -> Remit:
    return msgspec.structs.replace(remit, mode=mode, lifecycle=Lifecycle())


def decided(remit: Remit, request: Request, mandate: Mandate | None = None, state: AgentState = AgentState.ACTIVE) -> Decision:
    return decide(index_of(remit, state), request, mandate, NOTHING_SPENT, world.NOW)


@quick
@given(randoms)
def test_forbid_wins_over_every_line_that_allows(random: Random) -> None:
    remit = unlimited(world.remit(random))
    request = world.request(random, about=remit)
    forbidden = msgspec.structs.replace(remit, never=(*remit.never, Never(verb="any", system=request.system)))
    decision = decided(forbidden, request)
    assert decision.outcome is Outcome.DENY
    assert decision.step in (Step.NEVER, Step.FAULT)


@quick
@given(randoms)
def test_without_a_line_that_allows_nothing_is_allowed(random: Random) -> None:
    remit = msgspec.structs.replace(unlimited(world.remit(random)), objectives=())
    assert decided(remit, world.request(random, about=world.remit(random))).outcome is Outcome.DENY


@quick
@given(randoms)
def test_taking_an_argument_away_never_helps_where_a_condition_names_it(random: Random) -> None:
    remit = unlimited(world.remit(random))
    request = world.request(random, about=remit)
    named = {condition.argument for _, line in remit.capabilities() for condition in line.where}
    named |= {condition.argument for never in remit.never for condition in never.where}
    # Destinations, payments and statements say more than their own condition; a dotted key shadows and is shadowed.
    for argument in (named - {"sql", "command", "file.path"}) & set(request.arguments):
        less = msgspec.structs.replace(request, arguments={key: value for key, value in request.arguments.items() if key != argument})
        if decided(remit, less).outcome is Outcome.ALLOW:
            assert _is_allowed_without(remit, argument, request)


def _is_allowed_without(remit: Remit, argument: str, request: Request) -> bool:
    """Whether lines that do not name the argument allow the request, and no `never` is met only because of its value."""
    nevers = tuple(never for never in remit.never if argument not in {condition.argument for condition in never.where})
    objectives = tuple(
        msgspec.structs.replace(
            each, can=tuple(line for line in each.can if argument not in {condition.argument for condition in line.where})
        )
        for each in remit.objectives
    )
    return decided(msgspec.structs.replace(remit, objectives=objectives, never=nevers), request).outcome is Outcome.ALLOW


@quick
@given(randoms)
def test_a_mandate_only_narrows(random: Random) -> None:
    remit = unlimited(world.remit(random))
    request, mandate = world.request(random, about=remit), world.mandate(random, remit)
    without, narrowed = decided(remit, request), decided(remit, request, mandate)
    assert narrowed.outcome is without.outcome or (without.outcome is Outcome.ALLOW and narrowed.step is Step.MANDATE)


@quick
@given(randoms)
def test_more_results_only_narrow(random: Random) -> None:
    from remit.decide.mandate import after_result, open_mandate

    remit = unlimited(world.remit(random))
    request = world.request(random, about=remit)
    mandate = open_mandate("s", "tidy up", remit)
    later = after_result(mandate, world.request(random), random.choice(world.RESULTS))
    assert decided(remit, request, later).outcome is not Outcome.ALLOW or decided(remit, request, mandate).outcome is Outcome.ALLOW


@quick
@given(randoms)
def test_no_mode_widens_what_is_not_active_expired_or_not_understood(random: Random) -> None:
    remit = unlimited(world.remit(random), random.choice(tuple(Mode)))
    request = world.request(random, about=remit)
    state = random.choice([state for state in AgentState if state is not AgentState.ACTIVE])
    assert decided(remit, request, state=state).outcome is Outcome.DENY
    expired = msgspec.structs.replace(remit, lifecycle=Lifecycle(expires="2027-01-14"))
    assert decided(expired, request).outcome is Outcome.DENY
    unread = msgspec.structs.replace(request, is_understood=False)
    assert decided(remit, unread).step is Step.FAULT
    assert decided(remit, unread).outcome is Outcome.DENY


@quick
@given(randoms)
def test_modes_differ_only_in_what_a_no_amounts_to(random: Random) -> None:
    remit = world.remit(random)
    request = world.request(random, about=remit)
    enforce, ask, observe = (decided(unlimited(remit, mode), request) for mode in (Mode.ENFORCE, Mode.ASK, Mode.OBSERVE))
    assert enforce.step is ask.step is observe.step
    assert enforce.rule == ask.rule == observe.rule
    if enforce.step is Step.CAPABILITY:
        assert {enforce.outcome, ask.outcome, observe.outcome} == {Outcome.ALLOW}
    elif enforce.step in (Step.FAULT, Step.STANDING):
        assert {enforce.outcome, ask.outcome, observe.outcome} == {Outcome.DENY}
    else:
        assert enforce.outcome is Outcome.DENY
        assert ask.outcome is (Outcome.DENY if enforce.step is Step.NEVER else Outcome.ASK)
        assert (observe.outcome, observe.would) == (Outcome.ALLOW, Outcome.DENY)


@quick
@given(randoms)
def test_every_decision_says_why_on_one_line_and_never_repeats_an_argument(random: Random) -> None:
    remit = world.remit(random)
    secret = "s3cr3t-\u202e\x1b[31m-value"
    request = msgspec.structs.replace(
        world.request(random, about=remit), arguments={"path": secret, "to": secret, "body": secret, "command": secret}
    )
    decision = decided(remit, request, world.mandate(random, remit))
    assert decision.because
    assert "s3cr3t" not in decision.because
    assert all(char.isprintable() for char in decision.because)


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["path", "to", "amount", "command", "sql"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(randoms, odd, odd, odd, st.floats() | st.integers())
def test_whatever_is_asked_gets_a_decision_and_odd_things_a_deny(
    random: Random, action: Any, resource: Any, arguments: Any, now: float
) -> None:
    remit = unlimited(world.remit(random), random.choice(tuple(Mode)))
    request = Request(agent="a", system=random.choice(tuple(world.SYSTEMS)), action=action, resource=resource, arguments=arguments)
    decision = decide(index_of(remit), request, None, NOTHING_SPENT, now)
    assert isinstance(decision, Decision)
    if not (isinstance(action, str) and isinstance(resource, str) and isinstance(arguments, dict)):
        assert (decision.outcome, decision.step) == (Outcome.DENY, Step.FAULT)


@pytest.mark.parametrize(
    ("request_", "now"),
    [
        (None, world.NOW),
        ("text", world.NOW),
        (Request(agent="a", system="aws:s3", action="read", resource="x", arguments=None), world.NOW),  # type: ignore[arg-type]
        (Request(agent="a", system=None, action="read", resource="x"), world.NOW),  # type: ignore[arg-type]
        (Request(agent=["a"], system="aws:s3", action="read", resource="x"), world.NOW),  # type: ignore[arg-type]
        (Request(agent="a", system="aws:s3", action=5, resource="x"), world.NOW),  # type: ignore[arg-type]
        (Request(agent="a", system="aws:s3", action="read", resource=None), world.NOW),  # type: ignore[arg-type]
        (Request(agent="a", system="aws:s3", action="read", resource="x"), None),
        (Request(agent="a", system="aws:s3", action="read", resource="x"), "now"),
        (Request(agent="a", system="aws:s3", action="read", resource="x"), float("nan")),
    ],
)
def test_what_is_no_request_or_no_time_is_denied_in_every_mode(request_: Any, now: Any) -> None:
    for mode in Mode:
        remit = msgspec.structs.replace(world.remit(Random(3)), mode=mode, lifecycle=Lifecycle(expires="2030-01-01"))
        decision = decide(index_of(remit), request_, None, NOTHING_SPENT, now)
        assert decision.outcome is Outcome.DENY
