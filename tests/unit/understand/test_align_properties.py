"""What holds of every alignment, whatever is granted, needed and used."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.understand.worlds import AWS, CONCERNS, ROLE, VOCABULARIES, grant, remit_of, use

from remit.document.pattern import contains
from remit.model.access import Access, PrincipalAccess
from remit.model.alignment import Alignment, AlignmentLine, Class
from remit.model.event import Use
from remit.model.identity import Because
from remit.model.place import Place
from remit.understand.align import align

NEEDED = {Class.NEEDED_USED, Class.NEEDED_UNUSED, Class.NEEDED_NOT_GRANTED}
RESOURCES = ["arn:aws:s3:::a", "arn:aws:s3:::a/*", "arn:aws:s3:::a/x/*", "arn:aws:s3:::a/x/1", "arn:aws:s3:::b/*", "arn:aws:s3:::*", "*"]
THINGS = ["arn:aws:s3:::a", "arn:aws:s3:::a/x/1", "arn:aws:s3:::a/y/1", "arn:aws:s3:::b/1", "arn:aws:s3:::b"]
ACTIONS = [name for name in AWS if name.startswith("s3:")]
PATTERNS = [*ACTIONS, "s3:*", "s3:Get*", "s3:*Object*", "*"]
VERBS = ["list", "read", "create", "delete", "administer", "any"]

grants = st.lists(st.tuples(st.sampled_from(PATTERNS), st.sampled_from(RESOURCES)), max_size=5, unique=True)
needs = st.lists(st.tuples(st.sampled_from(VERBS), st.sampled_from(RESOURCES)), min_size=1, max_size=4, unique=True)
nevers = st.lists(st.tuples(st.sampled_from(VERBS), st.sampled_from(RESOURCES)), max_size=2)
uses = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.sampled_from(THINGS), st.integers(0, 3), st.integers(0, 2)),
    max_size=6,
    unique_by=lambda each: each[:2],
)


def access_of(found: list[tuple[str, str]]) -> list[Access]:
    made = [grant(action, resource)[1] for action, resource in found]
    return [
        Access(
            system=each.system,
            action=each.action,
            resource=each.resource,
            because=(Because(place=Place(f"{ROLE}#policy/p[{number}]"), text="grants it"),),
        )
        for number, each in enumerate(made)
    ]


def aligned(needed: list[tuple[str, str]], never: list[tuple[str, str]], access: list[Access], used: list[Use]) -> Alignment:
    can: list[dict[str, Any]] = [{verb: "aws:s3", "resource": resource} for verb, resource in needed]
    forbidden = [{verb: "aws:s3", "resource": resource} for verb, resource in never]
    principal = PrincipalAccess(principal=ROLE, access=tuple(access))
    return align("worker", remit_of(can, forbidden), [principal], used, VOCABULARIES, CONCERNS)


def real(used: list[tuple[str, str, int, int]]) -> list[Use]:
    """Uses that can happen: an action on what it can be about."""
    return [use(*each) for each in used if CONCERNS["aws"](each[0], each[1])]


def holds(line: AlignmentLine, found: Use) -> bool:
    return line.action == found.action and contains(line.resource, found.resource) and line.class_ in (*NEEDED, Class.USED_NOT_NEEDED)


@settings(deadline=None)
@given(grants, needs, nevers, uses)
def test_each_allowed_use_is_counted_once_and_a_refused_one_never(
    granted: list[tuple[str, str]], needed: list[tuple[str, str]], never: list[tuple[str, str]], used: list[tuple[str, str, int, int]]
) -> None:
    found = aligned(needed, never, access_of(granted), real(used))
    assert sum(line.count for line in found.lines) == sum(each.allowed for each in real(used))


@settings(deadline=None)
@given(grants, grants, needs, nevers, uses)
def test_whether_a_use_is_needed_does_not_depend_on_what_is_granted(
    one: list[tuple[str, str]],
    other: list[tuple[str, str]],
    needed: list[tuple[str, str]],
    never: list[tuple[str, str]],
    used: list[tuple[str, str, int, int]],
) -> None:
    for each in real(used):
        answers = set()
        for granted in (one, other):
            lines = [line for line in aligned(needed, never, access_of(granted), [each]).lines if line.count]
            answers.add(frozenset(line.class_ in NEEDED for line in lines))
        assert len(answers) == 1


@settings(deadline=None)
@given(grants, needs, nevers, uses)
def test_every_grant_stands_in_a_line(
    granted: list[tuple[str, str]], needed: list[tuple[str, str]], never: list[tuple[str, str]], used: list[tuple[str, str, int, int]]
) -> None:
    access = access_of(granted)
    places = {because.place for line in aligned(needed, never, access, real(used)).lines for because in line.because}
    assert {each.because[0].place for each in access} <= places


@settings(deadline=None)
@given(grants, needs, uses)
def test_every_need_stands_in_a_line(
    granted: list[tuple[str, str]], needed: list[tuple[str, str]], used: list[tuple[str, str, int, int]]
) -> None:
    rules = {line.rule for line in aligned(needed, [], access_of(granted), real(used)).lines if line.class_ in NEEDED}
    for number, (verb, resource) in enumerate(needed):
        wider = [other for at, (other, over) in enumerate(needed) if at != number and other in (verb, "any") and contains(over, resource)]
        assert f"objectives.work.can[{number}]" in rules or wider


@settings(deadline=None)
@given(grants, needs, nevers, uses, st.randoms(use_true_random=False))
def test_the_order_of_grants_and_uses_makes_no_difference(
    granted: list[tuple[str, str]],
    needed: list[tuple[str, str]],
    never: list[tuple[str, str]],
    used: list[tuple[str, str, int, int]],
    random: Any,
) -> None:
    access, found = access_of(granted), real(used)
    first = aligned(needed, never, access, found)
    random.shuffle(access)
    random.shuffle(found)
    second = aligned(needed, never, access, found)

    def shown(alignment: Alignment) -> set[tuple[str, str, str, int]]:
        return {(line.class_.value, line.action, line.resource, line.count) for line in alignment.lines}

    assert shown(first) == shown(second)


@settings(deadline=None)
@given(grants, needs, nevers)
def test_a_line_to_keep_names_nothing_that_is_not_needed(
    granted: list[tuple[str, str]], needed: list[tuple[str, str]], never: list[tuple[str, str]]
) -> None:
    lines = [line for line in aligned(needed, never, access_of(granted), []).lines if line.class_ is Class.NEEDED_UNUSED]
    for line in lines:
        for action in ACTIONS:
            is_named = line.action == action or (line.action.endswith("*") and action.startswith(line.action[:-1]))
            if not is_named or not CONCERNS["aws"](action, line.resource):
                continue
            verb = AWS[action][0].value
            assert any(asked in (verb, "any") and contains(resource, line.resource) for asked, resource in needed)
            assert not any(asked in (verb, "any") and contains(resource, line.resource) for asked, resource in never)
