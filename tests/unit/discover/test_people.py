"""Logins that are called like somebody who is known to be a person are that person's own."""

import pytest

from remit.discover.people import known_people, with_people
from remit.model.access import Principal
from remit.model.identity import Because
from remit.model.place import Place

PEOPLE = (
    ("jonas.weber@example.com", "CODEOWNERS:3"),
    ("@ida-holm", "CODEOWNERS:4"),
    ("@acme/platform", "CODEOWNERS:5"),
    ("ops@example.com", "CODEOWNERS:6"),
)


def login(name: str, kind: str = "login role", person: str = "") -> Principal:
    because = Because(place=Place("row"), text=person) if person else None
    return Principal(
        ref=f"postgres:fin/{name}", short=f"postgres:fin/{name}", connection="postgres:fin", kind=kind, place="row", person=because
    )


def whose(name: str, kind: str = "login role", agents: tuple[str, ...] = ()) -> str | None:
    """The place that names the person."""
    (found,) = with_people([login(name, kind)], known_people(PEOPLE, ()), agents)
    return None if found.person is None else str(found.person.place)


@pytest.mark.parametrize("name", ["jonas.weber", "jonas_weber", "JonasWeber", "jweber", "weberj", "jonas"])
def test_a_login_called_like_a_known_person_is_that_person_s(name: str) -> None:
    assert whose(name) == "CODEOWNERS:3"


def test_a_handle_with_two_names_is_a_person_and_a_team_is_none() -> None:
    assert whose("ida_holm") == "CODEOWNERS:4"
    assert whose("ida") is None, "three letters are too few"
    assert whose("platform") is None
    assert whose("ops") is None


def test_a_service_a_group_and_an_agent_s_own_login_are_nobody_s() -> None:
    assert whose("billing_reader") is None
    assert whose("jonas", "role") is None
    assert whose("jonas", agents=("Jonas",)) is None


def test_a_first_name_that_two_people_have_says_nothing() -> None:
    people = known_people((*PEOPLE, ("jonas.lind@example.com", "CODEOWNERS:9")), ())
    first, last = with_people([login("jonas"), login("jlind")], people)
    assert first.person is None
    assert last.person is not None


def test_a_person_of_another_system_is_known_here_too() -> None:
    theirs = login("sofia", person="tag `type` says so")
    here = login("sofia")
    found = with_people([here], known_people((), [theirs]))
    assert found[0].person is not None
    assert "called like `sofia`" in found[0].person.text
