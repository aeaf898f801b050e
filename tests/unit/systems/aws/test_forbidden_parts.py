"""A part that a remit forbids is denied inside what is kept, once, and nothing else is."""

from __future__ import annotations

import json

import pytest

from remit.model.access import NativeObject
from remit.model.alignment import AlignmentLine, Class
from remit.systems.aws.objects import ROLE
from remit.systems.aws.system import SYSTEM

ROLE_ARN = "arn:aws:iam::123456789012:role/triage"
GRANTED = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


def role(policy: object = GRANTED) -> NativeObject:
    text = json.dumps(policy)
    body = {
        "Arn": ROLE_ARN,
        "RoleName": "triage",
        "Path": "/",
        "InlinePolicies": [{"PolicyName": "given", "PolicyText": text, "PolicyDocument": json.loads(text)}],
        "AttachedPolicies": [],
        "PermissionsBoundary": None,
        "Tags": {},
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
    }
    return NativeObject(connection="aws:main", kind=ROLE, id=ROLE_ARN, body=body)


def line(action: str, resource: str, *but: str) -> AlignmentLine:
    return AlignmentLine(
        principal=ROLE_ARN, system="aws:s3", action=action, resource=resource, class_=Class.NEEDED_UNUSED, why="reports", but=but
    )


KEEP = [
    line("s3:GetObject", "arn:aws:s3:::exports/*", "arn:aws:s3:::exports/private/*"),
    line("s3:PutObject", "arn:aws:s3:::exports/*"),
]


def allowed(objects: list[NativeObject], action: str, resource: str) -> bool:
    return SYSTEM.decides(objects, ROLE_ARN, action, resource).is_allowed


@pytest.mark.parametrize("granted", [GRANTED, {**GRANTED, "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}])
def test_the_forbidden_part_is_denied_and_the_rest_stays(granted: object):
    objects = [role(granted)]
    proposal = SYSTEM.narrow(objects, ROLE_ARN, KEEP, "triage")
    after = list(SYSTEM.after(objects, proposal.steps))
    assert allowed(after, "s3:GetObject", "arn:aws:s3:::exports/a.csv")
    assert not allowed(after, "s3:GetObject", "arn:aws:s3:::exports/private/a.csv")
    assert not allowed(after, "s3:DeleteObject", "arn:aws:s3:::exports/a.csv")
    put = "arn:aws:s3:::exports/private/b.csv"
    assert allowed(after, "s3:PutObject", put) == allowed(objects, "s3:PutObject", put)


def test_what_is_denied_already_is_not_denied_twice():
    objects = [role()]
    after = list(SYSTEM.after(objects, SYSTEM.narrow(objects, ROLE_ARN, KEEP, "triage").steps))
    assert SYSTEM.narrow(after, ROLE_ARN, KEEP, "triage").steps == ()


def test_a_resource_that_iam_would_read_otherwise_is_told():
    objects = [role()]
    odd = [line("s3:GetObject", "arn:aws:s3:::exports/*", "arn:aws:s3:::exports/wh?t")]
    proposal = SYSTEM.narrow(objects, ROLE_ARN, odd, "triage")
    assert any("cannot be said to IAM" in sentence for sentence in proposal.residue)
    assert all('"Deny"' not in (step.after or "") for step in proposal.steps)


def test_only_actions_that_can_be_about_the_forbidden_part_are_denied_there():
    keep = [
        line("s3:PutObject", "arn:aws:s3:::exports*", "arn:aws:s3:::exports/private/*", "arn:aws:s3:::exports/board/*"),
        line("s3:PutBucketTagging", "arn:aws:s3:::exports*", "arn:aws:s3:::exports/private/*"),
    ]
    steps = SYSTEM.narrow([role()], ROLE_ARN, keep, "triage").steps
    denials = [one for step in steps if step.after for one in json.loads(step.after)["Statement"] if one["Effect"] == "Deny"]
    assert [(one["Action"], one["Resource"]) for one in denials] == [
        (["s3:PutObject"], ["arn:aws:s3:::exports/board/*", "arn:aws:s3:::exports/private/*"])
    ]
