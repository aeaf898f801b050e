"""Reading a live account that enforces: what is there, byte for byte, and what may not be seen as gaps, never as absence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.systems.aws.account import ADMIN, Account, allow, live_account

from remit.model.access import NativeObject
from remit.model.errors import RefusedError
from remit.model.evidence import AgentSeen, Gap, GapKind, IdentitySeen, OwnerSeen
from remit.model.plan import Step
from remit.systems.aws.objects import key_fingerprint
from remit.systems.aws.system import SYSTEM

ODD_TEXT = '{"Version":"2012-10-17",  "Statement":\n [{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::büro%2B+a/*"}]}'


def _read_only(*left_out: str) -> str:
    """The least privilege for reading, less some actions."""
    policy = json.loads(SYSTEM.least_privilege(_bare(), "read").text)
    for statement in policy["Statement"]:
        statement["Action"] = [action for action in statement["Action"] if action not in left_out]
    return json.dumps(policy)


def _bare() -> Any:
    from remit.model.connection import Connection

    return Connection(id="aws:main", kind="aws", name="main")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with live_account(tmp_path_factory.mktemp("aws")) as made:
        made.user("remit-read", _read_only())
        made.user("remit-write", ADMIN)
        made.user(
            "half", _read_only("iam:GetAccountAuthorizationDetails", "iam:GetLoginProfile", "bedrock:ListAgents", "s3:GetBucketPolicy")
        )
        made.user("nobody")
        made.user("parts", allow(["iam:*Role*", "iam:ListUsers", "iam:GetUser", "iam:ListGroups", "iam:*Group*", "iam:ListUserPolicies"]))
        made.user("bot", path="/machines/", tags={"owner": "dana@example.com"})
        made.user("dana@example.com")
        made.iam.create_login_profile(UserName="dana@example.com", Password="abcDEF123!x")
        made.iam.create_group(GroupName="ops")
        made.iam.put_group_policy(GroupName="ops", PolicyName="in-group", PolicyDocument=ODD_TEXT)
        made.iam.add_user_to_group(GroupName="ops", UserName="bot")
        made.role("triage", ODD_TEXT, path="/agents/")
        shared = made.iam.create_policy(PolicyName="shared", PolicyDocument=ODD_TEXT)["Policy"]["Arn"]
        made.iam.attach_role_policy(RoleName="triage", PolicyArn=shared)
        made.iam.put_role_permissions_boundary(RoleName="triage", PermissionsBoundary=shared)
        made.iam.tag_role(RoleName="triage", Tags=[{"Key": "team", "Value": "costs"}])
        s3 = made.server.client("s3")
        s3.create_bucket(Bucket="exports")
        s3.put_bucket_policy(Bucket="exports", Policy='{"Version":"2012-10-17","Statement":[]}')
        s3.create_bucket(Bucket="plain")
        role = made.arn("role/agents/triage")
        made.server.client("bedrock-agent").create_agent(
            agentName="triage",
            instruction="Explain the bill. " * 5,
            foundationModel="some.model-v1",
            agentResourceRoleArn=role,
            tags={"Owner": "dana"},
        )
        made.server.client("bedrock-agentcore-control").create_agent_runtime(
            agentRuntimeName="runner",
            agentRuntimeArtifact={"containerConfiguration": {"containerUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1"}},
            roleArn=role,
            networkConfiguration={"networkMode": "PUBLIC"},
            environmentVariables={"TOKEN": "canary-7c1e"},
        )
        made.server.enforce()
        yield made


def _read(account: Account, **settings: str) -> list[Any]:
    reader = SYSTEM.open(account.connection(**settings), account.environment())
    try:
        return list(reader.read())
    finally:
        reader.close()


@pytest.fixture(scope="module")
def seen(account: Account) -> list[Any]:
    return _read(account)


def _bodies(seen: list[Any], kind: str) -> dict[str, Any]:
    return {item.id: item.body for item in seen if isinstance(item, NativeObject) and item.kind == kind}


def _gaps(seen: list[Any]) -> list[Gap]:
    return [item for item in seen if isinstance(item, Gap)]


def test_with_the_least_privilege_nothing_is_forbidden(seen: list[Any]) -> None:
    assert [gap for gap in _gaps(seen) if gap.kind is GapKind.NO_PERMISSION] == []


def test_policy_texts_are_read_byte_for_byte(account: Account, seen: list[Any]) -> None:
    role = _bodies(seen, "iam:role")[account.arn("role/agents/triage")]
    assert role["InlinePolicies"] == [{"PolicyName": "given", "PolicyText": ODD_TEXT, "PolicyDocument": json.loads(ODD_TEXT)}]
    assert _bodies(seen, "iam:policy")[account.arn("policy/shared")]["PolicyText"] == ODD_TEXT
    assert _bodies(seen, "iam:group")[account.arn("group/ops")]["InlinePolicies"][0]["PolicyText"] == ODD_TEXT
    assert role["PermissionsBoundary"] == account.arn("policy/shared")
    assert role["AttachedPolicies"] == [{"PolicyName": "shared", "PolicyArn": account.arn("policy/shared")}]
    assert role["Tags"] == {"team": "costs"}


def test_users_come_with_their_logins_and_no_key_id(account: Account, seen: list[Any]) -> None:
    users = _bodies(seen, "iam:user")
    bot = users[account.arn("user/machines/bot")]
    key = account.key_of("bot")
    assert bot["AccessKeys"] == [
        {
            "fingerprint": key_fingerprint(key),
            "shown": f"****{key[-4:]}",
            "Status": "Active",
            "CreateDate": bot["AccessKeys"][0]["CreateDate"],
            "LastUsed": None,
        }
    ]
    assert bot["Groups"] == ["ops"]
    assert bot["LoginProfile"] is False
    assert users[account.arn("user/dana@example.com")]["LoginProfile"] is True


def test_nothing_secret_is_kept(account: Account, seen: list[Any]) -> None:
    text = repr(seen)
    assert "canary-7c1e" not in text
    for user in ("remit-read", "remit-write", "bot"):
        assert account.key_of(user) not in text


def test_both_of_its_own_identities_are_known_and_marked(account: Account, seen: list[Any]) -> None:
    assert {arn: body["Sides"] for arn, body in _bodies(seen, "self").items()} == {
        account.arn("user/remit-read"): ["read"],
        account.arn("user/remit-write"): ["write"],
    }
    objects = [item for item in seen if isinstance(item, NativeObject)]
    own = {principal.ref for principal in SYSTEM.principals(objects) if principal.is_own}
    assert own == {account.arn("user/remit-read"), account.arn("user/remit-write")}


def test_reading_again_changes_nothing_by_itself(account: Account, seen: list[Any]) -> None:
    again = _read(account)
    assert _bodies(again, "iam:user") == _bodies(seen, "iam:user")
    (key,) = _bodies(seen, "iam:user")[account.arn("user/remit-read")]["AccessKeys"]
    assert "LastUsed" not in key


def test_buckets_come_with_their_policies(seen: list[Any]) -> None:
    buckets = _bodies(seen, "s3:bucket")
    assert buckets["arn:aws:s3:::exports"]["BucketPolicy"] == {"Version": "2012-10-17", "Statement": []}
    assert buckets["arn:aws:s3:::plain"]["BucketPolicy"] is None
    assert buckets["arn:aws:s3:::plain"]["Region"] == "us-east-1"


def test_hosted_agents_come_with_role_purpose_and_owner(account: Account, seen: list[Any]) -> None:
    agents = {item.name: item for item in seen if isinstance(item, AgentSeen)}
    assert set(agents) == {"triage", "runner"}
    assert (agents["triage"].framework, agents["triage"].model) == ("bedrock-agents", "some.model-v1")
    assert agents["triage"].purpose is not None
    assert agents["triage"].purpose.startswith("Explain the bill.")
    assert agents["triage"].tools is None, "the server cannot list action groups: unknown, not none"
    roles = {item.subject: item.ref for item in seen if isinstance(item, IdentitySeen)}
    assert roles == {agent.place: account.arn("role/agents/triage") for agent in agents.values()}
    assert [item.names for item in seen if isinstance(item, OwnerSeen)] == [("dana",)]


def test_what_the_server_cannot_answer_is_a_gap_and_stops_nothing(seen: list[Any]) -> None:
    unbuilt = [gap.what for gap in _gaps(seen) if gap.kind is GapKind.UNSUPPORTED]
    assert any("bedrock:ListAgentActionGroups" in what for what in unbuilt)
    assert any("bedrock-agentcore:ListHarnesses" in what for what in unbuilt)


def test_a_part_that_is_not_permitted_is_a_gap_with_its_permission_and_its_key_is_missing(account: Account) -> None:
    seen = _read(account, profile="half")
    told = "\n".join(gap.what for gap in _gaps(seen) if gap.kind is GapKind.NO_PERMISSION)
    for permission in ("iam:GetLoginProfile", "bedrock:ListAgents", "s3:GetBucketPolicy", "iam:ListRolePolicies", "iam:ListGroups"):
        assert f"`{permission}`" in told
    assert all("LoginProfile" not in body for body in _bodies(seen, "iam:user").values())
    assert all("BucketPolicy" not in body for body in _bodies(seen, "s3:bucket").values())
    role = _bodies(seen, "iam:role")[account.arn("role/agents/triage")]
    assert "InlinePolicies" not in role
    assert role["AttachedPolicies"]


def test_without_the_one_call_that_gives_all_every_part_is_read_by_itself(account: Account, seen: list[Any]) -> None:
    apart = _read(account, profile="parts")
    arn = account.arn("role/agents/triage")
    assert _bodies(apart, "iam:role")[arn] == _bodies(seen, "iam:role")[arn]
    user = _bodies(apart, "iam:user")[account.arn("user/machines/bot")]
    assert user["Groups"] == ["ops"]
    assert "AccessKeys" not in user
    assert "PolicyText" not in _bodies(apart, "iam:policy")[account.arn("policy/shared")]


def test_one_who_may_see_nothing_sees_gaps_and_no_empty_account(account: Account) -> None:
    seen = _read(account, profile="nobody")
    assert {item.kind for item in seen if isinstance(item, NativeObject)} == {"self"}
    places = {gap.place.path for gap in _gaps(seen) if gap.kind is GapKind.NO_PERMISSION}
    assert {account.arn("role/*"), account.arn("user/*"), account.arn("group/*"), "arn:aws:s3:::*"} <= places


def test_the_state_of_a_target_is_its_canonical_text(account: Account) -> None:
    reader = SYSTEM.open(account.connection(), account.environment())
    role, bot = account.arn("role/agents/triage"), account.arn("user/machines/bot")
    expected = {
        f"{role}#inline/given": ODD_TEXT,
        f"{role}#inline/none": None,
        f"{role}#attached/{account.arn('policy/shared')}": json.dumps({"PolicyArn": account.arn("policy/shared")}),
        f"{role}#attached/{account.arn('policy/other')}": None,
        f"{role}#boundary": json.dumps({"PermissionsBoundary": account.arn("policy/shared")}),
        f"{role}#tag/team": '{"Value": "costs"}',
        f"{bot}#group/ops": '{"GroupName": "ops"}',
        f"{bot}#group/other": None,
        f"{bot}#key/{key_fingerprint(account.key_of('bot'))}": '{"Status": "Active"}',
        f"{bot}#boundary": None,
    }
    assert {target: reader.current(_step(target)) for target in expected} == expected


def test_a_state_that_may_not_be_read_is_refused_with_the_permission(account: Account) -> None:
    reader = SYSTEM.open(account.connection(profile="nobody"), account.environment())
    with pytest.raises(RefusedError, match="no permission `iam:GetRolePolicy`"):
        reader.current(_step(f"{account.arn('role/agents/triage')}#inline/given"))


def _step(target: str) -> Step:
    return Step(
        connection="aws:main",
        principal=target.partition("#")[0],
        operation="iam:PutRolePolicy",
        target=target,
        what="",
        before=None,
        after=None,
    )


CANNOT_CONNECT = {
    "a profile that is not there": ({"profile": "ghost"}, {}, "ghost"),
    "a key that AWS does not know": ({"profile": "wrong"}, {}, "renew the credentials of this profile"),
    "no credentials at all": ({"profile": ""}, {"AWS_SHARED_CREDENTIALS_FILE": "missing"}, "no AWS credentials"),
    "a server that is not there": ({"endpoint_url": "http://127.0.0.1:1"}, {}, "no answer"),
    "a trail that is no address": ({"trail": "exports/logs"}, {}, "s3://BUCKET/PREFIX"),
}


@pytest.mark.parametrize("name", CANNOT_CONNECT)
def test_a_connection_that_cannot_be_made_says_what_to_mend(name: str, account: Account, tmp_path: Path) -> None:
    settings, environment, told = CANNOT_CONNECT[name]
    wrong = "[wrong]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = canary-secret-51\n"
    given = account.environment() | environment
    if settings.get("profile") == "wrong":
        (tmp_path / "credentials").write_text(wrong, "utf-8")
        given["AWS_SHARED_CREDENTIALS_FILE"] = str(tmp_path / "credentials")
    with pytest.raises(RefusedError) as caught:
        SYSTEM.open(account.connection(**settings), given)
    assert told in str(caught.value)
    assert "canary" not in str(caught.value)
    assert "\n" not in str(caught.value)
