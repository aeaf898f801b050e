"""Steps that run a coding agent are found in every pipeline system, and other steps are not."""

from __future__ import annotations

import pytest
from tests.unit.discover.sources.code.declarations.seen import seen_in

from remit.model.agent import AgentKind, Autonomy

WORKFLOW = """name: Review
on:
  pull_request_target:
  schedule: [{cron: '0 0 * * *'}]
permissions: {contents: read}
env:
  SHARED: ${{ secrets.SHARED_TOKEN }}
jobs:
  review:
    runs-on: ubuntu-latest
    permissions:
      id-token: write
    steps:
      - uses: actions/checkout@v4
      - uses: aws-actions/configure-aws-credentials@v4
        with:
          role-to-assume: arn:aws:iam::123456789012:role/ci-agent
      - name: Run the agent
        id: agent
        uses: anthropics/claude-code-action@v1
        with:
          anthropic_api_key: ${{ secrets.ANTHROPIC_API_KEY }}
          prompt: |
            Review this.
          claude_args: |
            --model claude-opus-4
            --allowedTools "Read,Bash(git diff:*)"
            # a comment
            --allowedTools WebFetch
      - uses: actions/upload@v1
        with: {token: '${{ secrets.OTHER_TOKEN }}'}
"""


def test_a_step_says_model_tools_prompt_identity_and_credentials() -> None:
    found = seen_in(".github/workflows/review.yml", WORKFLOW)
    agent = found.agent
    assert (agent.name, agent.construct, agent.place.line, agent.model) == (
        "Run the agent",
        "anthropics/claude-code-action@v1",
        18,
        "claude-opus-4",
    )
    assert agent.tools == ("Read", "Bash(git diff:*)", "WebFetch")
    assert (agent.purpose, agent.purpose_place and agent.purpose_place.line) == ("Review this.", 23)
    assert (agent.kind, agent.autonomy, agent.exposure) == (AgentKind.PRODUCTION, Autonomy.EVENT, ("issues", "web"))
    assert [identity.ref for identity in found.identities] == ["github:actions/review/review", "arn:aws:iam::123456789012:role/ci-agent"]
    assert {credential.name for credential in found.credentials} == {"ANTHROPIC_API_KEY", "SHARED_TOKEN"}
    assert all(item.subject == agent.place for item in [*found.identities, *found.credentials])


def test_a_role_that_an_expression_makes_is_a_gap() -> None:
    text = WORKFLOW.replace("arn:aws:iam::123456789012:role/ci-agent", "${{ secrets.ROLE }}")
    found = seen_in(".github/workflows/review.yml", text)
    assert [identity.ref for identity in found.identities] == ["github:actions/review/review"]
    assert [gap.place.line for gap in found.gaps] == [17]


def step(body: str) -> str:
    return f"on: push\njobs:\n  build:\n    runs-on: x\n    steps:\n      - {body}\n"


@pytest.mark.parametrize(
    "uses",
    [
        "openai/codex-action@v1",
        "google-github-actions/run-gemini-cli@main",
        "anthropics/claude-code-base-action@beta",
        "sst/opencode/github@latest",
        "All-Hands-AI/OpenHands@v1",
        "qodo-ai/pr-agent@main",
        "coderabbitai/ai-pr-reviewer@latest",
        "augmentcode/review-pr@v0",
    ],
)
def test_actions_of_coding_agents_are_agents(uses: str) -> None:
    agent = seen_in(".github/workflows/a.yml", step(f"uses: {uses}")).agent
    assert (agent.construct, agent.name) == (uses, "build")


@pytest.mark.parametrize(
    "uses",
    [
        "actions/checkout@v4",
        "actions/ai-inference@v1",
        "anthropics/claude-code-action/agent-approval-check@v1",
        "./.github/actions/claude",
        "datadog/agent-action@v1",
    ],
)
def test_other_actions_are_none(uses: str) -> None:
    assert not seen_in(".github/workflows/a.yml", step(f"uses: {uses}")).agents


@pytest.mark.parametrize(
    ("run", "construct", "model"),
    [
        ("claude -p 'fix the build' --model sonnet", "run:claude", "sonnet"),
        ("npx -y @anthropic-ai/claude-code@latest -p hello", "run:claude", None),
        ("echo hi && timeout 60 codex exec --model=gpt-5 'do it'", "run:codex", "gpt-5"),
        ("cat prompt.md | gemini --yolo -m gemini-2.5-pro", "run:gemini", "gemini-2.5-pro"),
        ("FOO=1 sudo env BAR=2 copilot -p x --allow-all-tools", "run:copilot", None),
        ("opencode run 'x'", "run:opencode", None),
        ("goose run --recipe r.yaml", "run:goose", None),
        ("aider --message 'x' --yes", "run:aider", None),
        ("result=$(claude --print 'x' \\\n  --model $MODEL)", "run:claude", None),
        ("pnpm dlx @openai/codex exec x", "run:codex", None),
        ("/usr/local/bin/cursor-agent -p x", "run:cursor-agent", None),
        ("droid exec --auto low 'x'", "run:droid", None),
        ("amp -x 'do'", "run:amp", None),
    ],
)
def test_command_lines_of_coding_agents_are_agents(run: str, construct: str, model: str | None) -> None:
    indented = run.replace("\n", "\n          ")
    agent = seen_in(".github/workflows/a.yml", step(f"name: Go\n        run: |\n          {indented}")).agent
    assert (agent.construct, agent.name, agent.model) == (construct, "Go", model)


@pytest.mark.parametrize(
    "run",
    [
        "npm install -g @anthropic-ai/claude-code",
        "claude --version",
        "claude mcp add x",
        "# claude -p x",
        "echo 'claude -p x'",
        "cat <<EOF\nclaude -p x\nEOF",
        "codex login",
        "git commit -m 'claude -p'",
        "which gemini",
        "docker run claude-image",
    ],
)
def test_command_lines_that_run_no_agent_are_none(run: str) -> None:
    indented = run.replace("\n", "\n          ")
    assert not seen_in(".github/workflows/a.yml", step(f"run: |\n          {indented}")).agents


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        (
            ".gitlab-ci.yml",
            "review:\n  image: node\n  variables: {ANTHROPIC_API_KEY: $K}\n  script:\n    - npm i -g x\n    - claude -p 'agent review'\n",
            "review",
        ),
        ("azure-pipelines.yml", "steps:\n- script: codex exec 'x'\n  displayName: Ask the agent\n", "Ask the agent"),
        (
            ".circleci/config.yml",
            "jobs:\n  fix:\n    steps:\n      - run:\n          name: Agent\n          command: gemini -p x\n",
            "Agent",
        ),
        (".circleci/config.yml", "jobs:\n  agent:\n    steps:\n      - checkout\n      - run: gemini -p x\n", "agent"),
        (
            "bitbucket-pipelines.yml",
            "pipelines:\n  default:\n    - step:\n        name: agent\n        script:\n          - goose run -t x\n",
            "agent",
        ),
        (".buildkite/pipeline.yml", "steps:\n  - label: agent\n    command: claude -p x\n", "agent"),
    ],
)
def test_other_systems_are_read_by_their_command_lines(path: str, text: str, name: str) -> None:
    assert seen_in(path, text).agent.name == name


def test_variables_of_a_gitlab_job_that_hold_credentials_are_named() -> None:
    text = "review:\n  variables: {ANTHROPIC_API_KEY: $K, DEPTH: 1}\n  script: [\"claude -p 'agent'\"]\n"
    assert [credential.name for credential in seen_in(".gitlab-ci.yml", text).credentials] == ["ANTHROPIC_API_KEY"]


def test_a_composite_action_that_runs_an_agent_is_one() -> None:
    text = "name: My agent\nruns:\n  using: composite\n  steps:\n    - uses: anthropics/claude-code-action@v1\n"
    assert seen_in("tools/review/action.yml", text).agent.name == "My agent"


def test_one_step_is_one_agent_however_often_it_calls() -> None:
    assert len(seen_in(".github/workflows/a.yml", step("run: |\n          claude -p a\n          claude -p b")).agents) == 1
