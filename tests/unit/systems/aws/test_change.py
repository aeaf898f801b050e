"""Changing a live account that enforces: every change is seen by the agent itself, and taken back byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.systems.aws.account import Account, allow, answer, live_account

from remit.model.access import NativeObject
from remit.model.errors import RefusedError
from remit.model.plan import Approval, Probe, Step
from remit.systems.aws.change import WRITER, AwsWriter, OpensAwsWriter
from remit.systems.aws.faults import CallError
from remit.systems.aws.objects import (
    PROOF_SESSION,
    attached_target,
    attachment_text,
    group_target,
    inline_target,
    key_fingerprint,
    membership_text,
)
from remit.systems.aws.read.iam import IamReading
from remit.systems.aws.session import open_clients
from remit.systems.aws.system import SYSTEM
from remit.systems.aws.targets import boundary_target, boundary_text, key_target, status_text, tag_text

APPROVAL = Approval(plan="plan:1", by="dana@example.com", os_user="dana", at="2026-03-01T10:00:00Z")
READS_EXPORTS = allow(["s3:ListBucket", "s3:GetObject"], ["arn:aws:s3:::exports", "arn:aws:s3:::exports/*"])
NARROW = (
    '{"Version":"2012-10-17",\n  "Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::exports/a b+%2B.csv"}]}'
)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with live_account(tmp_path_factory.mktemp("aws")) as made:
        connection = made.connection()
        made.user("remit-read", SYSTEM.least_privilege(connection, "read").text)
        made.user("remit-write", SYSTEM.least_privilege(connection, "write").text)
        made.user("caller", allow("sts:AssumeRole"))
        made.user("bot", READS_EXPORTS, path="/machines/")
        made.role("triage", READS_EXPORTS, path="/agents/", trusts=("caller", "remit-write"))
        made.role("closed", READS_EXPORTS, trusts=("caller",))
        made.role("remit-write", READS_EXPORTS, trusts=("caller", "remit-write"))
        made.iam.create_policy(PolicyName="shared", PolicyDocument=READS_EXPORTS)
        made.iam.attach_role_policy(RoleName="triage", PolicyArn=made.arn("policy/shared"))
        made.iam.create_group(GroupName="ops")
        made.iam.add_user_to_group(GroupName="ops", UserName="bot")
        s3 = made.server.client("s3")
        s3.create_bucket(Bucket="exports")
        s3.put_object(Bucket="exports", Key="a.csv", Body=b"1")
        s3.put_object(Bucket="exports", Key="empty", Body=b"")
        made.server.enforce()
        yield made


@pytest.fixture
def writer(account: Account) -> Iterator[AwsWriter]:
    opened = WRITER.open(account.connection(), account.environment(), APPROVAL)
    yield opened
    opened.close()


def _step(principal: str, operation: str, target: str, before: str | None, after: str | None) -> Step:
    return Step(
        connection="aws:main", principal=principal, operation=operation, target=target, what=f"change {target}", before=before, after=after
    )


def _steps(account: Account) -> dict[str, Step]:
    role, bot = account.arn("role/agents/triage"), account.arn("user/machines/bot")
    shared, key = account.arn("policy/shared"), key_fingerprint(account.key_of("bot"))
    return {
        "an inline policy of a role is replaced": _step(role, "iam:PutRolePolicy", inline_target(role, "given"), READS_EXPORTS, NARROW),
        "an inline policy of a role is made": _step(role, "iam:PutRolePolicy", inline_target(role, "remit-triage"), None, NARROW),
        "an inline policy of a role is deleted": _step(role, "iam:PutRolePolicy", inline_target(role, "given"), READS_EXPORTS, None),
        "a policy is detached from a role": _step(
            role, "iam:DetachRolePolicy", attached_target(role, shared), attachment_text(shared), None
        ),
        "a boundary is put on a role": _step(role, "iam:PutRolePermissionsBoundary", boundary_target(role), None, boundary_text(shared)),
        "a tag is set on a role": _step(role, "iam:TagRole", f"{role}#tag/team", None, tag_text("costs")),
        "an inline policy of a user is replaced": _step(bot, "iam:PutUserPolicy", inline_target(bot, "given"), READS_EXPORTS, NARROW),
        "an inline policy of a user is deleted": _step(bot, "iam:PutUserPolicy", inline_target(bot, "given"), READS_EXPORTS, None),
        "a policy is attached to a user": _step(bot, "iam:AttachUserPolicy", attached_target(bot, shared), None, attachment_text(shared)),
        "a user leaves a group": _step(bot, "iam:RemoveUserFromGroup", group_target(bot, "ops"), membership_text("ops"), None),
        "an access key is made inactive": _step(
            bot, "iam:UpdateAccessKey", key_target(bot, key), status_text("Active"), status_text("Inactive")
        ),
        "a tag is set on a user": _step(bot, "iam:TagUser", f"{bot}#tag/team", None, tag_text("costs")),
    }


KINDS = (
    "an inline policy of a role is replaced",
    "an inline policy of a role is made",
    "an inline policy of a role is deleted",
    "a policy is detached from a role",
    "a boundary is put on a role",
    "a tag is set on a role",
    "an inline policy of a user is replaced",
    "an inline policy of a user is deleted",
    "a policy is attached to a user",
    "a user leaves a group",
    "an access key is made inactive",
    "a tag is set on a user",
)


def _state(account: Account) -> str:
    """The whole of IAM as the administrator sees it, without when what was last used."""
    return _text(_objects(account))


def _objects(account: Account) -> list[NativeObject]:
    clients = open_clients(account.connection(), account.environment(), "remit-read")
    found = IamReading(clients, "aws:main", clients.caller()).read()
    return [item for item in found if isinstance(item, NativeObject)]


def _text(objects: Any) -> str:
    bodies = {item.id: {name: value for name, value in item.body.items() if name != "RoleLastUsed"} for item in objects}
    for body in bodies.values():
        body["AccessKeys"] = [{**key, "LastUsed": None} for key in body.get("AccessKeys", ())]
        body["AttachmentCount"] = None
    return json.dumps(bodies, sort_keys=True, indent=1)


@pytest.mark.parametrize("name", KINDS)
def test_a_change_with_the_least_privilege_is_made_and_taken_back_to_the_same_state(name: str, account: Account, writer: AwsWriter) -> None:
    step = _steps(account)[name]
    reader = SYSTEM.open(account.connection(), account.environment())
    before = _objects(account)
    assert reader.current(step) == step.before
    writer.change(step)
    assert reader.current(step) == step.after
    assert _text(SYSTEM.after(before, [step])) == _state(account), "what is foreseen is what comes"
    writer.undo(step)
    assert _state(account) == _text(before)


def test_the_agent_itself_sees_a_change_and_its_undoing(account: Account, writer: AwsWriter) -> None:
    role = account.arn("role/agents/triage")
    s3 = account.client_as("s3", role, "caller")
    steps = [_steps(account)[name] for name in ("an inline policy of a role is deleted", "a policy is detached from a role")]
    assert answer(lambda: s3.list_objects_v2(Bucket="exports")) == "allowed"
    for step in steps:
        writer.change(step)
    assert answer(lambda: s3.list_objects_v2(Bucket="exports")) == "AccessDenied"
    for step in reversed(steps):
        writer.undo(step)
    assert answer(lambda: s3.list_objects_v2(Bucket="exports")) == "allowed"


def test_a_target_that_somebody_else_changed_is_left_alone(account: Account, writer: AwsWriter) -> None:
    role = account.arn("role/agents/triage")
    step = _step(role, "iam:PutRolePolicy", inline_target(role, "given"), NARROW, None)
    with pytest.raises(RefusedError, match="changed by somebody else"):
        writer.change(step)
    assert SYSTEM.open(account.connection(), account.environment()).current(step) == READS_EXPORTS


def test_undoing_what_is_undone_changes_nothing(account: Account, writer: AwsWriter) -> None:
    step = _steps(account)["an inline policy of a role is replaced"]
    writer.undo(step)
    assert SYSTEM.open(account.connection(), account.environment()).current(step) == READS_EXPORTS


LEFT_ALONE = {
    "its own write role, as a user": ("user/remit-write", "#inline/given", "iam:PutUserPolicy", "never changed"),
    "its own read role": ("user/remit-read", "#inline/given", "iam:PutUserPolicy", "never changed"),
    "a role that AWS keeps": ("role/aws-service-role/x.amazonaws.com/X", "#inline/given", "iam:PutRolePolicy", "kept by AWS"),
    "an operation of another target": ("role/agents/triage", "#inline/given", "iam:DeleteRole", "is no change of"),
    "a part that is none": ("role/agents/triage", "#trust", "iam:PutRolePolicy", "nothing in AWS that Remit changes"),
    "a group of a role": ("role/agents/triage", "#group/ops", "iam:AddUserToGroup", "a role has no groups"),
    "a policy itself": ("policy/shared", "#inline/x", "iam:PutRolePolicy", "nothing in AWS that Remit changes"),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_must_not_be_changed_is_refused(name: str, account: Account, writer: AwsWriter) -> None:
    holder, part, operation, told = LEFT_ALONE[name]
    principal = account.arn(holder)
    with pytest.raises(RefusedError, match=told):
        writer.change(_step(principal, operation, principal + part, None, NARROW))


def test_another_account_and_another_connection_are_outside(account: Account, writer: AwsWriter) -> None:
    foreign = "arn:aws:iam::210987654321:role/agents/triage"
    with pytest.raises(RefusedError, match="another account"):
        writer.change(_step(foreign, "iam:PutRolePolicy", inline_target(foreign, "given"), None, NARROW))
    role = account.arn("role/agents/triage")
    step = _step(role, "iam:PutRolePolicy", inline_target(role, "given"), None, NARROW)
    with pytest.raises(RefusedError, match="nothing outside what is connected"):
        writer.change(Step(**{**{name: getattr(step, name) for name in step.__struct_fields__}, "connection": "aws:other"}))


def test_a_refusal_of_aws_names_the_permission(account: Account) -> None:
    account_connection = account.connection(write_profile="caller")
    weak = WRITER.open(account_connection, account.environment(), APPROVAL)
    step = _steps(account)["an inline policy of a role is made"]
    with pytest.raises(RefusedError, match="no permission `iam:GetRolePolicy`"):
        weak.change(step)
    with pytest.raises(RefusedError, match="no permission `iam:GetRolePolicy`"):
        weak.undo(step)


def test_a_malformed_policy_is_refused_in_the_words_of_aws(account: Account, writer: AwsWriter) -> None:
    role = account.arn("role/agents/triage")
    with pytest.raises(RefusedError, match="MalformedPolicyDocument"):
        writer.change(_step(role, "iam:PutRolePolicy", inline_target(role, "new"), None, "{not json"))


def test_without_a_write_profile_or_an_approval_there_are_no_hands(account: Account) -> None:
    with pytest.raises(RefusedError, match="--write-profile"):
        WRITER.open(account.connection(write_profile=""), account.environment(), APPROVAL)
    nobody = Approval(plan="", by="", os_user="", at="")
    with pytest.raises(RefusedError, match="approved plan"):
        WRITER.open(account.connection(), account.environment(), nobody)


def test_a_throttled_change_is_sent_again_and_an_unanswered_one_is_not(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    hands = OpensAwsWriter(waits.append).open(account.connection(), account.environment(), APPROVAL)
    step = _steps(account)["a tag is set on a role"]
    whole, faults = hands._clients.once, [CallError("iam:TagRole", "Throttling", 400, "slow down")] * 2

    def once(service: str, method: str, **arguments: Any) -> Any:
        if faults:
            raise faults.pop()
        return whole(service, method, **arguments)

    monkeypatch.setattr(hands._clients, "once", once)
    hands.change(step)
    assert waits == [0.5, 1.0]
    hands.undo(step)
    faults.append(CallError("iam:TagRole", "unreachable", 0, "no answer"))
    with pytest.raises(RefusedError, match="it may have happened or not"):
        hands.change(step)
    assert waits == [0.5, 1.0]


# --- proofs -------------------------------------------------------------------------------------------------------------------------


def _probe(principal: str, action: str, resource: str, is_allowed: bool) -> Probe:
    return Probe(connection="aws:main", principal=principal, action=action, resource=resource, is_allowed=is_allowed)


@pytest.mark.parametrize(
    ("action", "resource", "got"),
    [
        ("s3:ListBucket", "arn:aws:s3:::exports", "allowed"),
        ("s3:GetObject", "arn:aws:s3:::exports/a.csv", "allowed"),
        ("s3:GetObject", "arn:aws:s3:::exports/empty", "allowed"),
        ("s3:GetObject", "arn:aws:s3:::exports/gone", "allowed"),
        ("s3:ListAllMyBuckets", "*", "denied"),
        ("iam:ListRoles", "*", "denied"),
        ("dynamodb:DescribeTable", "arn:aws:dynamodb:us-east-1:123456789012:table/x", "denied"),
    ],
)
def test_a_role_is_tried_as_itself(action: str, resource: str, got: str, account: Account, writer: AwsWriter) -> None:
    proof = writer.prove(_probe(account.arn("role/agents/triage"), action, resource, got == "allowed"))
    assert proof is not None
    assert (proof.got, proof.how, proof.holds) == (got, "tried as the identity", True)


def test_a_proof_that_comes_out_otherwise_says_so(account: Account, writer: AwsWriter) -> None:
    proof = writer.prove(_probe(account.arn("role/agents/triage"), "s3:ListBucket", "arn:aws:s3:::exports", False))
    assert proof is not None
    assert not proof.holds


NOT_TRIED = {
    "a user cannot be become": ("user/machines/bot", "s3:ListBucket", "arn:aws:s3:::exports"),
    "a role that does not trust Remit": ("role/closed", "s3:ListBucket", "arn:aws:s3:::exports"),
    "what destroys": ("role/agents/triage", "s3:DeleteObject", "arn:aws:s3:::exports/a.csv"),
    "what gives out secrets": (
        "role/agents/triage",
        "secretsmanager:GetSecretValue",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:x",
    ),
    "a pattern": ("role/agents/triage", "s3:GetObject", "arn:aws:s3:::exports/*"),
    "Remit's own role": ("role/remit-write", "s3:ListBucket", "arn:aws:s3:::exports"),
}


@pytest.mark.parametrize("name", NOT_TRIED)
def test_what_cannot_be_tried_harmlessly_is_left_to_be_read_back(name: str, account: Account, writer: AwsWriter) -> None:
    principal, action, resource = NOT_TRIED[name]
    assert writer.prove(_probe(account.arn(principal), action, resource, False)) is None
    assert writer.prove(_probe(account.arn(principal), action, resource, True)) is None


def test_an_object_hidden_by_a_missing_listing_is_no_proof(account: Account, writer: AwsWriter) -> None:
    """Without ListBucket, S3 answers a missing object with a denial: nobody can tell it from a lost permission."""
    role = account.arn("role/agents/triage")
    step = _step(role, "iam:PutRolePolicy", inline_target(role, "given"), READS_EXPORTS, None)
    shared = _steps(account)["a policy is detached from a role"]
    writer.change(step)
    writer.change(shared)
    try:
        assert writer.prove(_probe(role, "s3:GetObject", "arn:aws:s3:::exports/gone", True)) is None
        assert writer.prove(_probe(role, "s3:GetObject", "arn:aws:s3:::exports/gone", False)) is None
    finally:
        writer.undo(shared)
        writer.undo(step)


def test_the_session_of_a_proof_bears_its_name(account: Account, writer: AwsWriter) -> None:
    agent = writer._clients.acting_as(account.arn("role/agents/triage"), PROOF_SESSION)
    assert agent.caller().arn.endswith(f"/{PROOF_SESSION}")
