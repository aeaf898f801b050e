"""Markdown files are agents by their place and front matter; instructions, skills and commands are not."""

from __future__ import annotations

import pytest
from tests.unit.discover.sources.code.declarations.seen import seen, seen_in

from remit.discover.sources.code.declarations.reader import READERS
from remit.model.agent import Autonomy
from remit.model.evidence import Role
from remit.model.place import Confidence

CLAUDE = "---\nname: reviewer\ndescription: Reviews code\ntools: Read, Bash(git diff:*), WebFetch\nmodel: opus\n---\n\nYou review code.\n"


def test_a_claude_subagent_says_everything_in_its_front_matter() -> None:
    agent = seen_in(".claude/agents/review.md", CLAUDE).agent
    assert (agent.name, agent.model, agent.tools) == ("reviewer", "opus", ("Read", "Bash(git diff:*)", "WebFetch"))
    assert (agent.purpose, agent.purpose_place and agent.purpose_place.line) == ("Reviews code\n\nYou review code.", 3)
    assert (agent.place.line, agent.place.end, agent.exposure, agent.aliases) == (1, 8, ("web",), ("review",))


@pytest.mark.parametrize(
    "path",
    [
        ".claude/agents/deep/er/x.md",
        "plugins/p/agents/x.md",
        ".github/agents/x.md",
        "agents/x.agent.md",
        ".github/chatmodes/x.chatmode.md",
        ".gemini/agents/x.md",
        ".opencode/agent/x.md",
        ".cursor/agents/x.md",
        ".factory/droids/x.md",
        ".qwen/agents/x.md",
        "dot_claude/agents/x.md",
        "anywhere/else/x.md",
    ],
)
def test_an_agent_is_found_wherever_a_client_keeps_it(path: str) -> None:
    assert seen_in(path, CLAUDE).agent.framework == "markdown-agent"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("skills/x/SKILL.md", "---\nname: x\ndescription: y\nallowed-tools: Read\n---\n"),
        (".claude/skills/x/references/y.md", "---\nname: x\ndescription: y\n---\n"),
        (".claude/commands/x.md", "---\ndescription: y\nallowed-tools: Bash\nargument-hint: z\n---\n"),
        ("prompts/x.prompt.md", "---\nmode: agent\ntools: [a]\ndescription: y\nname: x\n---\n"),
        (".claude/agents/README.md", "# Agents\n"),
        (".claude/agents/notes.md", "no front matter\n"),
        ("docs/agents.md", "---\ntitle: Agents\ndescription: about agents\n---\n"),
        ("docs/agents/intro.md", "---\ntitle: Agents\n---\n"),
        ("_posts/2026-01-01-x.md", "---\nname: x\ndescription: y\ntools: [a]\n---\n"),
        ("models/card.md", "---\nlicense: mit\nname: x\ndescription: y\ntools: [a]\n---\n"),
        ("workflows/notes.md", "---\ntitle: on call\n---\n"),
        (".github/workflows/shared/part.md", "---\non: push\ntools: {github: null}\n---\n"),
        ("x.md", "---\n" + "name: [" * 4000 + "\n---\n"),
    ],
)
def test_what_is_no_agent_is_none(path: str, text: str) -> None:
    assert not seen_in(path, text).agents


@pytest.mark.parametrize(
    "path", ["AGENTS.md", "pkg/CLAUDE.md", "GEMINI.md", ".github/copilot-instructions.md", ".cursor/rules/a.mdc", ".windsurfrules"]
)
def test_instructions_are_evidence_and_no_agent(path: str) -> None:
    found = seen_in(path, "---\nname: x\ndescription: y\ntools: [z]\n---\nDo this.\n")
    assert not found.agents
    assert [other.role for other in found.others] == [Role.INSTRUCTIONS]


def test_a_name_that_is_absent_is_the_file_stem_and_absent_tools_are_unknown() -> None:
    agent = seen_in(".github/agents/contribution-checker.agent.md", "---\ndescription: Checks\n---\nBody\n").agent
    assert (agent.name, agent.tools) == ("contribution-checker", None)


def test_front_matter_in_a_code_fence_is_read() -> None:
    agent = seen_in(
        "agents/a.agent.md", "```chatagent\n---\ndescription: D\ntools: ['read', 'edit']\nmodel: ['GPT-5', 'other']\n---\nBody\n```\n"
    ).agent
    assert (agent.name, agent.tools, agent.model, agent.place.line) == ("a", ("read", "edit"), "GPT-5", 2)


def test_tools_may_be_a_mapping_with_switches() -> None:
    agent = seen_in(
        ".opencode/agent/a.md", "---\ndescription: D\nmode: subagent\nmodel: anthropic/m\ntools:\n  write: false\n  bash: true\n---\n"
    ).agent
    assert (agent.tools, agent.model) == (("bash",), "anthropic/m")


def test_servers_in_front_matter_are_listed_and_named_by_the_agent() -> None:
    text = (
        "---\n"
        "name: n\n"
        "description: D\n"
        "mcp-servers:\n"
        "  docs:\n"
        "    type: http\n"
        "    url: https://h/mcp\n"
        "    headers: {Authorization: 'Bearer ${{ secrets.DOCS_TOKEN }}'}\n"
        "---\n"
    )
    found = seen_in("agents/n.agent.md", text)
    assert (found.agent.mcp_servers, found.server.name, found.server.env) == (("docs",), "docs", ("Authorization",))
    assert [credential.name for credential in found.credentials] == ["DOCS_TOKEN"]


def test_handoffs_are_delegation() -> None:
    text = "---\nname: n\ndescription: D\nhandoffs:\n  - label: Go\n    agent: other\n    prompt: p\n---\n"
    assert seen_in(".github/agents/n.md", text).agent.delegates_to == ("other",)


def test_a_file_elsewhere_is_only_likely_an_agent() -> None:
    assert seen_in("catalogue/x.md", CLAUDE).agent.confidence is Confidence.LIKELY
    assert seen_in(".claude/agents/x.md", CLAUDE).agent.confidence is Confidence.CERTAIN


WORKFLOW = """---
description: Answers issues
on:
  issues:
    types: [opened]
permissions:
  contents: read
  issues: write
engine:
  id: claude
  model: claude-sonnet-4
tools:
  github:
  web-fetch:
safe-outputs:
  add-comment:
steps:
  - run: echo
    env: {TOKEN: "${{ secrets.GH_PAT }}"}
---
# Triage
"""


def test_an_agentic_workflow_is_an_agent_started_by_events() -> None:
    found = seen({"workflows/issue-triage.md": WORKFLOW})
    agent = found.agent
    assert (agent.framework, agent.name, agent.model, agent.tools) == ("gh-aw", "issue-triage", "claude-sonnet-4", ("github", "web-fetch"))
    assert (agent.autonomy, set(agent.exposure)) == (Autonomy.EVENT, {"issues", "web"})
    assert [(identity.ref, identity.because) for identity in found.identities] == [
        ("github:actions/issue-triage", "`permissions` of the workflow token: contents: read, issues: write")
    ]
    assert [credential.name for credential in found.credentials] == ["GH_PAT"]
    assert found.identities[0].subject == agent.place


def test_the_compiled_copy_of_an_agentic_workflow_is_not_read() -> None:
    lock = "on: issues\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: copilot -p x --allow-all-tools\n"
    assert len(seen({".github/workflows/a.md": WORKFLOW, ".github/workflows/a.lock.yml": lock}, only=".github/workflows/a.md").agents) == 1
    assert not seen_in(".github/workflows/b.yml", "on: push\njobs: {}\n").agents
    assert not any(reader.wants(".github/workflows/a.lock.yml") for reader in READERS)
