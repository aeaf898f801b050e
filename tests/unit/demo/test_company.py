"""The demo's company as a stranger finds it: discovery sees exactly who is in the cast, and the remits are valid."""

from __future__ import annotations

import re
import shutil
from functools import cache
from pathlib import Path

import pytest

from remit.app.discovery import discover
from remit.contracts.source import Scope
from remit.demo.agents import DATA, HONEST, POISONED
from remit.demo.estate import cast
from remit.discover.nearness import Neighbourhood
from remit.discover.sources.code.source import SOURCE
from remit.document.check import check
from remit.document.parse import parse
from remit.model.agent import Agent, AgentKind
from remit.model.ledger import Inventory

COMPANY = DATA / "company"
PLACEHOLDER = re.compile(r"@@[A-Z_]+@@")
KEYS = {
    "@@ADA_KEY_ID@@": ("AKIAZ7QK3WN5TYRX2MLB", cast.STOCK_WATCH),
    "@@COPY_KEY_ID@@": ("AKIAP4VJ6SH2CXWE7GNR", cast.NIGHT_REPORT_2025),
    "@@FILER_KEY_ID@@": ("AKIAT5MD2FB7KQZU3XHC", cast.LETTER_FILER),
}
"""Placeholder -> a key id of the form that AWS gives, and whose settings it stands in."""
SECRET_KEY = "@@ADA_SECRET@@"
FRAMEWORKS = {
    cast.NIGHT_REPORT: "langgraph",
    cast.NIGHT_REPORT_2025: "langgraph",
    cast.SUPPLIER_DESK: "pydantic-ai",
    cast.REFUND_DESK: "openai-agents",
    cast.STOREFRONT_HELPER: "crewai",
    cast.RETURNS_SORTER: "no-sdk",
    cast.STOCK_WATCH: "ai-sdk",
    cast.RELEASE_SCRIBE: "markdown-agent",
    cast.PRICE_SCOUT: "terraform",
    cast.LETTER_FILER: "agno",
    cast.REVIEW_READER: "smolagents",
    cast.SHELF_FINDER: "claude-agent-sdk",
}
OWNERS = {
    cast.MIRA: {cast.NIGHT_REPORT, cast.NIGHT_REPORT_2025, cast.SUPPLIER_DESK},
    cast.JONAS: {cast.REFUND_DESK, cast.STOREFRONT_HELPER, cast.RETURNS_SORTER, cast.LETTER_FILER},
    cast.ADA: {cast.STOCK_WATCH, cast.RELEASE_SCRIBE, cast.PRICE_SCOUT, cast.SHELF_FINDER},
}
TOOLS = {
    cast.NIGHT_REPORT: ("list_order_files", "read_order_file", "orders_of", "order_lines", "titles", "write_report"),
    cast.REFUND_DESK: ("open_tickets", "letter_of", "order_of", "enter_refund"),
    cast.STOREFRONT_HELPER: ("find_title", "on_the_shelf", "common_answer"),
    cast.RETURNS_SORTER: ("waiting_letters", "read_letter", "open_ticket", "file_letter"),
    cast.STOCK_WATCH: ("levels", "salesFile", "saveList"),
    cast.LETTER_FILER: ("scanned_letters", "read_letter", "file_letter"),
    cast.REVIEW_READER: ("list_reviews", "read_review", "save_digest"),
    cast.PRICE_SCOUT: ("prices",),
    cast.SHELF_FINDER: ("mcp__stock__execute_sql", "mcp__shelves__read_text_file", "mcp__shelves__list_directory"),
}


@cache
def inventory(root: Path = COMPANY) -> Inventory:
    return discover([SOURCE], Scope(root=root))


def agents() -> dict[str, Agent]:
    return {agent.id: agent for agent in inventory().agents}


def actions(agent: str) -> set[tuple[str, str | None]]:
    return {(action.action, action.resource) for action in agents()[agent].inferred_actions}


def identities(agent: str) -> set[str]:
    return {binding.ref for binding in agents()[agent].identities}


def test_exactly_the_agents_of_the_cast_are_found_each_by_its_own_name():
    assert {slug: agent.framework for slug, agent in agents().items()} == FRAMEWORKS


def test_every_agent_has_a_model_a_purpose_and_no_test_is_taken_for_one():
    for agent in inventory().agents:
        assert agent.model, agent.id
        assert len(agent.purpose or "") > 60, agent.id
        assert not agent.is_test, agent.id


@pytest.mark.parametrize(("agent", "tools"), TOOLS.items())
def test_the_tools_of_an_agent_are_named(agent: str, tools: tuple[str, ...]):
    assert agents()[agent].tools == tools


def test_everybody_but_the_reader_of_reviews_has_one_owner_to_ask():
    named = {agent.id: {candidate.name for candidate in agent.owner_candidates} for agent in inventory().agents}
    expected = {slug: {person} for person, slugs in OWNERS.items() for slug in slugs}
    assert named == expected | {cast.REVIEW_READER: set()}


def test_the_old_report_is_a_copy_of_the_new_one_and_nothing_else_is_a_copy():
    copies = {agent.id: agent.copies for agent in inventory().agents if agent.copies}
    assert copies == {cast.NIGHT_REPORT: (cast.NIGHT_REPORT_2025,), cast.NIGHT_REPORT_2025: (cast.NIGHT_REPORT,)}


def test_code_shows_what_the_night_report_needs():
    assert actions(cast.NIGHT_REPORT) == {
        ("s3:ListBucket", f"arn:aws:s3:::{cast.BUCKET_ORDERS}"),
        ("s3:GetObject", f"arn:aws:s3:::{cast.BUCKET_ORDERS}/*"),
        ("s3:PutObject", f"arn:aws:s3:::{cast.BUCKET_REPORTS}/daily/*.md"),
        ("select", "sales.orders"),
        ("select", "sales.order_lines"),
        ("select", "stock.titles"),
    }


def test_code_shows_what_the_refund_desk_needs():
    assert actions(cast.REFUND_DESK) == {
        ("s3:GetObject", f"arn:aws:s3:::{cast.BUCKET_LETTERS}/tickets/*.txt"),
        ("select", "crm.tickets"),
        ("select", "sales.orders"),
        ("insert", "sales.refunds"),
    }


def test_deployments_say_who_acts_as_whom():
    role = f"arn:aws:iam::{cast.ACCOUNT}:role/"
    for agent, name in ((cast.NIGHT_REPORT, "night_report"), (cast.REFUND_DESK, "refund_desk")):
        assert {f"{role}{agent}", f"postgres:{cast.DATABASE}/{name}"} <= identities(agent)
    assert f"{role}{cast.SHARED_ROLE}" in identities(cast.STOREFRONT_HELPER) & identities(cast.RETURNS_SORTER)
    assert f"{role}{cast.REVIEW_READER}" in identities(cast.REVIEW_READER)
    assert identities(cast.PRICE_SCOUT) == {f"aws:role/{cast.PRICE_SCOUT}"}


def test_the_servers_of_the_supplier_desk_and_the_shelf_finder_are_seen():
    assert {server.name for server in inventory().mcp_servers} == {cast.MAILROOM, cast.LEDGER, "stock", "shelves"}


def test_kinds_are_as_far_as_the_tree_tells_them():
    kinds = {slug: agent.kind for slug, agent in agents().items()}
    assert kinds[cast.RELEASE_SCRIBE] is AgentKind.LOCAL
    assert kinds[cast.PRICE_SCOUT] is AgentKind.MANAGED
    assert kinds[cast.NIGHT_REPORT] is AgentKind.PRODUCTION


def test_everything_was_read_and_nothing_is_left_open():
    ledger = inventory().ledger
    assert not ledger.unresolved
    assert {gap.kind.value for gap in ledger.skipped} == {"unsupported"}


def test_no_key_stands_in_the_tree_but_placeholders_that_the_estate_fills_in():
    found: list[str] = []
    for path in sorted(COMPANY.rglob("*")):
        if path.is_file():
            text = path.read_text("utf-8")
            found += PLACEHOLDER.findall(text)
            assert re.search(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN|\bsk-[A-Za-z0-9-]{20,}", text) is None, path
    assert sorted(found) == sorted([*KEYS, SECRET_KEY])
    for secret in inventory().secrets:
        line = (COMPANY / secret.place.path).read_text("utf-8").splitlines()[(secret.place.line or 1) - 1]
        assert PLACEHOLDER.search(line) is not None, secret.place


def test_a_key_that_is_filled_in_is_seen_and_stands_beside_one_agent(tmp_path: Path):
    tree = tmp_path / "company"
    shutil.copytree(COMPANY, tree)
    for path in tree.rglob(".env"):
        text = path.read_text("utf-8")
        for placeholder, (key, _) in KEYS.items():
            text = text.replace(placeholder, key)
        path.write_text(text, "utf-8")
    seen = inventory(tree)
    near = Neighbourhood(seen.agents)
    keys = [secret for secret in seen.secrets if secret.kind == "aws-access-key"]
    assert sorted(seen.agents[number].id for key in keys for number in near.of_place(key.place)) == sorted(who for _, who in KEYS.values())


@pytest.mark.parametrize("agent", [cast.NIGHT_REPORT, cast.SUPPLIER_DESK, cast.REFUND_DESK])
def test_a_remit_is_written_for_its_agent_and_is_valid(agent: str):
    path = DATA / "remits" / f"{agent}.yaml"
    parsed = parse(path.read_text("utf-8"), path.name)
    assert not parsed.problems
    remit = parsed.remit
    assert remit is not None
    assert remit.agent == agent
    assert remit.owner.contact in {cast.MIRA, cast.JONAS}
    assert remit.never
    assert remit.limits.calls is not None
    assert not check(remit)


def test_the_tasks_are_about_letters_that_are_there():
    letters = {path.name for path in (DATA / "letters").iterdir()}
    for task in (HONEST, POISONED):
        read = {call.arguments["name"] for call in task.calls if call.tool == "read_letter"}
        assert read <= letters
        assert all(name in task.words for name in read)
    assert len(letters) == 3
