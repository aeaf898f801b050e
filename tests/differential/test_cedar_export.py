"""The engine against the Cedar export, decided by cedarpy: the same answer for active agents in mode enforce.

Remits are made at random and kept where their export leaves no residue; requests are made from what those remits speak of,
so that lines are met, nearly met, and met in odd ways (absent, of another type, hostile paths).
"""

from __future__ import annotations

import json
import random
from typing import Any

import cedarpy
import pytest

from remit.contracts.system import Vocabulary
from remit.decide.engine import decide
from remit.decide.index import build_index
from remit.decide.limits import NOTHING_SPENT
from remit.document.parse import parse
from remit.document.pattern import resource_matcher, value_matcher
from remit.model.agent import AgentState
from remit.model.decision import Outcome, Request, Step
from remit.model.remit import Capability, Remit
from remit.model.verbs import Verb
from remit.systems.cedar.request import cedar_request
from remit.systems.cedar.system import SYSTEM as CEDAR
from remit.systems.mcp.system import SYSTEM as MCP

AWS = Vocabulary(
    kind="aws",
    verbs={"s3:getobject": Verb.READ, "s3:putobject": Verb.UPDATE, "s3:deleteobject": Verb.DELETE, "s3:listbucket": Verb.LIST},
    fold=str.lower,
    is_complete=True,
)
"""A small table, so that native actions and unmapped ones are met."""
VOCABULARIES = {"mcp": MCP.vocabulary(), "aws": AWS}
SYSTEMS = ["mcp:files", "mcp:files", "mcp:mail", "aws:s3", "postgres:finops", "slack:main"]
TOOLS = ["read_file", "write_file", "delete_file", "send_email", "frob", "frob_all", 'od"d\\na*me', "query"]
OBJECTS = ["arn:aws:s3:::billing/a.csv", "arn:aws:s3:::other/b", "costs.daily", "costs.secret", "channel/#finops", ""]
PATTERNS = ["*", "*_file", "frob*", "r*_f*e", "arn:aws:s3:::billing/*", "costs.*", "*y", 'od"d*', *TOOLS, *OBJECTS[:-1]]
VERBS = [*(verb.value for verb in Verb), "any", "any", "call"]
ACTIONS = [*(verb.value for verb in Verb), "s3:GetObject", "s3:putObject", "S3:DeleteObject", "s3:Unheard", "iam:PassRole", "select"]
ARGUMENTS = ["path", "project", "amount", "urgent", "file.path", "odd key"]
VALUES: list[Any] = [
    "/data/**", "/data/*", "/data/*.csv", "/", "/**", "/data/**/x", "/data/a/**.csv", "/data/",
    "FIN", "F*", "**N", "*/*", "a/*/c", "**", "*", 'quo"te\\', "ünï*", 5, 0, -3, 5.0, True, False,
]  # fmt: skip
GIVEN: list[Any] = [
    "/data/x", "/data", "/data/", "/database/x", "/data/a/b.csv", "/data/../etc/passwd", "/data/%2e%2e/etc", "data/x", "~/x", "/data/x\\y",
    "/", "/data/a/x", "/data//x", "FIN", "F", "F/N", "a/b/c", "a/b/b/c", "", 'quo"te\\', "ünïx", "\n", "*", 5, 0, -3, 5.0, 5.5, 2**70,
    1e300, True, False, None, ["FIN"], {"path": "/data/x"}, {"path": {"path": "FIN"}}, "data/x/**",
]  # fmt: skip

STATEMENTS = [
    "select day from costs",
    "delete from costs",
    "update t set a = 1",
    "drop table t",
    "select 1; delete from t",
    "nonsense (",
    "",
    None,
    5,
]
"""What `sql` may hold: a `never` sees the verbs in it."""


def random_where(source: random.Random) -> dict[str, Any]:
    """Up to two conditions."""
    chosen = source.sample(ARGUMENTS, source.choice([0, 0, 1, 1, 2]))
    return {name: source.sample(VALUES, source.choice([1, 2, 3])) if source.random() < 0.4 else source.choice(VALUES) for name in chosen}


def random_line(source: random.Random, is_never: bool) -> dict[str, Any]:
    """A line of a can or of never, valid but otherwise at random."""
    system = "*" if is_never and source.random() < 0.4 else source.choice(SYSTEMS)
    verb = source.choice(VERBS if system.startswith("mcp:") else VERBS[:-1])
    line: dict[str, Any] = {verb: system}
    if not is_never or source.random() < 0.6:
        line["resource"] = source.choice(PATTERNS)
    where = random_where(source)
    if where:
        line["where"] = where
    if not is_never and system.startswith("postgres:") and source.random() < 0.4:
        line["columns"] = source.sample(["day", "amount", "secret"], 2)
    if not is_never and source.random() < 0.1:
        line["data_class"] = source.choice(["public", "personal"])
    return line


def random_remit(source: random.Random) -> Remit:
    """A remit whose export leaves no residue."""
    while True:
        document = {
            "remit": 1,
            "agent": "triage",
            "purpose": "Anything.",
            "owner": {"contact": "dana@example.com"},
            "objectives": {
                f"goal {number}": {"why": "a test", "can": [random_line(source, False) for _ in range(source.randint(1, 6))]}
                for number in range(source.randint(1, 2))
            },
            "never": [random_line(source, True) for _ in range(source.randint(0, 3))],
        }
        remit = parse(json.dumps(document)).remit
        assert remit is not None
        if not CEDAR.compile(remit).residue:
            return remit


def random_request(source: random.Random, remit: Remit) -> Request:
    """A request near a line of the remit."""
    cans = [line for _, line in remit.capabilities()]
    line = source.choice([*cans, *remit.never])
    system = line.system if line.system != "*" and source.random() < 0.9 else source.choice(cans).system
    is_tool = system.startswith("mcp:")
    near = [name for name in (TOOLS if is_tool else OBJECTS) if resource_matcher(line.resource)(name)]
    resource = source.choice(near if near and source.random() < 0.9 else TOOLS if is_tool else OBJECTS)
    values = {condition.argument: condition.values for condition in line.where}
    names = [*values, *source.sample(ARGUMENTS, 1)]
    arguments: dict[str, Any] = {}
    for name in names:
        if source.random() < 0.85:
            fitting = (
                [value for value in GIVEN if value_matcher(values[name])(value, {})] if name in values and source.random() < 0.6 else []
            )
            value = source.choice(fitting or GIVEN)
            if name == "file.path" and source.random() < 0.8:
                arguments["file"] = {"path": value}
            if name != "file.path" or source.random() < 0.3:
                arguments[name] = value
    if source.random() < (0.8 if isinstance(line, Capability) and line.columns else 0.1):
        arguments["columns"] = source.choice([["day"], ["day", "amount"], ["day", "secret"], ["amount"], [], "day", [5]])
    if source.random() < (0.8 if isinstance(line, Capability) and line.data_class else 0.1):
        arguments["data_class"] = source.choice(["public", "personal", 5])
    action = (
        resource
        if is_tool and source.random() < 0.97
        else line.verb
        if line.verb in set(Verb) and source.random() < 0.7
        else source.choice(ACTIONS)
    )
    paths = {
        value: "/etc/linked" for value in arguments.values() if isinstance(value, str) and value.startswith("/") and source.random() < 0.05
    }
    agent = "triage" if source.random() < 0.98 else "other"
    return Request(agent=agent, system=system, action=action, resource=resource, arguments=arguments, paths=paths)


def compare(seed: int, remits: int, requests: int) -> dict[str, int]:
    """Decides `remits` x `requests` both ways; returns how often each step settled it."""
    source = random.Random(seed)
    settled: dict[str, int] = {}
    for _ in range(remits):
        remit = random_remit(source)
        index = build_index([remit], {"triage": AgentState.ACTIVE}, VOCABULARIES.values())
        asked = [random_request(source, remit) for _ in range(requests)]
        forms = [cedar_request(request, VOCABULARIES.get(request.system.partition(":")[0])) for request in asked]
        entities = {json.dumps(entity["uid"]): entity for form in forms for entity in form[4]}
        policies = CEDAR.compile(remit).text
        answers = cedarpy.is_authorized_batch(
            [{"principal": form[0], "action": form[1], "resource": form[2], "context": form[3]} for form in forms],
            policies,
            [*entities.values()],
        )
        for request, answer in zip(asked, answers, strict=True):
            ours = decide(index, request, None, NOTHING_SPENT, 0.0)
            assert not answer.diagnostics.errors, (answer.diagnostics.errors, request, policies)
            assert (ours.outcome is Outcome.ALLOW) is answer.allowed, (ours, request, policies)
            settled[ours.step.name] = settled.get(ours.step.name, 0) + 1
    return settled


def test_the_export_decides_as_the_engine_does() -> None:
    settled = compare(seed=20261126, remits=100, requests=20)
    # A comparison in which nothing is ever allowed or forbidden would show nothing.
    assert min(settled.get(step.name, 0) for step in (Step.NEVER, Step.CAPABILITY, Step.NO_MATCH)) > 100
    assert settled[Step.FAULT.name] > 0
    assert settled[Step.STANDING.name] > 0


@pytest.mark.real
def test_the_export_decides_as_the_engine_does_a_hundred_thousand_times() -> None:
    settled = compare(seed=1, remits=1000, requests=100)
    assert sum(settled.values()) == 100_000
