"""The fast engine and the slow, readable definition give the same outcome."""

from __future__ import annotations

import os
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.properties import engine_world as world

from remit.decide.definition import allowed
from remit.decide.engine import decide
from remit.decide.index import build_index

COUNT = int(os.environ.get("REMIT_DECISIONS", "1000000"))

WANTED = (
    *("allow by CAPABILITY", "deny by NEVER", "deny by LIMIT", "deny by MANDATE", "deny by NO_MATCH", "deny by STANDING"),
    *("deny by FAULT", "ask by LIMIT", "ask by MANDATE", "ask by NO_MATCH", "allow by NEVER", "allow by NO_MATCH"),
)


@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_engine_and_definition_agree_on_generated_requests(random: Random) -> None:
    remit, state = world.remit(random), world.state(random)
    index = build_index([remit], {"a": state}, world.VOCABULARIES)
    request, mandate, spent = world.request(random, about=remit), world.mandate(random, remit), world.spent(random)
    decision = decide(index, request, mandate, spent, world.NOW)
    assert decision.outcome is allowed(remit, state, request, mandate, spent, world.NOW, world.VOCABULARIES), (remit, request, decision)


def disagreements(count: int, seed: int) -> tuple[int, list[str], dict[str, int]]:
    """Decides `count` random requests both ways; the number decided, what differed, and how often each answer came."""
    random = Random(seed)
    answers: dict[str, int] = {}
    differences: list[str] = []
    decided = 0
    while decided < count:
        remit, state = world.remit(random), world.state(random)
        index = build_index([remit], {"a": state}, world.VOCABULARIES)
        mandates = [world.mandate(random, remit) for _ in range(4)]
        for _ in range(min(250, count - decided)):
            request = world.request(random, about=remit)
            mandate, spent = random.choice(mandates), world.spent(random)
            decision = decide(index, request, mandate, spent, world.NOW)
            expected = allowed(remit, state, request, mandate, spent, world.NOW, world.VOCABULARIES)
            if decision.outcome is not expected:
                differences.append(f"{expected} but {decision.outcome} ({decision.because}): {remit} {request} {mandate} {spent}")
            key = f"{decision.outcome.value} by {decision.step.name}"
            answers[key] = answers.get(key, 0) + 1
            decided += 1
    return decided, differences, answers


def test_twenty_thousand_seeded_decisions_agree_and_reach_every_step() -> None:
    decided, differences, answers = disagreements(20_000, seed=7)
    assert decided == 20_000
    assert differences == []
    for wanted in WANTED:
        assert answers.get(wanted, 0) >= 20, (wanted, answers)


@pytest.mark.real
def test_a_million_decisions_agree() -> None:
    decided, differences, answers = disagreements(COUNT, seed=20_261)
    print(f"\n{decided} decisions, {len(differences)} differences: {dict(sorted(answers.items()))}")
    assert decided == COUNT
    assert differences == []
