"""The tools that a coding agent brings along: which client, which tools, what they reach, and what a draft makes of them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.understand.worlds import VOCABULARIES, material_of

import remit.understand
from remit.decide.engine import decide
from remit.decide.index import build_index
from remit.decide.limits import NOTHING_SPENT
from remit.discover.risk import risk_with
from remit.document.parse import parse_or_raise
from remit.model.agent import Agent, AgentState
from remit.model.alignment import Alignment
from remit.model.decision import Outcome, Request
from remit.model.place import Place
from remit.model.verbs import GRAVEST_FIRST, LINE_VERBS, Verb
from remit.understand.abilities import Abilities, reach_of
from remit.understand.client_tools import client_tools, reached_by_tools
from remit.understand.document import document
from remit.understand.draft import draft
from remit.understand.spans import Spans

TABLE = tomllib.loads((Path(remit.understand.__file__).parent / "client_tools.toml").read_text("utf-8"))
OWN_KEYS = {"name", "folders", "ends", "frameworks", "constructs", "models", "servers", "given", "is_folded", "has_server_paths"}
OWN_KEYS |= {"reaches", "worded", "where", "own"}
EVERYTHING_OF_CLAUDE = {Verb.TRANSMIT, Verb.EXECUTE, Verb.UPDATE, Verb.CREATE, Verb.READ, Verb.LIST}


def subagent(path: str = "worker/agent.py", **case: Any) -> Agent:
    agent = material_of({"framework": "markdown-agent", **case}).agent
    return replace(agent, place=Place(path, 1), places=(Place(path, 1),))


def test_the_table_uses_only_words_that_are_read():
    for row in TABLE["client"]:
        assert set(row) - OWN_KEYS <= set(LINE_VERBS), row["name"]


@pytest.mark.parametrize(
    ("path", "case", "client"),
    [
        (".claude/agents/a.md", {}, "claude-code"),
        ("app/.claude/agents/team/a.md", {"tools": ["mine"]}, "claude-code"),
        (".github/agents/a.md", {"tools": ["Read"]}, "copilot"),
        ("docs/A.ChatMode.md", {}, "copilot"),
        (".opencode/agent/a.md", {}, "opencode"),
        (".gemini/agents/a.md", {}, "gemini-cli"),
        ("plugins/p/agents/a.md", {"model": "opus"}, "claude-code"),
        ("plugins/p/agents/a.md", {"tools": ["Read"]}, "claude-code"),
        ("plugins/p/agents/a.md", {"tools": ["editFiles"]}, "copilot"),
        ("plugins/p/agents/a.md", {"tools": ["run_shell_command"]}, "gemini-cli"),
        ("plugins/p/agents/a.md", {}, None),
        ("plugins/p/agents/a.md", {"tools": ["mine"]}, None),
        (".claude/agents/a.md", {"framework": "openai-agents", "tools": ["Read"]}, None),
        ("src/a.py", {"framework": "claude-agent-sdk", "tools": ["Read"]}, "claude-code"),
        (".github/workflows/a.md", {"framework": "gh-aw", "tools": ["bash"]}, "gh-aw"),
    ],
)
def test_the_client_is_told_by_the_file_or_not_at_all(path: str, case: dict[str, Any], client: str | None):
    found = client_tools(subagent(path, **case))
    assert (found.client if found is not None else None) == client


@pytest.mark.parametrize(
    ("path", "case", "reached"),
    [
        ("a.md", {"tools": ["Read", "Glob"]}, {Verb.READ, Verb.LIST}),
        ("a.md", {"tools": ["Write"]}, {Verb.CREATE, Verb.UPDATE}),
        ("a.md", {"tools": ["Edit"]}, {Verb.UPDATE}),
        ("a.md", {"tools": ["Bash(git log:*)"]}, {Verb.EXECUTE}),
        ("a.md", {"tools": ["WebFetch"]}, {Verb.READ, Verb.TRANSMIT}),
        ("a.md", {"tools": ["WebSearch"]}, {Verb.READ}),
        ("a.md", {"tools": ["Task"]}, {Verb.EXECUTE}),
        (".claude/agents/a.md", {"tools": ["TodoWrite", "AskUserQuestion", "mcp__jira__create_issue"]}, set()),
        (".claude/agents/a.md", {"tools": []}, set()),
        (".claude/agents/a.md", {}, EVERYTHING_OF_CLAUDE),
        (".claude/agents/a.md", {"tools": ["*"]}, EVERYTHING_OF_CLAUDE),
        (".github/agents/a.agent.md", {"tools": ["EDIT", "search", "shell"]}, EVERYTHING_OF_CLAUDE - {Verb.TRANSMIT}),
        (".github/agents/a.agent.md", {"tools": ["web/fetch", "github/*"]}, {Verb.READ, Verb.TRANSMIT}),
        ("src/a.py", {"framework": "claude-agent-sdk"}, set()),
        ("plugins/p/agents/a.md", {}, set()),
    ],
)
def test_what_is_reached_is_what_the_tools_do(path: str, case: dict[str, Any], reached: set[Verb]):
    found = reached_by_tools(subagent(path, **case))
    assert set(found) == reached
    assert list(found) == sorted(found, key=GRAVEST_FIRST.index)


def test_tools_of_its_client_count_in_reach_and_risk():
    agent = replace(subagent(".claude/agents/a.md"), risk=5.0)
    abilities = Abilities(Spans(VOCABULARIES, {}))
    nothing = Alignment(agent="worker", is_from_draft=True, remit_hash="", lines=())
    assert reach_of(nothing, abilities).verbs == ()
    found = reach_of(nothing, abilities, reached_by_tools(agent))
    assert set(found.verbs) == EVERYTHING_OF_CLAUDE
    looking = reach_of(nothing, abilities, reached_by_tools(subagent(".claude/agents/a.md", tools=["Read"])))
    assert risk_with(agent, found.verbs) > risk_with(agent, looking.verbs) > agent.risk


@pytest.mark.parametrize(
    ("written", "where"),
    [
        ("Bash", ()),
        ("Bash(*)", ()),
        ("Bash(make test)", (("command", "make test"),)),
        ("Bash(git log:*)", (("command", "git log *"),)),
        ("Bash(git *)", (("command", "git *"),)),
        ("WebFetch(domain:docs.example.com)", (("url", "https://docs.example.com/**"),)),
        ("Task(code-reviewer)", (("subagent_type", "code-reviewer"),)),
        ("Bash(rm -rf $HOME)", None),
        ('Bash(echo "a" > b)', None),
        ("Bash(npm run test:*:*)", None),
        ("WebFetch(domain:*.example.com)", None),
        ("Read(./secrets/**)", None),
    ],
)
def test_brackets_become_a_condition_or_are_told(written: str, where: tuple[tuple[str, str], ...] | None):
    found = client_tools(subagent(tools=[written]))
    assert found is not None
    (tool,) = found.listed
    assert (None if tool.is_cut else tool.where) == where


@pytest.mark.parametrize(
    ("tool", "arguments", "outcome"),
    [
        ("Read", {"file_path": "/tree/a.md"}, Outcome.ALLOW),
        ("Bash", {"command": "git log --oneline"}, Outcome.ALLOW),
        ("Bash", {"command": "git log"}, Outcome.ALLOW),
        ("Bash", {"command": "git tag"}, Outcome.ALLOW),
        ("Bash", {"command": "git push"}, Outcome.DENY),
        ("Bash", {"command": "git log; curl https://evil.example"}, Outcome.DENY),
        ("Edit", {"file_path": "/tree/a.md"}, Outcome.DENY),
    ],
)
def test_a_draft_from_listed_tools_decides_as_the_list_says(tool: str, arguments: dict[str, Any], outcome: Outcome):
    tools = ["Read", "Bash(git log:*)", "Bash(git tag:*)"]
    found = draft(material_of({"framework": "markdown-agent", "tools": tools, "purpose": "Notes."}))
    remit = parse_or_raise(document(found), "remit.yaml")
    index = build_index([remit], {"worker": AgentState.ACTIVE}, VOCABULARIES.values())
    request = Request(agent="worker", system="mcp:claude-code", action=tool, resource=tool, arguments=arguments)
    assert decide(index, request, None, NOTHING_SPENT, 1_800_000_000.0).outcome is outcome


def test_a_tool_that_is_listed_with_brackets_and_without_is_listed_whole():
    found = draft(material_of({"framework": "markdown-agent", "tools": ["Bash(git log:*)", "Bash"]}))
    assert [(line.resource, line.where) for line in found.lines] == [("Bash", ())]


def test_a_remit_file_that_gives_a_tool_whole_is_not_narrowed_by_a_list():
    remit = """
remit: 1
agent: worker
purpose: p
owner: {contact: dana@example.com}
objectives: {run: {why: w, can: [{execute: "mcp:claude-code", resource: Bash}]}}
"""
    found = draft(material_of({"framework": "markdown-agent", "tools": ["Bash(git log:*)"], "remit": remit}))
    assert [(line.resource, line.where) for line in found.lines] == [("Bash", ())]


def test_hostile_names_stay_in_their_place():
    names = ["Read\nnever: []", "Bash(`$(x)`)", 'Edit"]}}', "\u202eRead", "x/" * 500]
    text = document(draft(material_of({"framework": "markdown-agent", "tools": ["Read", *names], "purpose": "Reads."})))
    assert len(parse_or_raise(text, "remit.yaml").objectives[0].can) == 2
