"""Which steps narrow a principal; what they must never do is held in `tests/differential/test_aws_access_samples.py`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from tests.unit.systems.aws.iam_objects import ACCOUNT, arn, bucket, group, managed, policy, remit_itself, role, statement, user

from remit.model.access import NativeObject
from remit.model.alignment import AlignmentLine, Class
from remit.model.plan import Proposal, Step
from remit.systems.aws.access import decides
from remit.systems.aws.after import objects_after
from remit.systems.aws.minimise import USER_LIMIT, narrow
from remit.systems.aws.writing import size_of

ROLE, USER = arn("role/agents/triage"), arn("user/bot")
READ = [("s3:GetObject", "arn:aws:s3:::exports/*")]


def keeping(pairs: Sequence[tuple[str, str]], ref: str = ROLE) -> list[AlignmentLine]:
    return [
        AlignmentLine(principal=ref, system=f"aws:{action.split(':')[0]}", action=action, resource=on, class_=Class.NEEDED_USED, why="used")
        for action, on in pairs
    ]


def narrowed(objects: Sequence[NativeObject], pairs: Sequence[tuple[str, str]], ref: str = ROLE) -> Proposal:
    return narrow(objects, ref, keeping(pairs, ref), "triage")


def shown(steps: Sequence[Step]) -> list[tuple[str, str, bool]]:
    return [(step.operation, step.target.partition("#")[2], step.after is not None) for step in steps]


def written(step: Step) -> list[dict[str, Any]]:
    return list(json.loads(step.after or "{}")["Statement"])


def triage(*statements: dict[str, Any], **more: Any) -> NativeObject:
    return role("agents/triage", {"given": policy(*statements)}, **more)


def test_an_inline_policy_is_written_anew_with_its_conditions():
    condition = {"Bool": {"aws:SecureTransport": "true"}}
    objects = [triage(statement("s3:*", "*", Condition=condition), statement("ec2:*"))]
    (step,) = narrowed(objects, READ).steps
    assert step.before == objects[0].body["InlinePolicies"][0]["PolicyText"]
    assert written(step) == [
        {"Sid": "S3Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::exports/*", "Condition": condition}
    ]


def test_what_is_kept_whole_stays_as_it_is():
    assert narrowed([triage(statement("s3:GetObject", "arn:aws:s3:::exports/*"))], READ).steps == ()


def test_a_policy_of_which_nothing_is_kept_is_taken_away_last():
    objects = [role("agents/triage", {"a": policy(statement("ec2:*")), "b": policy(statement("s3:*"))})]
    assert shown(narrowed(objects, READ).steps) == [("iam:PutRolePolicy", "inline/b", True), ("iam:PutRolePolicy", "inline/a", False)]


def test_a_managed_policy_is_detached_and_what_is_kept_goes_into_an_inline_one_first():
    objects = [
        role("agents/triage", attached=[arn("policy/Wide")]),
        managed("Wide", policy(statement("s3:*"), statement("s3:PutObjectAcl", effect="Deny"))),
    ]
    steps = narrowed(objects, READ).steps
    assert shown(steps) == [
        ("iam:PutRolePolicy", "inline/remit-triage", True),
        ("iam:DetachRolePolicy", f"attached/{arn('policy/Wide')}", False),
    ]
    assert steps[0].before is None
    assert [one["Effect"] for one in written(steps[0])] == ["Allow", "Deny"]


def test_a_user_leaves_a_group_of_which_not_all_is_kept_and_stays_in_another():
    objects = [
        user("bot", groups=["wide", "readers"]),
        group("wide", {"w": policy(statement("*"))}),
        group("readers", {"r": policy(statement("s3:GetObject", "arn:aws:s3:::exports/*"))}),
    ]
    steps = narrowed(objects, READ, USER).steps
    assert shown(steps) == [("iam:PutUserPolicy", "inline/remit-triage", True), ("iam:RemoveUserFromGroup", "group/wide", False)]


def test_denials_stay_word_for_word():
    denial = statement("s3:*", None, "Deny", Sid="Mine", NotResource="arn:aws:s3:::exports/*")
    (step,) = narrowed([triage(statement("s3:*"), denial)], READ).steps
    assert written(step)[-1] == {"Sid": "Mine", **{key: value for key, value in denial.items() if key != "Sid"}}


@pytest.mark.parametrize(
    ("granted", "keep", "allowed", "denied"),
    [
        (statement(None, NotAction="s3:Put*"), ("s3:*", "arn:aws:s3:::b/*"), "s3:GetObject", "s3:PutObject"),
        (statement(None, NotAction="iam:*"), ("s3:GetObject", "arn:aws:s3:::b/*"), "s3:GetObject", "s3:ListBucket"),
        (statement("s3:Get*"), ("s3:*Object", "arn:aws:s3:::b/*"), "s3:GetObject", "s3:GetObjectAcl"),
        (statement("s3:GetObject", "arn:aws:s3:::?/*"), ("s3:GetObject", "arn:aws:s3:::b/k"), "s3:GetObject", "s3:PutObject"),
    ],
)
def test_patterns_meet(granted: dict[str, Any], keep: tuple[str, str], allowed: str, denied: str):
    objects = [triage(granted)]
    after = objects_after(objects, narrowed(objects, [keep]).steps)
    assert decides(after, ROLE, allowed, "arn:aws:s3:::b/k").is_allowed
    assert not decides(after, ROLE, denied, "arn:aws:s3:::b/k").is_allowed
    assert not decides(after, ROLE, allowed, "arn:aws:s3:::other/k").is_allowed


def test_a_grant_that_hangs_on_a_tag_stays_with_those_who_have_it():
    objects = [triage(statement("s3:GetObject", "arn:aws:s3:::b/${aws:PrincipalTag/team}/*"))]
    (step,) = narrowed(objects, [("s3:GetObject", "arn:aws:s3:::b/finops/x")]).steps
    (one,) = written(step)
    assert (one["Resource"], one["Condition"]) == ("arn:aws:s3:::b/finops/x", {"StringEquals": {"aws:PrincipalTag/team": ["finops"]}})


def test_a_need_by_verb_keeps_the_actions_of_that_verb():
    need = AlignmentLine(
        principal=ROLE, system="aws:s3", action="read", resource="arn:aws:s3:::b/*", class_=Class.NEEDED_UNUSED, why="needed"
    )
    after = objects_after([triage(statement("s3:*"))], narrow([triage(statement("s3:*"))], ROLE, [need], "x").steps)
    assert decides(after, ROLE, "s3:GetObject", "arn:aws:s3:::b/k").is_allowed
    assert not decides(after, ROLE, "s3:PutObject", "arn:aws:s3:::b/k").is_allowed


def test_names_that_would_not_fit_become_a_pattern_within_what_was_granted():
    names = [("s3:GetObject", f"arn:aws:s3:::exports/2026/part-{number:04}.parquet") for number in range(200)]
    objects = [user("bot", {"given": policy(statement("s3:*", "arn:aws:s3:::exports/*"))})]
    proposal = narrowed(objects, names, USER)
    assert size_of(proposal.steps[0].after or "") <= USER_LIMIT
    assert [one["Resource"] for one in written(proposal.steps[0])] == ["arn:aws:s3:::exports/2026/part-0*.parquet"]
    assert any("put together" in text for text in proposal.residue)


def test_tries_show_what_goes_on_and_what_does_not():
    objects = [triage(statement(["s3:GetObject", "s3:ListBucket"], ["arn:aws:s3:::exports", "arn:aws:s3:::exports/*"]))]
    probes = narrowed(objects, READ).probes
    assert {(probe.action, probe.resource, probe.is_allowed) for probe in probes} == {
        ("s3:GetObject", "arn:aws:s3:::exports/remit-probe", True),
        ("s3:ListBucket", "arn:aws:s3:::exports", False),
    }


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([], "no user or role"),
        ([user("bot", {"a": policy(statement("*"))}, LoginProfile=True)], "a person's own login"),
        ([user("bot", {"a": policy(statement("*"))}), remit_itself(USER)], "Remit itself"),
        ([user("bot", attached=[arn("policy/Hidden")])], "stays as it is"),
        (
            [user("bot"), bucket("shared", policy(statement("s3:*", "arn:aws:s3:::shared/*", Principal={"AWS": USER})))],
            "bucket's own policy, which is not changed",
        ),
    ],
)
def test_what_cannot_be_narrowed_stays_and_is_told(objects: Sequence[NativeObject], told: str):
    proposal = narrowed(objects, READ, USER)
    assert proposal.steps == ()
    assert any(told in text for text in proposal.residue), proposal.residue


def test_variables_of_an_old_document_stay_plain_text():
    old = {"Version": "2008-10-17", "Statement": [statement("s3:*", "arn:aws:s3:::b/${aws:username}/*")]}
    objects = [role("agents/triage", {"given": old})]
    (step,) = narrowed(objects, [("s3:GetObject", "arn:aws:s3:::b/*")]).steps
    after = objects_after(objects, [step])
    assert decides(after, ROLE, "s3:GetObject", "arn:aws:s3:::b/${aws:username}/x").is_allowed
    assert not decides(after, ROLE, "s3:GetObject", "arn:aws:s3:::b/dana/x").is_allowed


def test_a_role_of_another_account_in_the_same_connection_is_nobody_here():
    assert narrowed([triage(statement("*"))], READ, ROLE.replace(ACCOUNT, "999988887777")).steps == ()
