"""Ids, and who hands over to whom."""

from __future__ import annotations

import pytest
from tests.unit.discover.evidence import sighting

from remit.discover.naming import delegates, ids
from remit.model.ids import is_agent_slug


@pytest.mark.parametrize(
    ("seen", "slug"),
    [
        (sighting("a.py:1", "Cost Triage!"), "cost-triage"),
        (sighting("a.py:1", "Büro-Helfer"), "buro-helfer"),
        (sighting("a.py:1", None, aliases=("triage_agent",)), "triage_agent"),
        (sighting("src/triage.py:1", None, aliases=("agent",)), "crewai-triage"),
        (sighting("src/triage.py:1", None), "crewai-triage"),
        (sighting("src/triage.py:1", "助手"), "crewai-triage"),
        (sighting("a.py:1", "agent"), "agent"),
        (sighting(".github/x.agent.md:1", None, framework="markdown-agent"), "markdown-agent-x"),
        (sighting("a.py:1", "\x1b[31m" + "x" * 500), "31m" + "x" * 125),
    ],
)
def test_an_agent_is_called_by_its_name_its_variable_or_its_file(seen, slug: str):
    assert ids([seen]) == [slug]


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (["a/x.py:1", "b/x.py:1"], ["helper", "helper-b"]),
        (["a/x.py:1", "a/y.py:1"], ["helper", "helper-y"]),
        (["a/b/x.py:1", "c/b/x.py:1", "c/d/x.py:1"], ["helper", "helper-c-b", "helper-d"]),
        (["x.py:1", "x.py:9", "x.py:20"], ["helper", "helper-2", "helper-3"]),
        (["x.py:1", "x.py:9", "y.py:1"], ["helper", "helper-x", "helper-y"]),
    ],
)
def test_on_a_clash_the_first_keeps_the_name_and_the_others_add_what_tells_them_apart(places: list[str], expected: list[str]):
    given = ids([sighting(place, "Helper") for place in places])
    assert len(set(given)) == len(given)
    assert given[0] == "helper"
    assert given == expected


def test_thousands_of_one_name_get_thousands_of_ids():
    given = ids([sighting(f"f{number // 7}/a.py:{number}", "x" * 200) for number in range(5000)])
    assert len(set(given)) == 5000
    assert all(is_agent_slug(slug) for slug in given)


def test_a_made_up_id_never_takes_the_id_that_another_has_by_name():
    given = ids([sighting("a/x.py:1", "helper"), sighting("b/x.py:1", "helper"), sighting("c/x.py:1", "helper-b")])
    assert given == ["helper", "helper-b-2", "helper-b"]


def test_delegation_finds_the_agent_of_the_same_file_and_else_the_only_one_of_that_name():
    seen = [
        sighting("a.py:1", "Writer", aliases=("writer",)),
        sighting("a.py:9", "Lead", delegates_to=("writer", "Checker", "twice", "nobody", "Lead")),
        sighting("b.py:1", "Writer", aliases=("writer",)),
        sighting("b.py:5", "Checker"),
        sighting("c.py:1", "twice"),
        sighting("d.py:1", "twice"),
    ]
    slugs = ids(seen)
    assert delegates(seen, slugs)[1] == ("writer", "checker")


def test_of_two_in_one_file_the_last_before_the_delegation_is_meant():
    seen = [
        sighting("a.py:1", "W", aliases=("w",)),
        sighting("a.py:5", "V", aliases=("w",)),
        sighting("a.py:9", "Lead", delegates_to=("w",)),
    ]
    assert delegates(seen, ids(seen))[2] == ("v",)
