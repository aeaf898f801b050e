"""What a remit forbids in a system's words."""

from __future__ import annotations

import pytest
from tests.kits.plugins.cabinet.system import Cabinet

from remit.document.parse import parse_or_raise
from remit.remedy.forbidden import excepted_by, forbidden_by, named_apart_by

REMIT = parse_or_raise(
    """
remit: 1
agent: tidy
purpose: Keep the linen in order.
owner: {contact: dana@example.com}
objectives:
  beds: {why: Beds need linen., can: [{read: "cabinet:hall", resource: linen}]}
never:
  - {delete: "cabinet:hall", resource: "s*"}
  - {any: "cabinet:attic"}
  - {update: "*", where: {reason: spite}}
  - {transmit: "*", outside: [example.com]}
  - {administer: "*"}
""",
    "tidy.yaml",
)
TABLES = {"cabinet": Cabinet().vocabulary()}


@pytest.mark.parametrize(
    ("system", "action", "resource", "forbidden", "excepted"),
    [
        ("cabinet:hall", "empty", "silver", "never[0]", ()),
        ("cabinet:hall", "EMPTY", "s*r", "never[0]", ()),
        ("cabinet:hall", "empty", "*r", "", ("s*",)),
        ("cabinet:hall", "emp*", "*r", "", ("s*",)),
        ("cabinet:hall", "*p*", "*r", "", ()),
        ("cabinet:hall", "empty", "linen", "", ()),
        ("cabinet:hall", "open", "silver", "", ()),
        ("cabinet:hall", "*", "silver", "", ()),
        ("cabinet:attic", "*", "*", "never[1]", ()),
        ("cabinet:hall", "fill", "silver", "", ()),
        ("cabinet:hall", "an action of no table", "linen", "never[4]", ()),
        ("other:place", "open", "linen", "", ()),
        ("other:place", "op*", "*", "", ()),
    ],
)
def test_only_lines_that_hold_whatever_the_circumstances_forbid(
    system: str, action: str, resource: str, forbidden: str, excepted: tuple[str, ...]
):
    assert forbidden_by(REMIT, TABLES)(system, action, resource) == forbidden
    assert excepted_by(REMIT, TABLES)(system, action, resource) == excepted


def test_without_a_remit_nothing_is_forbidden_by_it():
    assert forbidden_by(None, TABLES)("cabinet:hall", "empty", "silver") == ""


@pytest.mark.parametrize(
    ("action", "resource", "apart"),
    [
        ("*p*", "*r", ("empty", "open")),
        ("emp*", "*r", ("emp*",)),
        ("op*", "*r", ("op*",)),
        ("*p*", "linen", ("*p*",)),
        ("*p*", "silver", ("*p*",)),
        ("empty", "*r", ("empty",)),
    ],
)
def test_actions_of_a_pattern_stand_apart_only_where_a_line_forbids_some_of_them(action: str, resource: str, apart: tuple[str, ...]):
    assert named_apart_by(REMIT, TABLES)("cabinet:hall", action, resource) == apart
