"""SQL arguments are parsed into the actions in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from remit.decide.answers import ABSENT, MATCH, NO, Answer
from remit.decide.statements.sql import actions_of, verbs_in_unreadable
from remit.decide.statements.sql_pattern import SqlPattern

CASES: dict[str, list[Any]] = yaml.safe_load((Path(__file__).parents[3] / "cases" / "decide" / "sql.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CASES)
def test_a_statement_holds_these_actions(name: str) -> None:
    text, expected = CASES[name]
    found = actions_of(text)
    assert (sorted(str(action) for action in found) if found else "absent") == expected


def some(pattern: str, text: str) -> Answer:
    units = actions_of(text)
    if not units:
        return ABSENT
    answers = [SqlPattern(pattern).answer(unit, {}) for unit in units]
    return MATCH if MATCH in answers else ABSENT if ABSENT in answers else NO


@pytest.mark.parametrize(
    ("patterns", "text", "is_allowed"),
    [
        (["select costs.daily"], "select * from costs.daily", True),
        (["select costs.daily"], "select * from Costs.Daily", True),
        (["SELECT Costs.Daily"], "select * from costs.daily", True),
        (["select costs.*"], "select * from costs.daily join costs.monthly using (id)", True),
        (["select costs.*"], "select * from costs.daily join hr.pay using (id)", False),
        (["select costs.*", "select hr.*"], "select * from costs.daily join hr.pay using (id)", True),
        (["select"], "select * from anything", True),
        (["select"], "delete from anything", False),
        (["* costs.*"], "delete from costs.daily", True),
        (["*"], "drop table x", True),
        (["*"], "do $$ x $$", False),
        (["*"], "no sql", False),
        (["select costs.daily"], "select * from daily", False),
        (["select daily"], "select * from daily", True),
        (["select daily"], "select * from costs.daily", False),
        (["SELECT * FROM costs.daily"], "select a, b from costs.daily where c > 1", True),
        (["SELECT * FROM costs.daily"], "select * from costs.daily, hr.pay", False),
        (["SELECT day, amount FROM costs.daily"], "select day from costs.daily where amount > 1", True),
        (["SELECT day, amount FROM costs.daily"], "select day from costs.daily where secret > 1", False),
        (["SELECT day, amount FROM costs.daily"], "select * from costs.daily", False),
        (["SELECT day, amount FROM costs.daily"], "select d.* from costs.daily d", False),
        (["SELECT day, amount FROM costs.daily"], "select d from costs.daily d", False),
        (["SELECT day, amount FROM costs.daily"], "select count(*) from costs.daily", True),
        (["select costs.*", "call refresh"], "select refresh() from costs.daily", True),
        (["select costs.*"], "select refresh() from costs.daily", False),
        (["select costs.*"], "select * from costs.daily for update", False),
        (["select 'not a pattern"], "select 'x'", False),
        (['select "Odd".t'], 'select * from "Odd".t', True),
    ],
)
def test_a_query_is_allowed_only_when_each_action_in_it_is(patterns: list[str], text: str, is_allowed: bool) -> None:
    units = actions_of(text)
    allowed = bool(units) and all(any(SqlPattern(pattern).answer(unit, {}) is MATCH for pattern in patterns) for unit in units or ())
    assert allowed is is_allowed


@pytest.mark.parametrize(
    ("pattern", "text", "answer"),
    [
        ("delete hr.*", "delete from hr.pay", MATCH),
        ("delete hr.*", "delete from pay", ABSENT),
        ("delete pay", "delete from hr.pay", ABSENT),
        ("delete hr.*", "delete from costs.pay", NO),
        ("delete hr.*", "select * from hr.pay", NO),
        ("drop", "select 1; drop table x", MATCH),
        ("SELECT secret FROM hr.pay", "select * from hr.pay", ABSENT),
        ("nonsense 'x", "select 1", ABSENT),
        ("nonsense x", "select 1", ABSENT),
        ("select hr.*", "select 1", NO),
    ],
)
def test_a_never_is_met_by_what_could_be_the_forbidden_action(pattern: str, text: str, answer: Answer) -> None:
    assert some(pattern, text) is answer


@pytest.mark.parametrize(
    ("text", "verbs"),
    [
        ("refund policy of the shop", set()),
        ("where do I execute a copy of my user", set()),
        ("create server x", {"create", "transmit"}),
        ("do $$ anything $$", {"read", "create", "update", "delete", "execute", "administer", "transmit"}),
        ("drop table x cascade", {"delete", "read"}),
        ("select '\\'; copy x to program 'y'", {"read", "transmit"}),
    ],
)
def test_sql_that_cannot_be_read_has_the_verbs_of_its_words(text: str, verbs: set[str]) -> None:
    assert verbs_in_unreadable(text) == verbs


def test_sql_that_is_deep_or_huge_is_absent_and_ends() -> None:
    assert actions_of("select " + "(" * 2000 + "1" + ")" * 2000) is None
    assert actions_of("select 1 from a" + " join a on true" * 400) is not None
    assert actions_of("[" * 5000) is None
