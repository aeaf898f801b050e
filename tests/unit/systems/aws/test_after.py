"""The objects after steps: what is foreseen, taken back, and refused where a step cannot be placed (what AWS then shows: `test_change`)."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace
from tests.unit.systems.aws.test_stop import _role, _user

from remit.model.access import NativeObject
from remit.model.plan import Step
from remit.systems.aws.after import objects_after
from remit.systems.aws.objects import attached_target, attachment_text, group_target, inline_target, membership_text
from remit.systems.aws.targets import boundary_target, boundary_text, key_target, status_text, tag_text

TEXT = '{"Version":"2012-10-17","Statement":[]}'
POLICY = "arn:aws:iam::123456789012:policy/team/shared"
ROLE = _role(
    "agents/triage",
    InlinePolicies=[{"PolicyName": "m", "PolicyText": TEXT, "PolicyDocument": json.loads(TEXT)}],
    AttachedPolicies=[{"PolicyName": "Old", "PolicyArn": "arn:aws:iam::aws:policy/Old"}],
    Tags={"team": "costs"},
)
USER = _user("bot", Groups=["b"], AccessKeys=[{"fingerprint": "0a", "Status": "Active"}, {"fingerprint": "0b", "Status": "Inactive"}])
OBJECTS = [ROLE, USER]


def _step(item: NativeObject, target: str, before: str | None, after: str | None) -> Step:
    return Step(connection="aws:main", principal=item.id, operation="iam:X", target=target, what="", before=before, after=after)


STEPS = {
    "an inline policy is made": _step(ROLE, inline_target(ROLE.id, "a"), None, TEXT),
    "an inline policy is made that is no JSON": _step(ROLE, inline_target(ROLE.id, "z"), None, "{"),
    "an inline policy is replaced": _step(ROLE, inline_target(ROLE.id, "m"), TEXT, "{}"),
    "an inline policy is deleted": _step(ROLE, inline_target(ROLE.id, "m"), TEXT, None),
    "a policy is attached": _step(ROLE, attached_target(ROLE.id, POLICY), None, attachment_text(POLICY)),
    "a policy is detached": _step(
        ROLE, attached_target(ROLE.id, "arn:aws:iam::aws:policy/Old"), attachment_text("arn:aws:iam::aws:policy/Old"), None
    ),
    "a boundary is put": _step(ROLE, boundary_target(ROLE.id), None, boundary_text(POLICY)),
    "a tag is changed": _step(ROLE, f"{ROLE.id}#tag/team", tag_text("costs"), tag_text("")),
    "a tag is removed": _step(ROLE, f"{ROLE.id}#tag/team", tag_text("costs"), None),
    "a user joins a group": _step(USER, group_target(USER.id, "a"), None, membership_text("a")),
    "a user leaves a group": _step(USER, group_target(USER.id, "b"), membership_text("b"), None),
    "a key is made inactive": _step(USER, key_target(USER.id, "0a"), status_text("Active"), status_text("Inactive")),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_changes_its_target_alone_and_its_reverse_gives_all_back(name: str) -> None:
    step = STEPS[name]
    after = objects_after(OBJECTS, [step])
    changed = [item.id for item, was in zip(after, OBJECTS, strict=True) if item != was]
    assert changed == [step.principal]
    assert list(objects_after(after, [replace(step, before=step.after, after=step.before)])) == OBJECTS


def test_all_steps_together_and_their_reverse_give_the_first_objects_again() -> None:
    steps = [step for name, step in STEPS.items() if name not in ("an inline policy is deleted", "a tag is removed")]
    back = [replace(step, before=step.after, after=step.before) for step in reversed(steps)]
    assert list(objects_after(objects_after(OBJECTS, steps), back)) == OBJECTS


BLIND = NativeObject(connection="aws:main", kind="iam:role", id=f"{ROLE.id}2", body={"Arn": f"{ROLE.id}2", "RoleName": "triage2"})
CANNOT_BE_PLACED = {
    "another system's target": _step(ROLE, "schema.table", None, "x"),
    "an identity that was not read": _step(_role("ghost"), inline_target(_role("ghost").id, "a"), None, TEXT),
    "a connection of another name": replace(STEPS["an inline policy is made"], connection="aws:other"),
    "a key that nobody has": _step(USER, key_target(USER.id, "ff"), status_text("Active"), status_text("Inactive")),
    "a key that is gone": _step(USER, key_target(USER.id, "0a"), status_text("Active"), None),
    "a boundary that says nothing": _step(ROLE, boundary_target(ROLE.id), None, "{}"),
    "policies that were not read": _step(BLIND, inline_target(BLIND.id, "a"), None, TEXT),
}


@pytest.mark.parametrize("name", CANNOT_BE_PLACED)
def test_a_step_that_cannot_be_placed_is_an_error_never_a_guess(name: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be placed|there is no such"):
        objects_after([*OBJECTS, BLIND], [CANNOT_BE_PLACED[name]])
