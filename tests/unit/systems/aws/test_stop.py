"""Stopping and retiring on a live account: the agent itself is tried before, while stopped, and after its release."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from tests.unit.systems.aws.account import Account, allow, answer, live_account

from remit.model.access import NativeObject
from remit.model.plan import Approval, Proposal, Step
from remit.systems.aws.change import WRITER
from remit.systems.aws.objects import ROLE, SELF, USER, key_fingerprint
from remit.systems.aws.stop import DENY_ALL_TEXT, DENY_TEXT
from remit.systems.aws.system import SYSTEM

APPROVAL = Approval(plan="plan:1", by="dana@example.com", os_user="dana", at="2026-03-01T10:00:00Z")
EXPORTS = allow("s3:*", ["arn:aws:s3:::exports", "arn:aws:s3:::exports/*"])


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with live_account(tmp_path_factory.mktemp("aws")) as made:
        connection = made.connection()
        made.user("remit-read", SYSTEM.least_privilege(connection, "read").text)
        made.user("remit-write", SYSTEM.least_privilege(connection, "write").text)
        made.user("caller", allow("sts:AssumeRole"))
        made.user("bot", EXPORTS, path="/machines/")
        made.user("dana@example.com", EXPORTS)
        made.new_key("dana@example.com")
        made.role("triage", EXPORTS, path="/agents/", trusts=("caller", "remit-write"))
        made.iam.create_policy(PolicyName="shared", PolicyDocument=EXPORTS)
        made.iam.create_group(GroupName="ops")
        made.iam.put_group_policy(GroupName="ops", PolicyName="given", PolicyDocument=EXPORTS)
        for name in ("triage", "bot"):
            kind = "role" if name == "triage" else "user"
            attach = made.iam.attach_role_policy if kind == "role" else made.iam.attach_user_policy
            attach(**{f"{kind.capitalize()}Name": name, "PolicyArn": made.arn("policy/shared")})
        made.iam.add_user_to_group(GroupName="ops", UserName="bot")
        made.server.client("s3").create_bucket(Bucket="exports")
        made.server.enforce()
        yield made


def _objects(account: Account) -> list[NativeObject]:
    reader = SYSTEM.open(account.connection(), account.environment())
    found = [item for item in reader.read() if isinstance(item, NativeObject)]
    reader.close()
    return found


def _apply(account: Account, proposal: Proposal, *, is_undo: bool = False) -> None:
    writer = WRITER.open(account.connection(), account.environment(), APPROVAL)
    for step in reversed(proposal.steps) if is_undo else proposal.steps:
        (writer.undo if is_undo else writer.change)(step)
    writer.close()


@pytest.mark.parametrize("how", ["stop", "retire"])
def test_a_role_is_stopped_in_an_open_session_and_released(how: str, account: Account) -> None:
    role = account.arn("role/agents/triage")
    s3 = account.client_as("s3", role, "caller")
    before = _objects(account)
    proposal = getattr(SYSTEM, how)(before, role, (), "triage")
    assert answer(lambda: s3.list_objects_v2(Bucket="exports")) == "allowed"
    _apply(account, proposal)
    assert answer(lambda: s3.list_objects_v2(Bucket="exports")) == "AccessDenied"
    writer = WRITER.open(account.connection(), account.environment(), APPROVAL)
    proofs = [writer.prove(probe) for probe in proposal.probes]
    assert proofs
    assert all(proof is not None and proof.holds and proof.how == "tried as the identity" for proof in proofs)
    if how == "retire":
        body = next(item.body for item in _objects(account) if item.id == role)
        assert [policy["PolicyName"] for policy in body["InlinePolicies"]] == ["remit-quarantine"]
        assert body["AttachedPolicies"] == []
    _apply(account, proposal, is_undo=True)
    assert answer(lambda: s3.list_objects_v2(Bucket="exports")) == "allowed"
    assert _comparable(_objects(account)) == _comparable(before)


@pytest.mark.parametrize("how", ["stop", "retire"])
def test_a_machine_user_is_stopped_with_all_its_keys_and_released(how: str, account: Account) -> None:
    bot = account.arn("user/machines/bot")
    s3 = account.client("s3", "bot")
    before = _objects(account)
    proposal = getattr(SYSTEM, how)(before, bot, (), "bot")
    assert {step.operation for step in proposal.steps} >= {"iam:PutUserPolicy", "iam:UpdateAccessKey"}
    _apply(account, proposal)
    assert answer(lambda: s3.list_objects_v2(Bucket="exports")) != "allowed"
    stopped = _objects(account)
    assert [key["Status"] for key in next(item.body for item in stopped if item.id == bot)["AccessKeys"]] == ["Inactive"]
    for probe in proposal.probes:
        verdict = SYSTEM.decides(stopped, probe.principal, probe.action, probe.resource)
        assert (verdict.is_allowed, verdict.is_explicit) == (False, True)
    assert SYSTEM.stop(stopped, bot, (), "bot").steps == (), "what is stopped is not stopped twice"
    _apply(account, proposal, is_undo=True)
    assert answer(lambda: s3.list_objects_v2(Bucket="exports")) == "allowed"
    assert _comparable(_objects(account)) == _comparable(before)


def test_of_a_person_only_the_agents_own_key_is_stopped(account: Account) -> None:
    dana, before = account.arn("user/dana@example.com"), _objects(account)
    keys = next(item.body for item in before if item.id == dana)["AccessKeys"]
    own = key_fingerprint(account.key_of("dana@example.com"))
    (mine,) = [key["fingerprint"] for key in keys if key["fingerprint"] != own]
    assert SYSTEM.stop(before, dana, (), "triage").steps == ()
    proposal = SYSTEM.stop(before, dana, (mine, "0123456789abcdef"), "triage")
    assert "`0123456789abcdef`" in " ".join(proposal.residue)
    assert SYSTEM.retire(before, dana, (mine,), "triage").steps == proposal.steps
    _apply(account, proposal)
    states = {key["fingerprint"]: key["Status"] for item in _objects(account) if item.id == dana for key in item.body["AccessKeys"]}
    assert states == {own: "Active", mine: "Inactive"}
    assert answer(lambda: account.client("s3", "dana@example.com").list_objects_v2(Bucket="exports")) == "allowed"
    _apply(account, proposal, is_undo=True)
    assert _comparable(_objects(account)) == _comparable(before)


def _comparable(objects: list[NativeObject]) -> str:
    """The state of IAM, without when what was last used."""
    bodies = {item.id: {**item.body, "RoleLastUsed": None, "AttachmentCount": None} for item in objects if item.kind.startswith("iam:")}
    for body in bodies.values():
        body["AccessKeys"] = [{**key, "LastUsed": None} for key in body.get("AccessKeys", ())]
    return json.dumps(bodies, sort_keys=True, indent=1)


# --- without a server ---------------------------------------------------------------------------------------------------------------

ROOT = "arn:aws:iam::123456789012"


def _user(name: str, **body: object) -> NativeObject:
    given = {
        "Arn": f"{ROOT}:user/{name}",
        "UserName": name,
        "Path": "/",
        "InlinePolicies": [],
        "AttachedPolicies": [],
        "Groups": [],
        "AccessKeys": [],
    }
    return NativeObject(connection="aws:main", kind=USER, id=f"{ROOT}:user/{name}", body={**given, **body})


NOTHING: dict[str, object] = {"InlinePolicies": [], "AttachedPolicies": [], "PermissionsBoundary": None}


def _role(name: str, **body: object) -> NativeObject:
    given = {
        "Arn": f"{ROOT}:role/{name}",
        "RoleName": name.rpartition("/")[2],
        "InlinePolicies": [],
        "AttachedPolicies": [],
        "PermissionsBoundary": None,
    }
    return NativeObject(connection="aws:main", kind=ROLE, id=f"{ROOT}:role/{name}", body={**given, **body})


OWN = NativeObject(
    connection="aws:main",
    kind=SELF,
    id="arn:aws:sts::123456789012:assumed-role/keeper/session",
    body={"Arn": "arn:aws:sts::123456789012:assumed-role/keeper/session", "Account": "123456789012"},
)
SPARED = {
    "Remit's own role": ([OWN, _role("ops/keeper")], f"{ROOT}:role/ops/keeper", "Remit itself acts as"),
    "a role that AWS keeps": (
        [_role("aws-service-role/x.amazonaws.com/X")],
        f"{ROOT}:role/aws-service-role/x.amazonaws.com/X",
        "protected by AWS",
    ),
    "an identity that was not read": ([], f"{ROOT}:role/ghost", "no role or user that Remit has read"),
    "another system's identity": ([_role("x")], "postgres:main/x", "no role or user that Remit has read"),
    "a role by which people sign in": (
        [_role("aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1")],
        f"{ROOT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1",
        "",
    ),
}


@pytest.mark.parametrize("how", ["stop", "retire"])
@pytest.mark.parametrize("name", SPARED)
def test_who_must_not_be_stopped_is_left_alone_with_a_reason(name: str, how: str) -> None:
    objects, principal, told = SPARED[name]
    proposal = getattr(SYSTEM, how)(objects, principal, (), "triage")
    assert proposal.steps == ()
    assert told in " ".join(proposal.residue)
    assert proposal.residue


def test_where_inline_policies_have_no_room_left_awss_own_denial_is_attached() -> None:
    text = allow("s3:GetObject", [f"arn:aws:s3:::{'x' * 60}/{number}" for number in range(24)])
    full = _user("bot", InlinePolicies=[{"PolicyName": "big", "PolicyText": text, "PolicyDocument": json.loads(text)}])
    proposal = SYSTEM.stop([full], full.id, (), "triage")
    assert [(step.operation, step.after) for step in proposal.steps] == [
        ("iam:AttachUserPolicy", '{"PolicyArn": "arn:aws:iam::aws:policy/AWSDenyAll"}')
    ]
    stopped = SYSTEM.after([full], proposal.steps)
    verdict = SYSTEM.decides(stopped, full.id, "s3:GetObject", f"arn:aws:s3:::{'x' * 60}/1")
    assert (verdict.is_allowed, verdict.is_explicit) == (False, True)
    back = SYSTEM.after(stopped, [_reversed(step) for step in reversed(proposal.steps)])
    assert back == [full]


def test_what_could_not_be_read_is_told_and_stays() -> None:
    half = _role("triage", InlinePolicies=[{"PolicyName": "hidden"}])
    proposal = SYSTEM.retire([half], half.id, (), "triage")
    assert [step.target for step in proposal.steps] == [f"{half.id}#inline/remit-quarantine"]
    assert any("`hidden`" in sentence for sentence in proposal.residue)
    blind = NativeObject(connection="aws:main", kind=USER, id=f"{ROOT}:user/u", body={"Arn": f"{ROOT}:user/u", "UserName": "u"})
    residue = " ".join(SYSTEM.retire([blind], blind.id, (), "triage").residue)
    for part in ("access keys", "inline policies", "attached policies", "groups"):
        assert part in residue


def test_a_policy_of_the_same_name_is_replaced_and_put_back() -> None:
    mine = '{"Version":"2012-10-17","Statement":[]}'
    role = _role("triage", InlinePolicies=[{"PolicyName": "remit-quarantine", "PolicyText": mine, "PolicyDocument": json.loads(mine)}])
    (step,) = SYSTEM.stop([role], role.id, (), "triage").steps
    assert (step.before, step.after) == (mine, DENY_TEXT)


def test_both_denials_deny_everything() -> None:
    for text in (DENY_TEXT, DENY_ALL_TEXT):
        (statement,) = json.loads(text)["Statement"]
        assert (statement["Effect"], set(statement["Action"]), statement["Resource"]) == ("Deny", {"*"}, "*")


def _reversed(step: Step) -> Step:
    return replace(step, before=step.after, after=step.before)
