"""Thirty plans, applied and taken back on a live AWS look-alike that enforces; checked with boto3 alone, as the agents themselves."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from botocore.handlers import json_decode_policies
from tests.unit.systems.aws.account import ADMIN, Account, allow, answer, live_account

from remit.app.act import Means, apply, roll_back
from remit.model.access import NativeObject
from remit.model.alignment import AlignmentLine, Class
from remit.model.plan import Approval, Plan, PlanKind, PlanState, Proposal
from remit.remedy.plan import NOTHING_TO_REPLAY, draft_plan, on_replayed
from remit.systems.aws.system import SYSTEM
from remit.testing.kits.write import Notebook, violations

pytestmark = pytest.mark.real
AT = "2030-01-01T00:00:00Z"
BUCKETS = ("alpha-exports", "beta-exports", "gamma-notes")
SEEDS = range(5)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with live_account(tmp_path_factory.mktemp("aws")) as made:
        for side in ("read", "write"):
            made.user(f"remit-{side}", SYSTEM.least_privilege(made.connection(), side).text)
        made.user("outsider", ADMIN)  # looks from outside, and is no part of any plan
        s3 = made.server.client("s3")
        for bucket in BUCKETS:
            s3.create_bucket(Bucket=bucket)
            s3.put_object(Bucket=bucket, Key="in/a.csv", Body=b"a")
        for seed in SEEDS:
            _populate(made, random.Random(seed), seed)
        made.server.enforce()
        yield made


def names(seed: int) -> tuple[str, str]:
    """The role and the user of a seed."""
    letters = random.Random(seed).sample("klmnpqrst", 2)
    return f"agent-{seed}{letters[0]}", f"svc-{seed}{letters[1]}"


def _populate(account: Account, chance: random.Random, seed: int) -> None:
    """One agent's role and one's user, with grants of every sort."""
    role, user = names(seed)
    account.user(user)
    account.role(role, trusts=("outsider", "remit-write"))
    for holder, name in (("role", role), ("user", user)):
        put, attach = getattr(account.iam, f"put_{holder}_policy"), getattr(account.iam, f"attach_{holder}_policy")
        key = "RoleName" if holder == "role" else "UserName"
        for number in range(chance.randint(1, 2)):
            put(**{key: name}, PolicyName=f"p{number}", PolicyDocument=_policy(chance))
        if chance.random() < 0.6:
            shared = account.iam.create_policy(PolicyName=f"{name}-shared", PolicyDocument=_policy(chance))
            attach(**{key: name}, PolicyArn=shared["Policy"]["Arn"])
    account.iam.create_group(GroupName=f"group-{seed}")
    account.iam.put_group_policy(GroupName=f"group-{seed}", PolicyName="g", PolicyDocument=allow("s3:ListAllMyBuckets"))
    account.iam.add_user_to_group(GroupName=f"group-{seed}", UserName=user)


def _policy(chance: random.Random) -> str:
    bucket = chance.choice(BUCKETS)
    text = chance.choice(
        [
            allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{bucket}/*"),
            allow("s3:*"),
            allow(["s3:Get*", "s3:List*"], [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/in/*"]),
            allow(["dynamodb:*", "s3:DeleteObject"]),
        ]
    )
    return text.replace('", "', '",   "') if chance.random() < 0.5 else text  # such spacing must come back byte for byte


# --- looking from outside -----------------------------------------------------------------------------------------------------------


def state(account: Account) -> dict[str, Any]:
    """Everything that a plan may touch, as IAM itself tells it to boto3, policies as their texts."""
    iam = account.client("iam", "outsider")
    iam.meta.events.unregister("after-call.iam", json_decode_policies)
    found: dict[str, Any] = {}
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
        found[role["Arn"]] = {
            "inline": {one: iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"] for one in inline},
            "attached": sorted(one["PolicyArn"] for one in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]),
            "boundary": iam.get_role(RoleName=name)["Role"].get("PermissionsBoundary"),
        }
    for user in iam.list_users()["Users"]:
        name = user["UserName"]
        inline = iam.list_user_policies(UserName=name)["PolicyNames"]
        found[user["Arn"]] = {
            "inline": {one: iam.get_user_policy(UserName=name, PolicyName=one)["PolicyDocument"] for one in inline},
            "attached": sorted(one["PolicyArn"] for one in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]),
            "groups": sorted(one["GroupName"] for one in iam.list_groups_for_user(UserName=name)["Groups"]),
            "keys": sorted((one["AccessKeyId"], one["Status"]) for one in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]),
        }
    return found


def does(account: Account, principal: str) -> dict[tuple[str, str], bool]:
    """What the identity itself gets done, call by call."""
    name = principal.rpartition("/")[2]
    if ":role/" in principal:
        s3, dynamo = (account.client_as(service, principal, "outsider") for service in ("s3", "dynamodb"))
    else:
        s3, dynamo = (account.client(service, name) for service in ("s3", "dynamodb"))
    tried: dict[tuple[str, str], Callable[[], Any]] = {
        ("s3:ListAllMyBuckets", "*"): s3.list_buckets,
        ("dynamodb:ListTables", "*"): dynamo.list_tables,
    }
    for bucket in BUCKETS:
        thing = f"arn:aws:s3:::{bucket}"
        tried["s3:ListBucket", thing] = partial(s3.list_objects_v2, Bucket=bucket)
        tried["s3:GetObject", f"{thing}/in/a.csv"] = partial(s3.get_object, Bucket=bucket, Key="in/a.csv")
        tried["s3:PutObject", f"{thing}/in/b.csv"] = partial(s3.put_object, Bucket=bucket, Key="in/b.csv", Body=b"b")
        tried["s3:DeleteObject", f"{thing}/in/none"] = partial(s3.delete_object, Bucket=bucket, Key="in/none")
    return {call: answer(run) == "allowed" for call, run in tried.items()}


# --- plans --------------------------------------------------------------------------------------------------------------------------


class Hands:
    """Plans about one account, carried out by `app.act`."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.connection = account.connection()

    def objects(self) -> list[NativeObject]:
        reader = SYSTEM.open(self.connection, self.account.environment())
        try:
            return [item for item in reader.read() if isinstance(item, NativeObject)]
        finally:
            reader.close()

    def plan(self, proposal: Proposal, store: Notebook) -> Plan:
        plan = on_replayed(draft_plan("plan:1", "agent", PlanKind.QUARANTINE, [proposal], AT), NOTHING_TO_REPLAY, (), AT)
        store.put(plan, seen=AT)
        return plan

    def run(self, move: Callable[..., Any], store: Notebook) -> Plan:
        approval = Approval(plan="plan:1", by="dana", os_user="dana", at=AT)
        means = Means(systems={"aws": SYSTEM}, environment=self.account.environment(), now=lambda: AT, patience_seconds=(0.1, 0.3))
        plan = move(store, "plan:1", approval, means).plan
        assert isinstance(plan, Plan)
        return plan


def line(principal: str, action: str, resource: str) -> AlignmentLine:
    return AlignmentLine(
        principal=principal,
        system=f"aws:{action.partition(':')[0]}",
        action=action,
        resource=resource,
        class_=Class.NEEDED_USED,
        why="the agent needs it",
    )


@pytest.mark.parametrize("way", ["narrow", "stop", "retire"])
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["role", "user"])
def test_a_plan_does_what_it_says_and_is_taken_back_to_the_same_state(way: str, seed: int, kind: str, account: Account):
    hands, chance = Hands(account), random.Random(f"{way}{seed}{kind}")
    principal = account.arn(f"{kind}/{names(seed)[0 if kind == 'role' else 1]}")
    before, could, objects = state(account), does(account, principal), hands.objects()
    assert any(could.values())
    kept = {call for call, works in could.items() if works and chance.random() < 0.5}
    if way == "narrow":
        proposal = SYSTEM.narrow(objects, principal, [line(principal, *call) for call in sorted(kept)], "agent")
    else:
        proposal = getattr(SYSTEM, way)(objects, principal, (), "agent")
    store = Notebook([hands.connection, *objects])
    plan = hands.plan(proposal, store)
    if plan.steps:
        applied = hands.run(apply, store)
        assert applied.state is PlanState.APPLIED, applied.stuck_because
        assert all(proof.holds for proof in applied.proofs)
        assert state(account) != before
    can = does(account, principal)
    for call in could:
        if way != "narrow":
            assert not can[call]
        elif call in kept:
            assert can[call], f"{call} was to stay"
        elif can[call]:
            assert any("group-" in sentence for sentence in plan.residue), f"{call} still works, and nothing says why"
    if plan.steps:
        undone = hands.run(roll_back, store)
        assert undone.state is PlanState.UNDONE, undone.stuck_because
    assert state(account) == before
    assert does(account, principal) == could


def test_the_write_side_passes_the_kit(account: Account):
    assert violations(SYSTEM, account.connection(), account.environment(), most_principals=1) == []
