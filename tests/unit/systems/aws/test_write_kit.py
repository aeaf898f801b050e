"""The kit for write sides on a live AWS account: narrowing, stopping and retiring hold, are undone, and clumsy hands end as stuck."""

from __future__ import annotations

import json

import pytest
from tests.unit.systems.aws.account import ADMIN, Account, allow, live_account

from remit.systems.aws.system import SYSTEM
from remit.testing.kits.write import violations

pytestmark = pytest.mark.real
BUCKET = ["arn:aws:s3:::exports", "arn:aws:s3:::exports/*"]


def _fill(account: Account) -> None:
    """Identities of several shapes: inline, attached, in a group, with a denial, with a boundary, with nothing."""
    connection = account.connection()
    account.user("remit-read", SYSTEM.least_privilege(connection, "read").text)
    account.user("remit-write", SYSTEM.least_privilege(connection, "write").text)
    account.user("dana@example.com", ADMIN)
    two = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject", "s3:PutObject"], "Resource": BUCKET},
                {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::exports/private/*"},
            ],
        }
    )
    account.role("triage", two, path="/agents/", trusts=("remit-write",))
    account.role("wide", allow("*"), trusts=("remit-write",))
    shared = account.iam.create_policy(PolicyName="shared", PolicyDocument=allow(["sqs:*", "s3:GetObject"]))["Policy"]["Arn"]
    account.iam.attach_role_policy(RoleName="triage", PolicyArn=shared)
    account.iam.put_role_permissions_boundary(RoleName="triage", PermissionsBoundary=shared)
    account.role("empty")
    account.user("bot", allow("s3:GetObject", BUCKET), path="/machines/")
    account.iam.create_group(GroupName="ops")
    account.iam.put_group_policy(GroupName="ops", PolicyName="given", PolicyDocument=allow(["dynamodb:GetItem", "dynamodb:DeleteItem"]))
    account.iam.add_user_to_group(GroupName="ops", UserName="bot")
    account.server.client("s3").create_bucket(Bucket="exports")
    account.server.enforce()


def test_the_write_side_passes_the_kit(tmp_path_factory: pytest.TempPathFactory) -> None:
    with live_account(tmp_path_factory.mktemp("aws")) as account:
        _fill(account)
        assert violations(SYSTEM, account.connection(), account.environment()) == []
