"""What an agent reaches, as a picture: bounded, without overlap, with everything in it said in words too."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as some

from remit.app.web.fitting import cells, shortened
from remit.app.web.reach import BOX_HEIGHT, CHARACTER, PADDING, SMALL, WIDTH, Box, Branch, Named, Picture, picture
from remit.app.web.strands import MOST, Strand, in_short
from remit.model.alignment import Class
from remit.model.verbs import Verb

ROLE = "arn:aws:iam::111122223333:role/triage"


def strand(thing: str = "arn:aws:s3:::b", **more: object) -> Strand:
    given = {"identity": ROLE, "way": "policy read", "system": "aws:s3", "class_": Class.UNNEEDED, "verbs": frozenset({"read"}), "count": 1}
    return Strand(thing=thing, **{**given, **more})  # type: ignore[arg-type]


def drawn(*strands: Strand, identities: tuple[Named, ...] = (Named(ref=ROLE, text="aws:role/triage"),)) -> Picture:
    found = picture("triage", "risk 40.0", identities, strands)
    assert found is not None
    return found


def column(found: Picture, number: int) -> list[Box]:
    x = found.headings[number][0]
    return [box for box in found.boxes if box.x == x]


def leaves(branches: tuple[Branch, ...]) -> list[Branch]:
    return [leaf for branch in branches for leaf in (leaves(branch.branches) or [branch])]


def test_an_agent_of_which_nothing_is_known_has_no_picture():
    assert picture("triage", "", (), ()) is None


def test_an_identity_that_reaches_nothing_is_drawn_all_the_same():
    found = drawn()
    assert [box.label for box in found.boxes] == ["triage", "aws:role/triage"]
    assert found.edges == ()
    assert found.boxes[1].worst == "none"


def test_each_thing_is_led_to_by_identity_and_grant():
    found = drawn(strand(), strand("arn:aws:sqs:eu-west-1:111122223333:queue", system="aws:sqs", way="inline policy send"))
    assert [box.label for box in column(found, 2)] == ["inline policy send", "policy read"]
    assert {box.label for box in column(found, 3)} == {"b", "queue"}
    assert len(found.edges) == 1 + 2 + 2  # from the agent one of the class, then to each grant, then to each thing


def test_one_thing_in_two_classes_has_a_line_for_each_and_is_marked_by_the_worst():
    found = drawn(strand(class_=Class.NEEDED_USED), strand(class_=Class.USED_NOT_NEEDED))
    assert sorted(edge.class_ for edge in found.edges) == ["needed_used"] * 3 + ["used_not_needed"] * 3
    assert {box.worst for box in found.boxes} == {"used_not_needed"}
    assert [name for name, _ in found.classes] == ["used_not_needed", "needed_used"]


def test_a_picture_of_very_much_stays_small_and_says_how_much_is_left_out():
    many = [strand(f"arn:aws:s3:::{chr(97 + n % 20)}{n}", way=f"policy {n % 40}") for n in range(400)]
    found = drawn(*many)
    assert all(len(column(found, number)) <= MOST for number in range(4))
    assert column(found, 2)[-1].label == "and 29 more"
    assert sum(count for leaf in leaves(found.tree) for _, count in leaf.classes) == 400


def test_more_identities_than_there_is_room_for_are_one_box():
    refs = [f"postgres:finops/r{number}" for number in range(9)]
    found = drawn(*(strand(identity=ref, way=f"member of {ref}") for ref in refs), identities=tuple(Named(ref=r, text=r) for r in refs))
    assert [box.label for box in column(found, 1)] == ["postgres:finops/r0", *refs[1:5], "and 4 more"]


def test_tables_of_a_schema_share_a_box_only_where_there_are_too_many():
    tables = [strand(f"costs.t{number}", system="postgres:finops") for number in range(MOST)]
    assert len(column(drawn(*tables), 3)) == MOST
    costs, pay = column(drawn(*tables, strand("hr.pay", system="postgres:finops")), 3)
    assert (costs.label, costs.sub) == ("costs.…", "12 in postgres:finops · read")
    assert (pay.label, pay.sub) == ("hr.pay", "postgres:finops · read")


def test_what_is_worst_has_a_box_before_what_there_is_most_of():
    calm = [strand(f"{chr(97 + n)}x", class_=Class.NEEDED_USED, count=1_000) for n in range(20)]
    found = drawn(*calm, strand("zz", class_=Class.USED_NOT_NEEDED))
    assert "zz" in {box.label for box in column(found, 3)}


def test_what_nothing_grants_hangs_from_no_identity():
    found = drawn(strand(identity="", way="nothing grants it", class_=Class.NEEDED_NOT_GRANTED))
    assert "no identity" in {box.label for box in column(found, 1)}
    assert next(box for box in column(found, 1) if box.label == "no identity").query == {}


def test_a_thing_leads_to_its_lines():
    found = drawn(strand(), strand("*", system="aws:ce"))
    queries = {box.label: box.query for box in column(found, 3)}
    assert queries == {"b": {"system": "aws:s3", "on": "arn:aws:s3:::b"}, "everything": {"system": "aws:ce"}}


def test_as_many_verbs_are_named_as_fit_and_the_gravest_are():
    assert in_short({"read", "delete", "administer"}) == "administer, delete, read"
    assert in_short({"read", "delete", "administer"}, 22) == "administer, delete +1"
    assert in_short(set(Verb)) == "every verb"
    assert in_short({"unknown"}) == "call"


def test_the_middle_of_a_long_name_is_left_out_and_its_end_is_kept():
    assert shortened("arn:aws:s3:::lumen-billing-exports/daily/2026", 20) == "arn:aws…s/daily/2026"
    assert shortened("short", 5) == "short"
    assert cells("表") == 2


names = some.text(min_size=1, max_size=60)
things = some.sampled_from(["*", "hr.pay", "arn:aws:s3:::lumen-billing-exports", "x" * 90, "表" * 40]) | names
strands = some.lists(
    some.builds(
        strand,
        thing=things,
        identity=some.sampled_from(["", ROLE, "b", "c"]),
        way=things,
        system=some.sampled_from(["aws:s3", "postgres:finops", "mcp:a-very-long-name-of-a-server"]),
        class_=some.sampled_from(Class),
        verbs=some.sampled_from([frozenset({"read"}), frozenset(map(str, Verb)), frozenset({"delete", "transmit", "administer"})]),
        count=some.integers(min_value=1, max_value=9_999),
    ),
    max_size=25,
)


@given(agent=names, strands=strands, notes=some.lists(names, max_size=8))
def test_no_box_stands_on_another_and_no_text_leaves_its_box(agent: str, strands: list[Strand], notes: list[str]):
    named = tuple(Named(ref=f"i{number}", text=note, note=note) for number, note in enumerate(notes))
    found = picture(agent, "risk", named, strands)
    if found is None:
        return
    for number in range(4):
        boxes = sorted(column(found, number), key=lambda box: box.y)
        assert len(boxes) <= MOST
        assert all(upper.y + BOX_HEIGHT <= lower.y for upper, lower in pairwise(boxes))
        assert all(box.y >= 0 and box.y + BOX_HEIGHT <= found.height and box.x + box.width <= WIDTH for box in boxes)
    for box in found.boxes:
        assert cells(box.label) * CHARACTER <= box.width - 2 * PADDING
        assert cells(box.sub) * SMALL <= box.width - 2 * PADDING
    assert all(re.fullmatch(r"M[\d.]+ [\d.]+ C[\d. ]+", edge.path) for edge in found.edges)
    assert sum(count for leaf in leaves(found.tree) for _, count in leaf.classes) == sum(strand.count for strand in strands)
