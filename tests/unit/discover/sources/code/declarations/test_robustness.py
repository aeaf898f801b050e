"""No file, however bad, makes a reader raise, and nothing that is read gets expanded without bound."""

from __future__ import annotations

import json
import random

import pytest
from tests.unit.discover.sources.code.declarations import test_infrastructure, test_lowcode, test_markdown, test_pipelines
from tests.unit.discover.sources.code.declarations.seen import seen_in

SOURCES = {
    "a.yaml": test_infrastructure.KAGENT,
    "t.yaml": test_infrastructure.TEMPLATE,
    "compose.yaml": test_infrastructure.COMPOSE,
    ".github/workflows/w.yml": test_pipelines.WORKFLOW,
    "workflows/w.md": test_markdown.WORKFLOW,
    ".claude/agents/a.md": test_markdown.CLAUDE,
    "d.yml": test_lowcode.DIFY.format(mode="agent-chat"),
    "f.json": json.dumps(test_lowcode.n8n()),
    "main.tf": test_infrastructure.MAIN,
    ".codex/config.toml": '[mcp_servers.a]\ncommand = "x"\nargs = ["y"]\n',
    ".mcp.json": '{"mcpServers": {"a": {"command": "x", "args": ["y"], "env": {"A": "b"}}}}',
}
JUNK = [
    "",
    "\x00",
    "\x1b[31m",
    "&a",
    "*a",
    "<<: *a",
    "{{",
    "}}",
    "[",
    "]",
    "{",
    "}",
    ":",
    "- ",
    "\t",
    "!Sub",
    "|",
    '"',
    "'",
    "\u202e",
    "\ud7ff",
    "---\n",
    "null",
    "${",
    "#",
]


@pytest.mark.parametrize("path", sorted(SOURCES))
def test_mangled_files_never_raise(path: str) -> None:
    chance = random.Random(path)
    for _ in range(150):
        text = SOURCES[path]
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(text) + 1)
            cut = chance.choice([0, 0, 1, 5, 40])
            text = text[:at] + chance.choice(JUNK) + text[at + cut :]
        for item in seen_in(path, text).all:
            assert item.place.path == path
            assert item.place.line is None or item.place.line >= 1


@pytest.mark.parametrize("path", sorted(SOURCES))
def test_every_place_stands_in_the_file(path: str) -> None:
    last = SOURCES[path].count("\n") + 1
    found = seen_in(path, SOURCES[path]).all
    assert found
    for item in found:
        assert item.place.line is not None
        assert 1 <= item.place.line <= (item.place.end or item.place.line) <= last


@pytest.mark.parametrize("value", ["3", "[]", "{}", "null", "x", "[[x]]", "{x: {y: z}}"])
@pytest.mark.parametrize(
    "key",
    [
        "jobs",
        "agents",
        "services",
        "Resources",
        "mcpServers",
        "on",
        "workflow",
        "app",
        "models",
        "customModes",
        "extensions",
        "graphs",
        "kind",
        "spec",
    ],
)
def test_a_key_with_a_value_of_another_shape_never_raises(key: str, value: str) -> None:
    base = "apiVersion: kagent.dev/v1\nkind: Agent\nmetadata: 4\nagents: 1\nsteps: 2\nscript: 3\nAWS::X: y\n"
    for path in ("a.yaml", ".github/workflows/a.yml", "librechat.yaml", "compose.yml", ".goose/recipes/a.yaml", ".gitlab-ci.yml"):
        seen_in(path, f"{base}{key}: {value}\n")


def test_a_file_of_nothing_but_values_is_left_at_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remit.discover.sources.code.declarations.trees.json.MAX_VALUES", 200)
    monkeypatch.setattr("remit.discover.sources.code.declarations.trees.yaml.MAX_VALUES", 200)
    found = seen_in(".mcp.json", '{"mcpServers": {"a": {"command": "x"}}, "data": [' + "0," * 900)
    assert [server.name for server in found.servers] == ["a"]
    assert any("more values" in gap.what for gap in found.gaps)
    assert any("more values" in gap.what for gap in seen_in("librechat.yaml", "agents: [" + "0," * 900).gaps)


def test_a_file_of_nothing_but_documents_is_left_at_a_bound() -> None:
    agent = "kind: Prompt\nname: a\ninstructions: b\n"
    assert len(seen_in("a.yaml", agent + ("---\n" + agent) * 2_500).agents) == 2_000
    assert len(seen_in("a.json", '"agents"' + '{"agents": {"a": {"model": "m", "prompt": "p"}}} ' * 900).agents) < 60


def test_toml_that_no_client_owns_is_not_read() -> None:
    assert not seen_in("pyproject.toml.tmpl", "[mcp agent\n").all


def test_a_part_that_many_agents_share_is_not_visited_without_end() -> None:
    count = 1_500
    prefix = "@n8n/n8n-nodes-langchain"
    agents = [{"name": f"a{number}", "type": f"{prefix}.agent"} for number in range(count)]
    tools = [{"name": f"t{number}", "type": f"{prefix}.toolCode", "credentials": {"k": {"name": f"c{number}"}}} for number in range(count)]
    joined = {f"t{number}": {"ai_tool": [[{"node": "hub", "type": "ai_tool", "index": 0}]]} for number in range(count)}
    joined["hub"] = {"ai_tool": [[{"node": agent["name"], "type": "ai_tool", "index": 0} for agent in agents]]}
    nodes = [*agents, *tools, {"name": "hub", "type": f"{prefix}.agentTool"}]
    found = seen_in("flow.json", json.dumps({"nodes": nodes, "connections": joined}))
    assert len(found.agents) == count + 1
    assert len(found.identities) < 120_000


def test_workflows_inside_a_workflow_are_read_once() -> None:
    inner: dict[str, object] = {}
    for number in range(40):
        node = {"name": f"n{number}", "type": "@n8n/n8n-nodes-langchain.agent"}
        inner = {"nodes": [node], "connections": {"x": {"ai_tool": [[{"node": node["name"], "deep": inner}]]}}}
    assert [agent.name for agent in seen_in("flow.json", json.dumps([inner, inner])).agents] == ["n39", "n39"]
