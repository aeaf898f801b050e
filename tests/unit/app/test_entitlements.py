"""What actions do in verbs, and how the table of an agent is ordered and counted."""

from __future__ import annotations

import pytest
from tests.unit.app.test_granting import spans

from remit.app.views.entitlements import grouped, worst
from remit.model.alignment import AlignmentLine, Class
from remit.model.verbs import GRAVEST_FIRST, Verb
from remit.understand.abilities import Abilities


def line(system: str, action: str, resource: str = "*", class_: Class = Class.UNNEEDED, **more: str) -> AlignmentLine:
    return AlignmentLine(principal="p", system=system, action=action, resource=resource, class_=class_, why="nothing asks for it", **more)


@pytest.mark.parametrize(
    ("given", "verbs"),
    [
        (line("aws:s3", "s3:DeleteObject"), {Verb.DELETE}),
        (line("aws:*", "*"), set(Verb)),
        (line("aws:s3", "s3:Delete*", "arn:aws:s3:::b/*"), {Verb.DELETE, Verb.UPDATE}),
        (line("postgres:finops", "truncate", "costs.daily"), {Verb.DELETE}),
        (line("aws:s3", "read", "arn:aws:s3:::b/*", Class.NEEDED_NOT_GRANTED), {Verb.READ}),
        (line("mcp:desk", "pay", "pay_bill"), {Verb.PAY}),
        (line("mcp:desk", "call", "do_it"), set()),
    ],
)
def test_an_action_has_the_verbs_of_all_that_it_names(given: AlignmentLine, verbs: set[Verb]):
    assert set(Abilities(spans()).verbs(given)) == verbs


def test_a_pattern_has_no_verb_of_what_cannot_be_about_its_resource():
    whole, objects = line("aws:s3", "s3:Put*"), line("aws:s3", "s3:Put*", "arn:aws:s3:::b/x/*")
    found = Abilities(spans())
    assert set(found.verbs(objects)) <= set(found.verbs(whole))
    assert Verb.CREATE in found.verbs(objects)


def test_the_gravest_verb_comes_first_and_every_verb_has_its_rank():
    assert set(GRAVEST_FIRST) == set(Verb)
    found = Abilities(spans()).verbs(line("aws:s3", "s3:*"))
    assert list(found) == sorted(found, key=GRAVEST_FIRST.index)
    assert Verb.DELETE in found


def test_what_asks_most_for_somebody_is_worst():
    assert worst([Class.NEEDED_USED, Class.UNNEEDED]) is Class.UNNEEDED
    assert worst(Class) is Class.USED_NOT_NEEDED


def test_unused_actions_on_one_thing_for_one_reason_are_one_group_and_used_ones_are_not():
    lines = [line("s", "a", "r"), line("s", "b", "r"), line("s", "c", "r", last_used="2029-12-01T00:00:00Z")]
    assert [[each.action for each in group] for group in grouped(lines)] == [["a", "b"], ["c"]]
