"""SQL that hides what it does, found by attacking the reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from remit.decide.answers import MATCH
from remit.decide.statements.sql import MAX_TOKENS, actions_of, verbs_in_unreadable
from remit.decide.statements.sql_pattern import SqlPattern

CASES: dict[str, list[Any]] = yaml.safe_load(
    (Path(__file__).parents[3] / "cases" / "decide" / "attacks-sql.yaml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", CASES)
def test_a_statement_that_hides_its_actions_holds_these(name: str) -> None:
    text, expected = CASES[name]
    found = actions_of(text)
    assert (sorted(str(action) for action in found) if found else "absent") == expected


def test_quotes_and_capitals_do_not_hide_that_a_function_sends_data() -> None:
    assert {action.verb for action in actions_of('select "DBLINK"(1)') or ()} == {"read", "transmit"}


@pytest.mark.parametrize(
    "text",
    [
        "select day from costs.daily as d (secret, day)",
        "select day from (select secret from costs.daily) as d (day)",
        "with d (day) as (select secret from costs.daily) select day from d",
    ],
)
def test_columns_that_are_given_other_names_are_not_the_named_columns(text: str) -> None:
    pattern = SqlPattern("SELECT day FROM costs.daily")
    assert not all(pattern.answer(action, {}) is MATCH for action in actions_of(text) or ())


@pytest.mark.parametrize("text", ["kill 1", "install httpfs", "checkpoint", "discard all", "use hr", "shutdown"])
def test_a_statement_that_changes_the_server_is_administer_though_it_cannot_be_read(text: str) -> None:
    assert "administer" in verbs_in_unreadable(text)


@pytest.mark.parametrize(
    "text",
    [
        "1+" * MAX_TOKENS + "1",
        "select * from " + ",".join(["costs.t"] * 300) + " for update" * 300,
        "select " + "*" * 90_000,
    ],
)
def test_a_statement_that_would_take_too_long_counts_as_absent(text: str) -> None:
    assert actions_of(text) is None


def test_long_texts_in_a_statement_are_one_token_each() -> None:
    text = "insert into costs.notes values ('" + "some text, " * 8000 + "')"
    assert [str(action) for action in actions_of(text) or ()] == ["insert costs.notes"]
