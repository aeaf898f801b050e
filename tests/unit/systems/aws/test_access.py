"""What principals can do, listed from their policies, and single questions about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from tests.unit.systems.aws.iam_objects import arn, bucket, group, managed, policy, role, statement, user

from remit.model.access import Access, NativeObject
from remit.systems.aws.access import access_of, decides

ROLE = arn("role/agents/triage")
EXPORTS = ["arn:aws:s3:::exports", "arn:aws:s3:::exports/*"]


def triage(*statements: dict[str, Any], **more: Any) -> NativeObject:
    return role("agents/triage", {"given": policy(*statements)}, **more)


def lines(objects: Sequence[NativeObject], ref: str = ROLE) -> list[Access]:
    (found,) = access_of(objects, [ref])
    return list(found.access)


def shown(objects: Sequence[NativeObject], ref: str = ROLE) -> set[tuple[str, str, str]]:
    return {(line.action, line.resource, line.decision.value) for line in lines(objects, ref)}


def test_patterns_stay_patterns_and_meaningless_pairs_are_left_out():
    assert shown([triage(statement(["s3:GetObject", "s3:ListBucket", "s3:Put*"], EXPORTS))]) == {
        ("s3:GetObject", "arn:aws:s3:::exports/*", "allow"),
        ("s3:ListBucket", "arn:aws:s3:::exports", "allow"),
        ("s3:Put*", "arn:aws:s3:::exports", "allow"),
        ("s3:Put*", "arn:aws:s3:::exports/*", "allow"),
    }


def test_a_line_says_which_system_and_verb_it_is_of():
    found = {line.action: (line.system, line.verb) for line in lines([triage(statement(["s3:GetObject", "ec2:*", "*"]))])}
    assert found == {"s3:GetObject": ("aws:s3", "read"), "ec2:*": ("aws:ec2", None), "*": ("aws:*", None)}


@pytest.mark.parametrize(
    ("denial", "left"),
    [
        (statement("s3:GetObject", "*", "Deny"), set()),
        (statement("s3:*", "arn:aws:s3:::exp*", "Deny"), set()),
        (statement(None, "*", "Deny", NotAction="ec2:*"), set()),
        (statement("*", None, "Deny", NotResource="arn:aws:s3:::other/*"), set()),
        (statement(None, "*", "Deny", NotAction="s3:*"), {("s3:GetObject", "allow", ())}),
        (statement("s3:Put*", "*", "Deny"), {("s3:GetObject", "allow", ())}),
        (statement("*", "arn:aws:s3:::exports/secret/*", "Deny"), {("s3:GetObject", "allow", ("not * on arn:aws:s3:::exports/secret/*",))}),
    ],
)
def test_what_is_denied_is_taken_away_or_told(denial: dict[str, Any], left: set[tuple[str, str, tuple[str, ...]]]):
    objects = [triage(statement("s3:GetObject", "arn:aws:s3:::exports/*"), denial)]
    assert {(line.action, line.decision.value, line.but) for line in lines(objects)} == left


def test_a_denial_of_everything_but_some_leaves_those():
    objects = [triage(statement("*"), statement(None, "*", "Deny", NotAction=["s3:Get*", "ce:*"]))]
    assert shown(objects) == {("s3:get*", "*", "allow"), ("ce:*", "*", "allow")}


def test_conditions_make_it_depend_on_their_keys():
    objects = [triage(statement("s3:GetObject", EXPORTS[1], Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}))]
    (line,) = lines(objects)
    assert (line.decision.value, line.depends_on) == ("depends", ("aws:SourceIp",))


def test_a_conditional_denial_makes_it_depend_too():
    objects = [
        triage(statement("s3:GetObject", EXPORTS[1]), statement("*", "*", "Deny", Condition={"Bool": {"aws:SecureTransport": "false"}}))
    ]
    assert [line.depends_on for line in lines(objects)] == [("aws:SecureTransport",)]


def test_conditions_that_every_request_meets_or_fails_are_settled():
    mine = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/agents/*"}}
    others = {"StringEquals": {"aws:PrincipalAccount": "999988887777"}}
    objects = [triage(statement("s3:GetObject", EXPORTS[1], Condition=mine), statement("s3:ListBucket", EXPORTS[0], Condition=others))]
    assert shown(objects) == {("s3:GetObject", EXPORTS[1], "allow")}


def test_a_grant_with_a_date_says_when_it_ends():
    condition = {"DateLessThan": {"aws:CurrentTime": "2026-09-01T00:00:00+02:00"}}
    (line,) = lines([triage(statement("s3:GetObject", EXPORTS[1], Condition=condition))])
    assert (line.expires, line.depends_on) == ("2026-08-31T22:00:00Z", ("aws:CurrentTime",))


def test_a_boundary_limits_what_is_listed_and_stands_in_the_path():
    objects = [triage(statement("s3:*", EXPORTS[1]), boundary=arn("policy/B")), managed("B", policy(statement(["s3:Get*", "ec2:*"])))]
    (line,) = lines(objects)
    assert (line.action, line.resource) == ("s3:get*", EXPORTS[1])
    assert [str(because.place) for because in line.because] == [f"{ROLE}#inline/given[0]", f"{ROLE}#boundary/{arn('policy/B')}"]


def test_a_boundary_that_was_not_read_leaves_nothing_certain():
    (found,) = access_of([triage(statement("s3:GetObject", EXPORTS[1]), boundary=arn("policy/B"))], [ROLE])
    assert [line.decision.value for line in found.access] == ["depends"]
    assert [part.place for part in found.unread] == [arn("policy/B")]


def test_a_users_groups_count_with_the_way_to_them():
    objects = [
        user("bot", groups=["readers"]),
        group("readers", attached=[arn("policy/Read")]),
        managed("Read", policy(statement("s3:GetObject", "arn:aws:s3:::exports/${aws:username}/*"))),
    ]
    (line,) = lines(objects, arn("user/bot"))
    assert (line.resource, line.decision.value) == ("arn:aws:s3:::exports/bot/*", "allow")
    assert [str(because.place) for because in line.because] == [
        f"{arn('user/bot')}#group/readers",
        f"{arn('group/readers')}#attached/{arn('policy/Read')}",
        f"{arn('policy/Read')}[0]",
    ]


def test_a_variable_that_is_not_known_stays_a_pattern_and_depends():
    (line,) = lines([triage(statement("s3:GetObject", "arn:aws:s3:::exports/${aws:PrincipalTag/team}/*"))])
    assert (line.resource, line.depends_on) == ("arn:aws:s3:::exports/*/*", ("aws:PrincipalTag/team",))


def test_a_buckets_own_policy_gives_and_denies():
    own = policy(
        statement("s3:GetObject", "arn:aws:s3:::shared/*", Principal={"AWS": ROLE}),
        statement("s3:*", "arn:aws:s3:::shared/private/*", "Deny", Principal="*"),
    )
    (line,) = lines([triage(), bucket("shared", own)])
    assert str(line.because[0].place) == "arn:aws:s3:::shared#policy[0]"
    assert line.but == ("not s3:* on arn:aws:s3:::shared/private/*",)


def test_what_was_not_read_is_told_and_not_counted_as_absent():
    broken = role("broken", attached=[arn("policy/Gone")])
    body = {key: value for key, value in broken.body.items() if key != "InlinePolicies"}
    objects = [msgspec.structs.replace(broken, body=body), managed("Bad", {"Statement": 7})]
    (found,) = access_of(objects, [arn("role/broken")])
    assert found.access == ()
    assert {part.place for part in found.unread} == {arn("role/broken"), arn("policy/Gone")}
    verdict = decides(objects, arn("role/broken"), "s3:GetObject", "arn:aws:s3:::exports/a")
    assert not verdict.is_allowed
    assert verdict.depends_on


@pytest.mark.parametrize(
    ("action", "resource", "is_allowed", "depends_on"),
    [
        ("s3:GetObject", "arn:aws:s3:::exports/a", True, ()),
        ("S3:getobject", "arn:aws:s3:::exports/a", True, ()),
        ("s3:GetObject", "arn:aws:s3:::other/a", False, ()),
        ("s3:PutObject", "arn:aws:s3:::exports/a", False, ("aws:SourceIp",)),
        ("s3:DeleteObject", "arn:aws:s3:::exports/a", False, ()),
    ],
)
def test_one_question_is_answered_with_the_context_unknown(action: str, resource: str, is_allowed: bool, depends_on: tuple[str, ...]):
    condition = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    objects = [
        triage(
            statement(["s3:GetObject", "s3:DeleteObject"], EXPORTS[1]),
            statement("s3:PutObject", EXPORTS[1], Condition=condition),
            statement("s3:DeleteObject", "*", "Deny"),
        )
    ]
    verdict = decides(objects, ROLE, action, resource)
    assert (verdict.is_allowed, verdict.depends_on) == (is_allowed, depends_on)
    assert verdict.because


@pytest.mark.parametrize(
    ("action", "resource", "depends_on"),
    [
        ("s3:GetObject", "*", ("the resource",)),
        ("s3:GetObject", "arn:aws:s3:::exports/*", ()),
        ("s3:GetObject", "arn:aws:s3:::other/*", ()),
        ("s3:ListAllMyBuckets", "*", ()),
    ],
)
def test_a_pattern_for_a_resource_is_answered_with_what_it_may_stand_for(action: str, resource: str, depends_on: tuple[str, ...]):
    objects = [triage(statement(["s3:GetObject", "s3:ListAllMyBuckets"], EXPORTS[1]))]
    assert decides(objects, ROLE, action, resource).depends_on == depends_on


def test_nobody_can_do_anything_as_somebody_unknown():
    (found,) = access_of([], [ROLE])
    assert (found.access, len(found.unread)) == ((), 1)
    assert not decides([], ROLE, "s3:GetObject", "arn:aws:s3:::exports/a").is_allowed
