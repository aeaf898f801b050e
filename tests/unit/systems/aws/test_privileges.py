"""The least privilege: with exactly it everything works, without any part of it something does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.systems.aws.account import ADMIN, Account, allow, live_account

from remit.contracts.system import RawRecord
from remit.model.connection import Connection
from remit.model.errors import UsageError
from remit.model.evidence import Gap, GapKind
from remit.systems.aws import catalogue
from remit.systems.aws.system import SYSTEM

BARE = Connection(id="aws:main", kind="aws", name="main")
NOT_SEEN_HERE = {
    "iam:GetPolicyVersion": "the one call gives the texts of all policies of this account",
    "iam:GetPolicy": "the one call gives the texts of all policies of this account",
    "iam:GetUser": "for the state of a target",
    "iam:GetRole": "for the state of a target",
    "iam:GetRolePolicy": "for the state of a target",
    "iam:GetUserPolicy": "for the state of a target",
    "iam:ListAttachedRolePolicies": "for the state of a target",
    "iam:ListAttachedUserPolicies": "for the state of a target",
    "iam:ListGroupsForUser": "for the state of a target",
    "bedrock:ListAgentActionGroups": "the server fails at it before it looks at permissions or after",
    "bedrock:ListAgentCollaborators": "the server cannot make an agent with collaborators",
    "bedrock-agentcore:GetHarness": "the server has no harnesses",
    "bedrock-agentcore:ListHarnesses": "the server has no harnesses",
}
"""Actions whose lack cannot be seen by reading this account, each with the reason."""


def _actions(text: str) -> list[str]:
    found: list[str] = []
    for statement in json.loads(text)["Statement"]:
        if statement["Effect"] == "Allow":
            named = statement["Action"]
            found += [named] if isinstance(named, str) else named
    return found


def _without(text: str, action: str) -> str:
    policy = json.loads(text)
    for statement in policy["Statement"]:
        named = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        statement["Action"] = [other for other in named if other != action]
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Action"]]
    return json.dumps(policy)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with live_account(tmp_path_factory.mktemp("aws")) as made:
        made.user("remit-read")
        made.user("remit-write", ADMIN)
        made.user("bot")
        made.role("triage", allow("s3:*"))
        made.iam.create_open_id_connect_provider(Url="https://token.example.com", ThumbprintList=["a" * 40], ClientIDList=["x"])
        s3 = made.server.client("s3")
        for bucket in ("exports", "trailing"):
            s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket="trailing", Key="logs/a.json", Body=b'{"Records":[{"eventID":"1"}]}')
        role = made.arn("role/triage")
        made.server.client("bedrock-agent").create_agent(agentName="triage", agentResourceRoleArn=role)
        made.server.client("bedrock-agentcore-control").create_agent_runtime(
            agentRuntimeName="runner",
            agentRuntimeArtifact={"containerConfiguration": {"containerUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1"}},
            roleArn=role,
            networkConfiguration={"networkMode": "PUBLIC"},
        )
        made.server.enforce()
        yield made


def _denied(account: Account, policy: str) -> tuple[set[str], list[RawRecord]]:
    """(permissions that a whole reading misses, records of the trail)."""
    account.client("iam", "remit-write").put_user_policy(UserName="remit-read", PolicyName="least", PolicyDocument=policy)
    reader = SYSTEM.open(account.connection(trail="s3://trailing/logs/"), account.environment())
    found: list[Any] = [*reader.read(), *reader.records(None)]
    reader.close()
    gaps = [item for item in found if isinstance(item, Gap) and item.kind is GapKind.NO_PERMISSION]
    return {gap.what.split("`")[-2] for gap in gaps}, [item for item in found if isinstance(item, RawRecord)]


def test_with_exactly_the_least_privilege_the_whole_account_and_its_trail_are_read(account: Account) -> None:
    policy = SYSTEM.least_privilege(account.connection(trail="s3://trailing/logs/"), "read").text
    denied, records = _denied(account, policy)
    assert denied == set()
    assert len(records) == 1


GRANTED = (*_actions(SYSTEM.least_privilege(BARE, "read").text), "s3:ListBucket", "s3:GetObject")


@pytest.mark.parametrize("action", [action for action in GRANTED if action not in NOT_SEEN_HERE])
def test_nothing_in_the_least_privilege_for_reading_is_superfluous(action: str, account: Account) -> None:
    assert set(NOT_SEEN_HERE) <= set(GRANTED)
    policy = SYSTEM.least_privilege(account.connection(trail="s3://trailing/logs/"), "read").text
    denied, _ = _denied(account, _without(policy, action))
    # Without the one call that gives all of IAM the parts are asked for, which are not granted either.
    assert action in denied or (action == "iam:GetAccountAuthorizationDetails" and "iam:ListRolePolicies" in denied)


def test_only_the_trail_that_is_given_is_named() -> None:
    trail = Connection(id="aws:main", kind="aws", name="main", settings={"trail": "s3://logs/team/AWSLogs"})
    statements = json.loads(SYSTEM.least_privilege(trail, "read").text)["Statement"]
    resources = {statement["Sid"]: statement["Resource"] for statement in statements}
    assert resources["RemitListsTheTrail"] == "arn:aws:s3:::logs"
    assert resources["RemitReadsTheTrail"] == "arn:aws:s3:::logs/team/AWSLogs*"
    assert "s3:GetObject" not in _actions(SYSTEM.least_privilege(BARE, "read").text)


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-west-1", "aws")])
def test_other_partitions_have_their_own_arns(region: str, partition: str) -> None:
    connection = Connection(id="aws:main", kind="aws", name="main", settings={"trail": "s3://logs", "region": region})
    text = SYSTEM.least_privilege(connection, "read").text + SYSTEM.least_privilege(connection, "write").text
    arns = {part.split('"')[0].split(":")[1] for part in text.split('"arn')[1:]}
    assert arns == {partition}


@pytest.mark.parametrize("side", ["read", "write"])
def test_every_action_is_one_that_aws_has_and_reading_grants_no_change(side: str) -> None:
    actions = _actions(SYSTEM.least_privilege(BARE, side).text)
    assert [action for action in actions if catalogue.action_of(action) is None] == []
    if side == "read":
        assert {catalogue.vocabulary().verb_of(action) for action in actions} <= {"list", "read"}


def test_its_own_identities_are_denied_by_name_and_where_they_are_known() -> None:
    connection = Connection(id="aws:main", kind="aws", name="main", settings={"own": "arn:aws:iam::123456789012:role/ops/keeper"})
    statements = json.loads(SYSTEM.least_privilege(connection, "write").text)["Statement"]
    denied = next(statement for statement in statements if statement["Effect"] == "Deny")
    assert "arn:aws:iam::123456789012:role/ops/keeper" in denied["Resource"]
    assert "arn:aws:iam::*:role/remit-write" in denied["Resource"]
    assert "arn:aws:iam::*:role/aws-service-role/*" in denied["Resource"]
    granted = [
        action for action in _actions(SYSTEM.least_privilege(connection, "write").text) if not action.startswith(("iam:Get", "iam:List"))
    ]
    assert all(any(action.startswith(pattern.rstrip("*")) for pattern in denied["Action"]) for action in granted)


@pytest.mark.parametrize(("settings", "side"), [({}, "both"), ({"trail": "logs"}, "read")])
def test_a_wrong_side_or_trail_is_wrong_usage(settings: dict[str, str], side: str) -> None:
    with pytest.raises(UsageError):
        SYSTEM.least_privilege(Connection(id="aws:main", kind="aws", name="main", settings=settings), side)
