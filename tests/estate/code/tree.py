"""The whole source tree: every agent in its folder, owners, deployment, and code that only looks like an agent."""

# ruff: noqa: E501 - records and templates read better in one line
from __future__ import annotations

from pathlib import Path

from tests.estate.code import claude, infra, python, tools, typescript
from tests.estate.names import Draw, kebab, snake
from tests.estate.truth import Agent, Company


def write(made: Company, folder: Path) -> None:
    """Writes the tree under `folder`. Keys must exist before: some stand in environment files."""
    files = _decoys(made)
    for agent in made.agents:
        original = made.agent(agent.copy_of) if agent.copy_of else agent
        draw = Draw(f"code-{made.seed}-{original.slug}")
        _settle(draw, made, agent)
        inside = _of(draw, made, agent)
        files |= {f"{agent.folder}/{path}": text for path, text in inside.items()}
    files["CODEOWNERS" if made.seed % 2 else ".github/CODEOWNERS"] = _codeowners(made)
    files["README.md"] = f"# {made.name}\n\nEverything that {made.domain} runs. Each folder has its own README.\n"
    files[".gitignore"] = "__pycache__/\nnode_modules/\n.venv/\n"
    most_exposed = made.agents[made.seed % len(made.agents)]
    spoken = "\n".join(text[:200].replace("\u0000", "") for text in made.hostile[:6])
    files[f"{most_exposed.folder}/NOTES.md"] = f"# Mails that came in\n\nKeep them, they are the regression set.\n\n{spoken}\n"
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def _settle(draw: Draw, made: Company, agent: Agent) -> None:
    agent.names["database_host"] = draw.one(("db.internal", f"{kebab(made.database)}.cluster.{made.domain}", "10.20.0.14", "postgres"))
    agent.names["database_env"] = draw.one(tools.DATABASE_ENV)
    agent.names["role_env"] = draw.one(tools.ROLE_ENV)


def _of(draw: Draw, made: Company, agent: Agent) -> dict[str, str]:
    if agent.form == "bedrock":
        lambda_text = (
            '"""Look-ups of the handbook: a plain function, no model."""\n\nSECTIONS = {"leave": "4.2", "travel": "6.1"}\n\n\n'
            'def handler(event, context):\n    return {"section": SECTIONS.get(event.get("topic", ""), "none")}\n'
        )
        files = {"main.tf": infra.bedrock(made, agent), f"{snake(agent.names['function'])}/handler.py": lambda_text}
        agent.place = f"{agent.folder}/main.tf"
    elif agent.form in {"mastra", "vercel-ai"}:
        files = typescript.write(agent, made.region)
    elif agent.form.startswith("claude-"):
        files = claude.write(draw, agent, infra.dsn(made, agent))
    else:
        files = python.write(draw, agent, made.region)
    if agent.form != "bedrock" and agent.form != "claude-subagent":
        files |= infra.write(draw, made, agent)
    if agent.form not in {"mastra", "vercel-ai", "bedrock", "claude-subagent"}:
        files["requirements.txt"] = "boto3>=1.35\npsycopg[binary]>=3.2\n"
    files["README.md"] = _readme(agent)
    return files


def _readme(agent: Agent) -> str:
    text = f"# {agent.title}\n\n{agent.says}\n\n"
    if agent.owner_by == "readme" and agent.owner is not None:
        text += f"Owner: {agent.owner.name} <{agent.owner.mail}>\n\n"
    return text + "## What it does\n\n" + "".join(f"- {doing.says}\n" for doing in agent.doings if doing.says)


def _codeowners(made: Company) -> str:
    lines = ["# who is asked about what", "/docs/ @docs-guild"]
    lines += [
        f"/{agent.folder}/ {agent.owner.mail if len(agent.slug) % 2 else '@' + agent.owner.handle}"
        for agent in made.agents
        if agent.owner is not None and agent.owner_by == "codeowners"
    ]
    return "\n".join(lines) + "\n"


def _decoys(made: Company) -> dict[str, str]:
    """Things that a careless finder takes for agents, and things that must not be believed."""
    canary = made.canaries
    hostile = "\n".join(text[:300].replace("\u0000", "") for text in made.hostile)
    return {
        "libs/monitoring/agent.py": (
            '"""Sends host metrics. Not a model in sight."""\n\nimport socket\n\n\nclass Agent:\n    def __init__(self, host):\n        self.host = host\n\n'
            "    def report(self):\n        return socket.gethostname()\n\n\nagent = Agent('metrics.internal')\n"
        ),
        "libs/simulation/market.py": (
            "from mesa import Agent, Model\n\n\nclass Trader(Agent):\n    def step(self):\n        self.model.price += 1\n\n\n"
            "class Market(Model):\n    price = 0\n"
        ),
        "web/shop/checkout.py": (
            "import os\n\nimport psycopg\n\n\ndef order(order_id):\n    with psycopg.connect(os.environ['SHOP_DATABASE_URL']) as connection:\n"
            "        return connection.execute('SELECT 1').fetchone()\n"
        ),
        "web/shop/summary.py": (
            "from openai import OpenAI\n\nclient = OpenAI()\n\n\ndef summary(text):\n    answer = client.chat.completions.create(\n"
            "        model='gpt-4o-mini', messages=[{'role': 'user', 'content': text}]\n    )\n    return answer.choices[0].message.content\n"
        ),
        "docker-compose.yml": (
            "services:\n  shop:\n    build: ./web/shop\n    environment:\n"
            f"      SHOP_DATABASE_URL: \"postgresql://shop_web:{canary['compose']}@db.internal:5432/{made.database}\"\n"
        ),
        "docs/attacks.md": "# Seen in the wild\n\nText that people sent to our agents:\n\n```\n" + hostile + "\n```\n",
        "docs/runbook.md": f"# Runbook\n\nOld console: https://admin:{canary['url']}@console.{made.domain}/ (rotated, they say).\n",
        "web/shop/prompts/tone.md": f"Answer in a friendly tone. Internal reference token: sk-proj-{canary['prompt']}{canary['prompt']}\n",
    }  # fmt: skip
