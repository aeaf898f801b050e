from __future__ import annotations

from typing import Any

import pytest

from remit.systems.postgres.system import SYSTEM

WORLD: dict[str, Any] = {
    "version": 180004,
    "database": {"name": "fin", "owner": "boss", "acl": None},
    "roles": [{"name": "boss", "superuser": False}, {"name": "agent", "superuser": False}],
    "memberships": [],
    "schemas": [{"name": "app", "owner": "boss", "acl": ["=U/boss"]}],
    "relations": [
        {
            "schema": "app",
            "name": "t",
            "kind": "table",
            "owner": "boss",
            "acl": ["agent=arwd/boss"],
            "columns": [{"name": "a", "acl": None}],
        },
        {"schema": "app", "name": "s", "kind": "sequence", "owner": "boss", "acl": ["agent=rwU/boss"], "columns": []},
    ],
}


def case(**statement: Any) -> dict[str, Any]:
    whole = {"verb": "SELECT", "schema": "app", "table": "t", "columns": ["a"], **statement}
    return {"id": "1", "world": "w.json", "request": {"role": "agent", "statement": whole}}


@pytest.mark.parametrize(
    ("statement", "is_allowed"),
    [
        ({}, True),
        ({"columns": ["a", "nothing"]}, False),
        ({"table": "missing"}, False),
        ({"schema": "missing"}, False),
        ({"verb": "TRUNCATE", "columns": []}, False),
        ({"verb": "delete", "columns": []}, True),
        ({"verb": "UPDATE", "columns": []}, False),
        ({"table": "s", "columns": ["last_value"]}, True),
        ({"table": "s", "verb": "UPDATE", "columns": ["last_value"]}, False),
    ],
)
def test_a_statement_is_allowed_where_it_would_run(statement: dict[str, Any], is_allowed: bool):
    answer = SYSTEM.evaluate(case(**statement), lambda name: WORLD)
    assert answer.is_allowed is is_allowed
    assert answer.because


@pytest.mark.parametrize(
    ("bad", "world", "told"),
    [
        ({}, WORLD, "no `request`"),
        ({"request": {}, "world": "w"}, WORLD, "no `statement`"),
        (case(verb="DROP"), WORLD, "the verb `drop`"),
        (case(columns="a"), WORLD, "no list of names"),
        (case(table=""), WORLD, "no `table`"),
        ({**case(), "request": {**case()["request"], "role": "nobody"}}, WORLD, "no role `nobody`"),
        (case(), [], "no catalogue dump"),
        (case(), {}, "no `database`"),
        (case(), {**WORLD, "version": "18"}, "no `version`"),
        (case(), {**WORLD, "roles": None}, "no list `roles`"),
        (case(), {**WORLD, "roles": [7]}, "`roles[0]`"),
        (case(), {**WORLD, "roles": [{"name": "agent", "superuser": "no"}]}, "`roles[0].superuser`"),
        (case(), {**WORLD, "memberships": [{"role": "boss", "member": "agent"}]}, "`memberships[0].inherit`"),
        (case(), {**WORLD, "schemas": [{"name": "app", "owner": "boss", "acl": [7]}]}, "no list of texts"),
        (case(), {**WORLD, "schemas": [{"name": "app", "owner": "boss", "acl": ["agent=Z/boss"]}]}, "cannot be read"),
    ],
)
def test_a_bad_case_is_refused_in_words(bad: dict[str, Any], world: Any, told: str):
    with pytest.raises(ValueError, match=r".") as caught:
        SYSTEM.evaluate(bad, lambda name: world)
    assert told in str(caught.value)
