"""The formula of risk."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.unit.discover.evidence import at

from remit.discover.risk import action_verb, exposure_of, risk, risk_with, tool_verb
from remit.model.agent import Agent, Autonomy, InferredAction
from remit.model.identity import Credential
from remit.model.verbs import Verb


def _risk(**fields: Any) -> float:
    plain = {"tools": (), "servers": (), "actions": (), "identities": 0, "credentials": (), "autonomy": None, "exposure": ()}
    return risk(**{**plain, **fields})


def _action(system: str, action: str) -> InferredAction:
    return InferredAction(system=system, action=action, resource=None, because=at("a.py:1"))


@pytest.mark.parametrize(
    ("name", "verb"),
    [
        ("delete_file", Verb.DELETE),
        ("sendEmail", Verb.TRANSMIT),
        ("create_issue", Verb.CREATE),
        ("get_weather", Verb.READ),
        ("Bash(git push:*)", Verb.EXECUTE),
        ("refund-order", Verb.PAY),
        ("grantRole", Verb.ADMINISTER),
        ("list_buckets", Verb.LIST),
        ("calculator", None),
        ("", None),
    ],
)
def test_a_tool_does_what_its_name_says(name: str, verb: Verb | None):
    assert tool_verb(name) is verb


@pytest.mark.parametrize(
    ("system", "action", "verb"),
    [
        ("aws:s3", "s3:GetObject", Verb.READ),
        ("aws:s3", "s3:DeleteObject", Verb.DELETE),
        ("aws:iam", "iam:CreateRole", Verb.ADMINISTER),
        ("postgres", "select", Verb.READ),
        ("postgres", "truncate", Verb.DELETE),
        ("http", "POST", Verb.TRANSMIT),
        ("shell", "ls", Verb.EXECUTE),
    ],
)
def test_an_action_does_what_its_system_calls_it(system: str, action: str, verb: Verb):
    assert action_verb(_action(system, action)) is verb


@pytest.mark.parametrize(
    ("known", "names", "expected"),
    [
        ((), ("search_web", "GmailRead"), ("web", "mail")),
        (("issues",), ("WebFetch",), ("issues", "web")),
        ((), ("add",), ()),
        ((), ("slack_post", "file_search"), ("documents", "chat")),
    ],
)
def test_untrusted_input_is_told_by_the_tools(known: tuple[str, ...], names: tuple[str, ...], expected: tuple[str, ...]):
    assert exposure_of(known, names) == expected


_RISING = {
    "a tool that reads": {"tools": ("get_x",)},
    "and one that sends": {"tools": ("get_x", "send_x")},
    "and one that deletes": {"tools": ("get_x", "send_x", "delete_x")},
    "and an identity": {"tools": ("get_x", "send_x", "delete_x"), "identities": 1},
    "and input from the web": {"tools": ("get_x", "send_x", "delete_x"), "identities": 1, "exposure": ("web",)},
    "and nobody who starts it": {
        "tools": ("get_x", "send_x", "delete_x"),
        "identities": 1,
        "exposure": ("web",),
        "autonomy": Autonomy.EVENT,
    },
}


def test_risk_rises_with_reach_exposure_and_autonomy():
    values = [_risk(), *(_risk(**fields) for fields in _RISING.values())]
    assert values == sorted(set(values))
    assert values[0] > 0
    assert values[-1] <= 100


def test_the_formula_gives_what_it_says():
    key = Credential(name="SLACK_BOT_TOKEN", kind="token", place=at("a.py:1"))
    value = _risk(tools=("send_message",), credentials=(key,), autonomy=Autonomy.EVENT, exposure=("chat", "web"))
    assert value == round(100 * (1 - 0.95 * 0.65 * 0.90) * 1.0 * 0.9, 1)


def test_a_key_for_the_model_alone_adds_nothing():
    assert _risk(credentials=(Credential(name="OPENAI_API_KEY", kind="model-key", place=at("a.py:1")),)) == _risk()


def test_what_is_granted_counts_as_the_formula_says_and_what_its_tools_show_is_not_counted_twice():
    shown: dict[str, Any] = {"tools": ("get_x",), "autonomy": Autonomy.EVENT, "exposure": ("web",)}
    agent = cast(Agent, SimpleNamespace(risk=_risk(**shown), inferred_actions=(), **shown))
    assert risk_with(agent, ()) == agent.risk
    assert risk_with(agent, (Verb.READ,)) == agent.risk
    assert risk_with(agent, (Verb.READ, Verb.DELETE)) == pytest.approx(_risk(**{**shown, "tools": ("get_x", "delete_x")}), abs=0.1)
    rising = [risk_with(agent, tuple(Verb)[:number]) for number in range(len(Verb) + 1)]
    assert rising == sorted(rising)
    assert rising[-1] <= 100
