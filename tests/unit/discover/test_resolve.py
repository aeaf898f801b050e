"""Evidence becomes an inventory."""

from __future__ import annotations

import random

from tests.unit.discover.evidence import action, agent, at, call, credential, identity, owner

from remit.discover.resolve import resolve
from remit.model.agent import AgentKind
from remit.model.evidence import FileRead, Gap, GapKind, McpServerSeen, Role, SecretSeen

_SERVER = McpServerSeen(place=at(".mcp.json:2"), client="claude-code", name="files", transport="stdio", command_or_url="npx files")
_SECRET = SecretSeen(place=at("a.py:7"), kind="github-token", fingerprint="00ff")
_EVIDENCE = [
    agent(
        "a.py:10-12", "Helper", tools=("send_mail", "look"), tool_places=(("look", "t.py", 1),), purpose="Help.", purpose_place=at("p.md:1")
    ),
    agent("b.py:10", "Helper", delegates_to=("Helper",), tools=()),
    agent("tests/c.py:1", "Mock", is_test=True),
    agent("w.yml:3", "CI", framework="ci-agent"),
    agent("a.py:30", "Crew", role=Role.GROUPING),
    identity("a.py:2", "aws:role/helper"),
    credential("a.py:3", "GITHUB_TOKEN"),
    owner("CODEOWNERS:1", "*", "@all"),
    call("t.py:2", "look", "u.py", "inner"),
    action("u.py:5", "inner", "s3:DeleteObject"),
    _SERVER,
    _SERVER,
    _SECRET,
    FileRead(place=at("a.py"), size=100),
    FileRead(place=at("gen.py"), size=11, note="read because --include names it"),
    Gap(place=at("x.png"), kind=GapKind.UNSUPPORTED, what="no reader"),
    Gap(place=at("a.py:4"), kind=GapKind.UNRESOLVED, what="model", is_file=False),
]


def test_everything_that_was_seen_about_an_agent_stands_with_it():
    helper = next(one for one in resolve(_EVIDENCE).agents if one.id == "helper")
    assert helper.places == (at("a.py:10-12"), at("p.md:1"))
    assert [binding.ref for binding in helper.identities] == ["aws:role/helper"]
    assert [key.name for key in helper.credentials] == ["GITHUB_TOKEN"]
    assert [found.action for found in helper.inferred_actions] == ["s3:DeleteObject"]
    assert [candidate.name for candidate in helper.owner_candidates] == ["@all"]
    assert helper.exposure == ("mail",)
    assert helper.kind is None


def test_the_riskiest_stands_first():
    agents = resolve(_EVIDENCE).agents
    assert [one.risk for one in agents] == sorted((one.risk for one in agents), reverse=True)
    assert agents[0].id == "helper"


def test_a_kind_is_inferred_only_where_the_construct_leaves_no_other():
    kinds = {one.id: one.kind for one in resolve(_EVIDENCE).agents}
    assert kinds == {"helper": None, "helper-b": None, "mock": None, "ci": AgentKind.PRODUCTION}


def test_every_gap_and_file_is_in_the_ledger():
    ledger = resolve(_EVIDENCE).ledger
    assert (ledger.files_read, ledger.bytes_read, ledger.tests) == (2, 111, 1)
    assert [gap.place.path for gap in ledger.skipped] == ["x.png"]
    assert [gap.what for gap in ledger.unresolved] == ["model"]
    assert [file.place.path for file in ledger.included] == ["gen.py"]


def test_servers_and_secrets_are_listed_once():
    inventory = resolve(_EVIDENCE)
    assert inventory.mcp_servers == (_SERVER,)
    assert inventory.secrets == (_SECRET,)


def test_the_order_of_the_evidence_does_not_count():
    expected = resolve(_EVIDENCE)
    for seed in range(5):
        shuffled = list(_EVIDENCE)
        random.Random(seed).shuffle(shuffled)
        assert resolve(shuffled) == expected


def test_nothing_seen_is_an_empty_inventory():
    inventory = resolve([])
    assert (inventory.agents, inventory.ledger.files_read) == ((), 0)
