"""A permission that shrinks on a live account: the agent itself keeps what it needs, loses the rest, and has it back after a roll back."""

from __future__ import annotations

from pathlib import Path

from tests.unit.systems.aws.account import Account, allow, answer, live_account

from remit.model.access import NativeObject
from remit.model.alignment import AlignmentLine, Class
from remit.model.plan import Approval
from remit.systems.aws.change import WRITER
from remit.systems.aws.system import SYSTEM

APPROVAL = Approval(plan="plan:1", by="dana@example.com", os_user="dana", at="2026-03-01T10:00:00Z")


def _line(role: str, action: str, resource: str) -> AlignmentLine:
    return AlignmentLine(
        principal=role, system="aws:s3", action=action, resource=resource, class_=Class.NEEDED_USED, why="the remit says so"
    )


def _what_works(account: Account, role: str) -> dict[str, bool]:
    s3 = account.client_as("s3", role, "caller")
    return {
        "get": answer(lambda: s3.get_object(Bucket="exports", Key="bills/a.csv")) == "allowed",
        "get elsewhere": answer(lambda: s3.get_object(Bucket="exports", Key="people/b.csv")) == "allowed",
        "list": answer(lambda: s3.list_objects_v2(Bucket="exports")) == "allowed",
        "put": answer(lambda: s3.put_object(Bucket="exports", Key="bills/new.csv", Body=b"")) == "allowed",
        "queue": answer(lambda: account.client_as("sqs", role, "caller").list_queues()) == "allowed",
    }


def test_a_role_is_narrowed_proved_and_given_back(tmp_path: Path) -> None:
    with live_account(tmp_path) as account:
        connection = account.connection()
        account.user("remit-read", SYSTEM.least_privilege(connection, "read").text)
        account.user("remit-write", SYSTEM.least_privilege(connection, "write").text)
        account.user("caller", allow("sts:AssumeRole"))
        role = account.role("triage", allow("s3:*", ["arn:aws:s3:::exports", "arn:aws:s3:::exports/*"]), trusts=("caller", "remit-write"))
        shared = account.iam.create_policy(PolicyName="shared", PolicyDocument=allow(["sqs:*", "s3:List*"]))["Policy"]["Arn"]
        account.iam.attach_role_policy(RoleName="triage", PolicyArn=shared)
        s3 = account.server.client("s3")
        s3.create_bucket(Bucket="exports")
        for key in ("bills/a.csv", "people/b.csv"):
            s3.put_object(Bucket="exports", Key=key, Body=b"1")
        account.server.enforce()

        reader = SYSTEM.open(connection, account.environment())
        objects = [item for item in reader.read() if isinstance(item, NativeObject)]
        before = _what_works(account, role)
        assert all(before.values())
        keep = [_line(role, "s3:GetObject", "arn:aws:s3:::exports/bills/*"), _line(role, "s3:ListBucket", "arn:aws:s3:::exports")]
        proposal = SYSTEM.narrow(objects, role, keep, "triage")
        writer = WRITER.open(connection, account.environment(), APPROVAL)
        for step in proposal.steps:
            writer.change(step)
            assert reader.current(step) == step.after
        assert _what_works(account, role) == {"get": True, "get elsewhere": False, "list": True, "put": False, "queue": False}
        proofs = [proof for probe in proposal.probes if (proof := writer.prove(probe)) is not None]
        assert proofs
        assert all(proof.holds for proof in proofs), proofs

        for step in reversed(proposal.steps):
            writer.undo(step)
            assert reader.current(step) == step.before
        assert _what_works(account, role) == before
        bodies = {item.id: item.body["InlinePolicies"] for item in objects if item.id == role}
        assert {item.id: item.body["InlinePolicies"] for item in reader.read() if getattr(item, "id", "") == role} == bodies
