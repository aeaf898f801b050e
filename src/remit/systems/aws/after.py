"""The objects of a connection as they would be once some steps were done: the ground of every replay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from remit.model.access import NativeObject
from remit.model.errors import RefusedError
from remit.model.plan import Step
from remit.systems.aws.objects import POLICY, ROLE, USER
from remit.systems.aws.read.bodies import document
from remit.systems.aws.stop import DENY_ALL_TEXT, is_deny_all
from remit.systems.aws.targets import ATTACHED, BOUNDARY, INLINE, KEY, MEMBER, TAG, Target, target_of, value_in

_Body = dict[str, Any]
_KINDS = {"role": ROLE, "user": USER}


def objects_after(objects: Sequence[NativeObject], steps: Sequence[Step]) -> Sequence[NativeObject]:
    """The objects with the state of each target made `step.after`; a step that cannot be placed is a ValueError."""
    changed = {(item.kind, item.id): item for item in objects}
    for step in steps:
        try:
            target = target_of(step.target)
            item = changed.get((_KINDS[target.holder], target.principal))
            if item is None or item.connection != step.connection:
                raise ValueError(f"`{step.target}`: there is no such {target.holder} in `{step.connection}`")
            body = dict(item.body)
            _CHANGES[target.part](body, target, step.after)
        except (RefusedError, KeyError) as error:
            raise ValueError(f"`{step.target}` cannot be placed: {error}") from None
        changed[item.kind, item.id] = replace(item, body=body)
        if target.part == ATTACHED and is_deny_all(target.item):
            _with_deny_all(changed, target.item, step.connection)
    return list(changed.values())


def _inline(body: _Body, target: Target, text: str | None) -> None:
    rest = [policy for policy in body["InlinePolicies"] if policy["PolicyName"] != target.item]
    if text is not None:
        rest.append({"PolicyName": target.item, **document(text)})
    body["InlinePolicies"] = sorted(rest, key=lambda policy: str(policy["PolicyName"]))


def _attached(body: _Body, target: Target, text: str | None) -> None:
    was = [policy for policy in body["AttachedPolicies"] if policy["PolicyArn"] == target.item]
    rest = [policy for policy in body["AttachedPolicies"] if policy["PolicyArn"] != target.item]
    if text is not None:
        rest += was or [{"PolicyName": target.item.rpartition("/")[2], "PolicyArn": target.item}]
    body["AttachedPolicies"] = sorted(rest, key=lambda policy: str(policy["PolicyArn"]))


def _member(body: _Body, target: Target, text: str | None) -> None:
    body["Groups"] = sorted({*body["Groups"], target.item} if text is not None else {*body["Groups"]} - {target.item})


def _boundary(body: _Body, _: Target, text: str | None) -> None:
    body["PermissionsBoundary"] = None if text is None else value_in(text, "PermissionsBoundary")


def _key(body: _Body, target: Target, text: str | None) -> None:
    if text is None or not any(key["fingerprint"] == target.item for key in body["AccessKeys"]):
        raise KeyError("access key")
    status = value_in(text, "Status")
    body["AccessKeys"] = [{**key, "Status": status} if key["fingerprint"] == target.item else key for key in body["AccessKeys"]]


def _tag(body: _Body, target: Target, text: str | None) -> None:
    rest = {key: value for key, value in body["Tags"].items() if key != target.item}
    body["Tags"] = rest if text is None else {**rest, target.item: value_in(text, "Value")}


_CHANGES: dict[str, Callable[[_Body, Target, str | None], None]] = {
    INLINE: _inline,
    ATTACHED: _attached,
    MEMBER: _member,
    BOUNDARY: _boundary,
    KEY: _key,
    TAG: _tag,
}


def _with_deny_all(changed: dict[tuple[str, str], NativeObject], arn: str, connection: str) -> None:
    """AWS's own policy that denies everything is read only while something refers to it."""
    is_used = any(policy["PolicyArn"] == arn for item in changed.values() for policy in item.body.get("AttachedPolicies", ()))
    if not is_used:
        changed.pop((POLICY, arn), None)
    elif (POLICY, arn) not in changed:
        body = {"Arn": arn, "PolicyName": arn.rpartition("/")[2], "IsAwsManaged": True, **document(DENY_ALL_TEXT)}
        changed[POLICY, arn] = NativeObject(connection=connection, kind=POLICY, id=arn, body=body)
