"""Made-up principals of AWS with policies of every shape, and the evaluator's answer about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from tests.unit.systems.aws.iam_objects import ACCOUNT, arn, group, managed, policy, role, user

from remit.model.access import NativeObject
from remit.systems.aws.evaluation import Asked, Policies, decide
from remit.systems.aws.grants import Estate
from remit.systems.aws.requester import requester_of
from remit.systems.aws.variables import Context

ACTIONS = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:GetObjectTagging",
    "s3:ListBucket",
    "s3:ListAllMyBuckets",
    "ec2:DescribeInstances",
]
ACTION_PATTERNS = [*ACTIONS, "s3:*", "s3:Get*", "s3:*Object", "S3:?etObject", "*", "ec2:*"]
RESOURCES = ["arn:aws:s3:::a/x", "arn:aws:s3:::a/y/z", "arn:aws:s3:::ab/x", "arn:aws:s3:::a", "arn:aws:s3:::ab", "arn:aws:s3:::bot/x", "*"]
PLAIN_PATTERNS = ["arn:aws:s3:::a*", "arn:aws:s3:::a/*", "arn:aws:s3:::*/x", "arn:aws:s3:::?/x"]
RESOURCE_PATTERNS = [
    *RESOURCES,
    *PLAIN_PATTERNS,
    "arn:aws:s3:::${aws:username}/*",
    "arn:aws:s3:::${aws:PrincipalTag/team}/*",
    "arn:aws:s3:::${aws:PrincipalTag/team, 'a'}/*",
]
CONDITIONS: list[Any] = [
    None,
    None,
    {"Bool": {"aws:SecureTransport": "true"}},
    {"StringNotEquals": {"aws:PrincipalTag/team": "a"}},
    {"StringEquals": {"aws:PrincipalTag/team": ["a", "ab"]}},
]
CONTEXTS: list[dict[str, tuple[str, ...]]] = [
    {},
    {"aws:SecureTransport": ("true",), "aws:PrincipalTag/team": ("a",)},
    {"aws:SecureTransport": ("false",), "aws:PrincipalTag/team": ("ab",)},
    {"aws:SecureTransport": ("true",), "aws:PrincipalTag/team": ("*",)},
]


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    """A statement that AWS would take."""
    action = draw(st.sampled_from(["Action", "Action", "Action", "NotAction"]))
    resource = draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource"]))
    made: dict[str, Any] = {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"])),
        action: draw(st.lists(st.sampled_from(ACTION_PATTERNS), min_size=1, max_size=3)),
        resource: draw(st.lists(st.sampled_from(RESOURCE_PATTERNS), min_size=1, max_size=3)),
    }
    condition = draw(st.sampled_from(CONDITIONS))
    return {**made, "Condition": condition} if condition else made


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """A policy of one to three statements, now and then of the old version."""
    return policy(*draw(st.lists(statements(), min_size=1, max_size=3))) | draw(st.sampled_from([{}, {}, {"Version": "2008-10-17"}]))


@st.composite
def principals(draw: st.DrawFn) -> tuple[str, list[NativeObject]]:
    """A role or user with inline, attached and group policies, with or without a boundary: its ARN, and the objects."""
    inline = {f"inline{number}": one for number, one in enumerate(draw(st.lists(policies(), max_size=2)))}
    objects = [managed("P", draw(policies())), managed("B", draw(policies()))]
    boundary = draw(st.sampled_from([None, None, arn("policy/B")]))
    if draw(st.booleans()):
        return arn("role/bot"), [role("bot", inline, [arn("policy/P")], boundary), *objects]
    someone = user("bot", inline, [arn("policy/P")], ["g"], PermissionsBoundary=boundary)
    return arn("user/bot"), [someone, group("g", {"of-group": draw(policies())}), *objects]


def allows(objects: Sequence[NativeObject], ref: str, action: str, resource: str, context: Mapping[str, tuple[str, ...]]) -> bool:
    """What AWS answers, all of the context known."""
    held = Estate(objects).held(ref)
    assert held is not None
    asked = Asked(
        requester=requester_of(ref),
        action=action,
        resource=resource,
        resource_account=ACCOUNT,
        context=Context({**held.context, **context}, is_whole=True),
    )
    return decide(asked, Policies(identity=held.policies(), boundary=held.boundary)).is_allowed
