"""Users and roles as principals: whose, until when, protected or Remit's own."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.systems.aws.iam_objects import ACCOUNT, arn, policy, remit_itself, role, statement, user

from remit.model.access import NativeObject, Principal
from remit.systems.aws.identities import principals


def of(*objects: NativeObject) -> Principal:
    (found,) = principals(objects)
    return found


def test_a_role_is_named_shortly_and_says_who_may_become_it():
    trust = policy(statement("sts:AssumeRole", None, Principal={"Service": "lambda.amazonaws.com", "AWS": [arn("user/dana")]}))
    found = of(role("agents/eu/triage", AssumeRolePolicyDocument=trust, RoleLastUsed="2026-05-01T10:00:00Z", Description="<b>"))
    assert (found.ref, found.short, found.kind) == (arn("role/agents/eu/triage"), "aws:role/triage", "role")
    assert found.assumed_by == ("lambda.amazonaws.com", arn("user/dana"))
    assert found.last_used == "2026-05-01T10:00:00Z"


@pytest.mark.parametrize(
    ("given", "is_person"),
    [
        (user("bot"), False),
        (user("dana@example.com"), True),
        (user("people/dana"), True),
        (user("dana", LoginProfile=True), True),
        (user("dana", Tags={"person": "Dana Lee"}), True),
        (user("bot", Tags={"person": "false"}), False),
        (user("dana", Tags={"Identity_Type": "Human"}), True),
        (user("bot", Tags={"owner": "dana@example.com"}), False),
        (user("dana.hill"), True),
        (user("dana-hill", Tags={"email": "Dana.Hill@example.com"}), True),
        (user("report-writer", Tags={"owner": "dana.hill@example.com"}), False),
        (user("reports.prod"), False),
        (user("svc-reports", Tags={"contact": "svc-reports@example.com"}), False),
        (user("spare.parts", Tags={"type": "service"}), False),
        (role("dana.hill"), False),
        (role("people/report"), False),
        (role("aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1"), True),
    ],
)
def test_a_persons_own_login_is_told_from_an_agents(given: NativeObject, is_person: bool):
    assert (of(given).person is not None) is is_person


@pytest.mark.parametrize(
    ("tags", "owner"),
    [
        ({"Owner": "dana@example.com"}, "dana@example.com"),
        ({"team": "finops", "contact": "lee@example.com"}, "lee@example.com"),
        ({"owner": " ", "Team": "finops"}, "finops"),
        ({"stage": "prod"}, None),
    ],
)
def test_an_owner_is_taken_from_tags(tags: dict[str, str], owner: str | None):
    found = of(role("report", Tags=tags)).owner
    assert (found.text if found else None) == owner


@pytest.mark.parametrize(
    ("tags", "expires"),
    [
        ({"expires": "2026-08-01"}, "2026-08-01T23:59:59Z"),
        ({"Expires-At": "2026-08-01T10:00:00+02:00"}, "2026-08-01T08:00:00Z"),
        ({"valid_until": "2026/08/01"}, "2026-08-01T23:59:59Z"),
        ({"expires": "never"}, None),
        ({"expires": "20260801"}, None),
        ({"expired": "2026-08-01"}, None),
    ],
)
def test_an_end_is_taken_from_tags_that_are_dates(tags: dict[str, str], expires: str | None):
    found = of(role("report", Tags=tags)).expires
    assert (found.text if found else None) == expires


def test_roles_of_services_are_protected_and_remit_knows_itself():
    acts_as = remit_itself(f"arn:aws:sts::{ACCOUNT}:assumed-role/remit-read/remit")
    found = {
        one.short: one
        for one in principals([role("aws-service-role/x.amazonaws.com/AWSServiceRoleForX"), role("tools/remit-read"), acts_as])
    }
    assert found["aws:role/AWSServiceRoleForX"].is_protected
    assert found["aws:role/remit-read"].is_own
    assert not found["aws:role/AWSServiceRoleForX"].is_own


def test_keys_are_logins_by_fingerprint():
    key: dict[str, Any] = {"fingerprint": "0123456789abcdef", "shown": "****WXYZ", "Status": "Inactive", "LastUsed": "2026-04-01T00:00:00Z"}
    found = of(user("bot", AccessKeys=[key], LoginProfile=True, PasswordLastUsed="2026-05-01T00:00:00Z"))
    assert [(login.name, login.kind, login.is_active) for login in found.logins] == [
        ("access key ****WXYZ", "aws-access-key", False),
        ("password", "password", True),
    ]
    assert found.last_used == "2026-05-01T00:00:00Z"


def test_bodies_with_nothing_in_them_are_principals_still():
    bare = NativeObject(connection="aws:main", kind="iam:role", id=arn("role/x"), body={"Tags": None, "AccessKeys": None})
    assert of(bare).owner is None
