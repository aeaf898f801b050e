"""What an agent used up, and what would exceed a limit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from remit.contracts.system import Vocabulary
from remit.decide.engine import decide
from remit.decide.index import Index, build_index
from remit.decide.limits import NOTHING_SPENT, Meter, Payment, Spent, payment_of
from remit.document.parse import parse_or_raise
from remit.model.agent import AgentState
from remit.model.decision import Decision, Outcome, Request, Step
from remit.model.verbs import Verb

START = 1_800_000_000.0
TABLE = Vocabulary(kind="mcp", verbs={"pay": Verb.PAY, "look": Verb.READ}, fold=str, is_complete=False)


def index_with(limits: str, mode: str = "enforce") -> Index:
    text = f"""
remit: 1
agent: a
purpose: p
owner: {{contact: dana@example.com}}
objectives: {{one: {{why: w, can: [{{any: "mcp:bank", resource: "*"}}]}}}}
limits: {limits}
mode: {mode}
"""
    return build_index([parse_or_raise(text, "a.yaml")], {"a": AgentState.ACTIVE}, [TABLE])


def call(tool: str = "look", session: str = "", **arguments: Any) -> Request:
    return Request(agent="a", system="mcp:bank", action=tool, resource=tool, arguments=arguments, session=session)


def run(index: Index, meter: Meter, request: Request, now: float) -> Decision:
    decision = decide(index, request, None, meter.spent(index, request, now), now)
    meter.record(index, request, decision, now)
    return decision


def test_calls_are_counted_in_a_sliding_window() -> None:
    index, meter = index_with("{calls: 2/minute}"), Meter()
    outcomes = [run(index, meter, call(), START + second).outcome.value for second in (0, 30, 59, 60, 61, 90, 91)]
    assert outcomes == ["allow", "allow", "deny", "allow", "deny", "allow", "deny"]


def test_denied_calls_do_not_count() -> None:
    index, meter = index_with("{calls: 1/hour}"), Meter()
    assert run(index, meter, call(), START).outcome is Outcome.ALLOW
    for second in range(100):
        assert run(index, meter, call(), START + second).step is Step.LIMIT
    assert run(index, meter, call(), START + 3600).outcome is Outcome.ALLOW


def test_observe_counts_what_it_allowed_beyond_the_limit() -> None:
    index, meter = index_with("{calls: 1/hour}", "observe"), Meter()
    decisions = [run(index, meter, call(), START + second) for second in (0, 1, 3600.5)]
    assert [decision.outcome for decision in decisions] == [Outcome.ALLOW] * 3
    assert [decision.would for decision in decisions] == [None, Outcome.DENY, Outcome.DENY]


def test_a_task_limit_counts_per_session() -> None:
    index, meter = index_with("{calls: 1/task}"), Meter()
    outcomes = [run(index, meter, call(session=session), START).outcome.value for session in ("s", "s", "t", "", "")]
    assert outcomes == ["allow", "deny", "allow", "allow", "deny"]


def test_payments_are_summed_as_decimals() -> None:
    index, meter = index_with("{pay: 0.3 USD/day}"), Meter()
    decisions = [run(index, meter, call("pay", amount=0.1, currency="USD"), START + at) for at in range(4)]
    assert [decision.outcome.value for decision in decisions] == ["allow", "allow", "allow", "deny"]


def test_a_pay_limit_looks_only_at_payments() -> None:
    index, meter = index_with("{pay: 0 USD/day}"), Meter()
    assert run(index, meter, call("look", amount=100, currency="USD"), START).outcome is Outcome.ALLOW
    assert run(index, meter, call("pay", amount=100, currency="USD"), START).step is Step.LIMIT
    assert run(index, meter, call("pay", amount=0, currency="USD"), START).outcome is Outcome.ALLOW


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"amount": 1},
        {"currency": "USD"},
        {"amount": 1, "currency": "EUR"},
        {"amount": 1, "currency": 840},
        {"amount": -1, "currency": "USD"},
        {"amount": True, "currency": "USD"},
        {"amount": "one", "currency": "USD"},
        {"amount": "1e3", "currency": "USD"},
        {"amount": "1_0", "currency": "USD"},
        {"amount": "0x10", "currency": "USD"},
        {"amount": "١", "currency": "USD"},
        {"amount": [1], "currency": "USD"},
        {"amount": 1, "total": 2, "currency": "USD"},
        {"amount": "1 USD", "currency": "EUR"},
        {"amount": float("inf"), "currency": "USD"},
        {"amount": float("nan"), "currency": "USD"},
        {"Amount": 1, "amount": 1000, "currency": "USD"},
        {"amount": 1, "currency": "USD", "transfers": [{"to": "a", "amount": 900}]},
        {"amount": 1, "currency": "USD", "payment": {"parts": [{"details": {"total": 900}}]}},
        {"currency": "USD", "transfers": [{"amount": 1}]},
    ],
)
def test_a_payment_that_cannot_be_read_exceeds(arguments: dict[str, Any]) -> None:
    index = index_with("{pay: 10 USD/day}")
    assert decide(index, call("pay", **arguments), None, NOTHING_SPENT, START).step is Step.LIMIT


@pytest.mark.parametrize(
    ("arguments", "payment"),
    [
        ({"amount": 10, "currency": "usd"}, Payment(Decimal(10), "USD")),
        ({"amount": "12.50", "currency": "USD"}, Payment(Decimal("12.50"), "USD")),
        ({"amount": "12.50 USD"}, Payment(Decimal("12.50"), "USD")),
        ({"amount": "USD 12.50"}, Payment(Decimal("12.50"), "USD")),
        ({"amount": {"value": 3, "currency": "EUR"}}, Payment(Decimal(3), "EUR")),
        ({"totalAmount": 3, "currencyCode": "EUR"}, Payment(Decimal(3), "EUR")),
    ],
)
def test_a_payment_is_read_in_its_usual_forms(arguments: dict[str, Any], payment: Payment) -> None:
    assert payment_of(arguments) == payment


def test_what_was_spent_before_counts() -> None:
    index = index_with("{calls: 3/hour, pay: 10 USD/day}")
    assert decide(index, call(), None, Spent(2), START).outcome is Outcome.ALLOW
    assert decide(index, call(), None, Spent(3), START).rule == "limits.calls"
    assert decide(index, call("pay", amount=1, currency="USD"), None, Spent(0, Decimal("9.01")), START).rule == "limits.pay"


def test_memory_is_bounded_and_joined_entries_count_at_least_as_long() -> None:
    index, meter = index_with("{calls: 1000000/hour}"), Meter()
    for at in range(20_000):
        run(index, meter, call(), START + at / 10)
    assert meter.spent(index, call(), START + 2_000).calls == 20_000
    assert meter.spent(index, call(), START + 3_600 + 1_000).calls >= 10_000
    assert meter.spent(index, call(), START + 3_600 + 2_001).calls == 0
    assert sum(len(running._entries) for running in meter._sliding.values()) <= 4096


def test_sessions_that_are_remembered_are_bounded() -> None:
    index, meter = index_with("{calls: 5/task}"), Meter()
    for number in range(5_000):
        run(index, meter, call(session=str(number)), START)
    assert len(meter._sessions["a"]) <= 4096
    assert meter.spent(index, call(session="4999"), START).calls == 1


def test_a_clock_that_goes_back_does_not_free_anything() -> None:
    index, meter = index_with("{calls: 1/hour}"), Meter()
    run(index, meter, call(), START)
    assert run(index, meter, call(), START - 7200).step is Step.LIMIT


def test_two_agents_do_not_share_their_limits() -> None:
    index, meter = index_with("{calls: 1/hour}"), Meter()
    other = index.remit_of("a")
    assert other is not None
    run(index, meter, call(), START)
    assert meter.spent(index, Request(agent="b", system="mcp:bank", action="look", resource="look"), START) == NOTHING_SPENT
