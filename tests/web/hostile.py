"""Words that nobody should obey, wherever text comes in from outside: names, purposes, tags, comments, paths, sentences, resources."""

from __future__ import annotations

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'
ATTRIBUTE = "' onmouseover='alert(1)' autofocus onfocus='alert(1)"
TEMPLATE = "{{7*7}}${7*7}{% print 7*7 %}"
LINK = "javascript:alert(1)"
ELSEWHERE = "<a href=https://attacker.example/>click</a>"
SVG = "</text></svg><svg onload=alert(1)>"
STYLE = "</style><style>*{display:none}</style>"
COMMENT = "--><!--"
RIGHT_TO_LEFT = "pay \u202eevil\u202c now"
CONTROL = "bell\x07 escape\x1b[31m nul\x00 end"
LONG = "averyverylongword" * 14
WIDE = "\ufdfd" * 12

ALL = (SCRIPT, IMAGE, ATTRIBUTE, TEMPLATE, LINK, ELSEWHERE, SVG, STYLE, COMMENT, RIGHT_TO_LEFT, CONTROL, LONG, WIDE)
EVERYTHING = " ".join(ALL)

NEVER_IN_A_PAGE = (
    "<script>alert",
    "<img src=x",
    "<svg onload",
    "</style><style>",
    "<a href=https://attacker",
    "<!--",
    "\u202e",
    "\x07",
    "\x1b",
    "\x00",
)
"""What a page holds when it did not escape one of them."""

AGENT = f'''
from pydantic_ai import Agent
import boto3
import psycopg

PROMPT = """You sort returns. {SCRIPT} {TEMPLATE} {RIGHT_TO_LEFT} {LINK} {LONG} {WIDE}
{SVG} {STYLE} {COMMENT} {ELSEWHERE} {IMAGE}"""

returns = Agent("openai:<b>gpt</b>{{{{7*7}}}}", name="Returns {SCRIPT} {RIGHT_TO_LEFT}", system_prompt=PROMPT)


@returns.tool_plain
def read_returns() -> str:
    """Read {SCRIPT} {TEMPLATE} {LONG}."""
    boto3.client("sts").assume_role(RoleArn="arn:aws:iam::111122223333:role/returns", RoleSessionName="returns")
    boto3.client("s3").get_object(Bucket="lumen-returns", Key="<img src=x onerror=alert(1)>")
    psycopg.connect("postgresql://returns_bot@db.lumen.example/finops").execute("SELECT * FROM costs.daily")
    return ""


@returns.tool_plain
def send_{LONG[:60]}(text: str) -> str:
    """{ATTRIBUTE} {LINK}"""
    boto3.client("ses").send_email(Source="a@lumen.example", Destination={{"ToAddresses": ["{SCRIPT}@x.example"]}}, Message={{}})
    return ""
'''
"""An agent whose every text is hostile."""

LONG_NAMED = f'''
from agents import Agent

{LONG[:40]} = Agent(name="{LONG[:120]}", instructions="{LONG} {LONG}", model="{LONG[:90]}")
'''
"""One whose words have no place to break."""

SHARING = """
import boto3
from agents import Agent

boto3.client("sts").assume_role(RoleArn="arn:aws:iam::111122223333:role/cost-triage", RoleSessionName="night-report")
night_report = Agent(name="night-report", instructions="Write what happened during the night.", model="gpt-5-mini")
"""
"""One that acts as the role of another one; nothing about it is hostile."""

SUBAGENT = f"""---
name: mail-{SCRIPT}
description: Sorts mail {IMAGE} {TEMPLATE}
tools: Read, {SCRIPT}
---
{SVG}
"""

FILES = {
    "agents/night_report/agent.py": SHARING,
    "returns <script>alert(1)</script>/agent 'x' onclick=alert(1).py": AGENT,
    f"{LONG[:80]}/{LONG[:80]}/agent.py": LONG_NAMED,
    "tools/<img src=x onerror=alert(1)>.mcp.json": '{"mcpServers": {',
    ".claude/agents/{{7*7}}.md": SUBAGENT,
    "CODEOWNERS": "* @lumen-foods/platform\n/returns* @<script>alert(1)</script>\n",
}
"""Path in the source tree -> text."""
