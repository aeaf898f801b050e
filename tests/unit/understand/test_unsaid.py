"""Uses whose record does not say on which resource they were; mail that SES sends is one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from tests.unit.understand.worlds import ROLE, lines_of, material_of, use

from remit.model.access import Access, Effect, PrincipalAccess, Unread
from remit.model.alignment import Class
from remit.model.event import Use
from remit.systems.aws.system import SYSTEM
from remit.understand.align import align
from remit.understand.draft import draft
from remit.understand.spans import Spans
from remit.understand.unsaid import placed

HERE = "arn:aws:ses:eu-west-1:111111111111:"
MAIL, SET = f"{HERE}identity/example.com", f"{HERE}configuration-set/main"
VOCABULARIES = {"aws": SYSTEM.vocabulary()}
CONCERNS = {"aws": SYSTEM.concerns}
SENT = use("ses:SendEmail", "*", 3, 0)


def access(*grants: tuple[str, str], unread: tuple[Unread, ...] = ()) -> list[PrincipalAccess]:
    found = tuple(
        Access(system="aws:ses", action=action, resource=resource, decision=Effect.ALLOW, verb="transmit", because=())
        for action, resource in grants
    )
    return [PrincipalAccess(principal=ROLE, access=found, unread=unread)]


def where(uses: Sequence[Use], given: list[PrincipalAccess]) -> list[str]:
    return [each.resource for each in placed(uses, given, Spans(VOCABULARIES, CONCERNS), CONCERNS)]


@pytest.mark.parametrize(
    ("grants", "resource"),
    [
        ([("ses:SendEmail", MAIL)], MAIL),
        ([("ses:Send*", MAIL)], MAIL),
        ([("ses:SendEmail", MAIL), ("ses:GetSendQuota", "*")], MAIL),
        ([("ses:SendEmail", "arn:aws:ses:*:111111111111:identity/example.com")], "arn:aws:ses:*:111111111111:identity/example.com"),
        ([("ses:SendEmail", "*")], "*"),
        ([("ses:SendEmail", MAIL), ("ses:SendEmail", "*")], "*"),
        ([("ses:SendEmail", MAIL), ("ses:SendEmail", SET)], "*"),
        ([("ses:SendEmail", f"{HERE}identity/*")], "*"),
        ([("ses:SendRawEmail", MAIL)], "*"),
        ([], "*"),
    ],
)
def test_a_use_is_of_the_one_thing_that_its_action_is_granted_on(grants: list[tuple[str, str]], resource: str):
    assert where([SENT], access(*grants)) == [resource]


def test_nothing_is_placed_by_grants_that_were_not_all_read():
    assert where([SENT], access(("ses:SendEmail", MAIL), unread=(Unread(place="iam", why="not permitted"),))) == ["*"]


def test_what_is_said_what_was_refused_and_what_has_no_resource_stay_as_recorded():
    uses = [
        replace(SENT, resource=f"{HERE}identity/other.org"),
        replace(SENT, allowed=0, denied=2),
        use("ses:GetSendQuota", "*", 1, 0),
        replace(SENT, principal="arn:aws:iam::111111111111:role/other"),
    ]
    given = access(("ses:SendEmail", MAIL), ("ses:GetSendQuota", "*"))
    assert where(uses, given) == [each.resource for each in uses]


def test_mail_sent_under_a_grant_on_one_identity_is_needed_and_used():
    source = draft(replace(material_of({"code": [["ses:SendEmail", MAIL]]}), vocabularies=VOCABULARIES, concerns=CONCERNS))
    given = access(("ses:SendEmail", MAIL))
    uses = placed([SENT], given, Spans(VOCABULARIES, CONCERNS), CONCERNS)
    (line,) = align("worker", source, given, uses, VOCABULARIES, CONCERNS).lines
    assert (line.class_, line.resource, line.count) == (Class.NEEDED_USED, MAIL, 3)


@pytest.mark.parametrize(
    ("code", "uses", "lines", "is_open"),
    [
        (None, [], [], True),
        ("ada@example.com", [], [], True),
        (None, [["ses:SendEmail", MAIL, 3, 0]], [f"transmit | aws:ses | {MAIL} | inferred observed"], False),
        ("ada@example.com", [["ses:SendEmail", MAIL, 3, 0]], [f"transmit | aws:ses | {MAIL} | inferred observed"], False),
        (None, [["ses:SendEmail", "*", 3, 0]], ["transmit | aws:ses | * | inferred observed"], False),
        ("example.com", [], ["transmit | aws:ses | arn:aws:ses:*:111111111111:identity/example.com | inferred"], False),
    ],
)
def test_use_settles_as_which_identity_code_sends(code: str | None, uses: list[list[object]], lines: list[str], is_open: bool):
    given = material_of({"code": [["ses:SendEmail", code]], "uses": uses})
    found = draft(replace(given, vocabularies=VOCABULARIES, concerns=CONCERNS))
    assert lines_of(found, only_used=False) == lines
    assert bool(found.unresolved) is is_open
