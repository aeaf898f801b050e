"""Proposals that stop an identity at once, and that take everything from one: quarantine and retirement.

Invariants:
- a person is never locked out: on a person's own login only the given access keys are made inactive;
- Remit's own identities and those that AWS protects are never touched;
- everything can be undone: nothing is deleted whose text is not kept, and keys are made inactive, never deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from remit.model.access import NativeObject, Principal
from remit.model.plan import Probe, Proposal, Step
from remit.model.shown import printable
from remit.systems.aws.identities import principals
from remit.systems.aws.objects import (
    ROLE,
    SELF,
    USER,
    attached_target,
    attachment_text,
    group_target,
    inline_target,
    membership_text,
    of_kind,
)
from remit.systems.aws.probes import probes_of
from remit.systems.aws.targets import ACTIVE, INACTIVE, key_target, status_text

QUARANTINE = "remit-quarantine"
"""Name of the inline policy that stops an identity."""
DENY_TEXT = '{"Version":"2012-10-17","Statement":[{"Sid":"RemitQuarantine","Effect":"Deny","Action":"*","Resource":"*"}]}'
DENY_ALL_TEXT = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":"*"}]}'
"""AWS's own `AWSDenyAll`, which stops an identity whose inline policies have no room left."""
_INLINE_CHARS = {"Role": 10_240, "User": 2_048}
"""Characters of all inline policies of one identity together, white space not counted (IAM and STS quotas)."""


def is_deny_all(policy: str) -> bool:
    """Whether an ARN is that of AWS's own policy that denies everything."""
    return policy.endswith(":iam::aws:policy/AWSDenyAll")


def stop(objects: Sequence[NativeObject], principal: str, key_fingerprints: Sequence[str], label: str) -> Proposal:
    """Steps that stop a principal at once; on a person's identity only the keys with these fingerprints."""
    held, body, why = _found(objects, principal)
    if held is None:
        return Proposal(steps=(), residue=(why,))
    if held.person is not None:
        return _person(held, body, key_fingerprints, label)
    subject = _Subject(held, body, label)
    residue = [*subject.unread("AccessKeys")]
    steps = [*subject.denied(), *subject.keys_off(None)]
    if not steps:
        return Proposal(steps=(), residue=(*residue, f"`{held.short}` is stopped already"))
    return Proposal(steps=tuple(steps), residue=tuple(residue), probes=_probes(objects, held))


def retire(objects: Sequence[NativeObject], principal: str, key_fingerprints: Sequence[str], label: str) -> Proposal:
    """Steps that stop a principal and take every grant from it; the identity itself, its trust and its boundary stay."""
    held, body, why = _found(objects, principal)
    if held is None:
        return Proposal(steps=(), residue=(why,))
    if held.person is not None:
        return _person(held, body, key_fingerprints, label)
    subject = _Subject(held, body, label)
    residue = [*subject.unread("AccessKeys", "InlinePolicies", "AttachedPolicies", "Groups"), *subject.without_text()]
    residue.append(f"`{held.short}` itself stays, with nothing that it can do: deleting it cannot be undone")
    steps = (*subject.denied(), *subject.keys_off(None), *subject.stripped())
    return Proposal(steps=steps, residue=tuple(residue), probes=_probes(objects, held))


def _found(objects: Sequence[NativeObject], principal: str) -> tuple[Principal | None, Mapping[str, Any], str]:
    """The principal and its body; None with the reason why it is left alone."""
    shown = printable(principal)
    # What a principal is hangs on itself and on whom Remit acts as, on none of the thousands beside it.
    about = [item for item in objects if item.kind == SELF or item.id == principal]
    held = next((item for item in principals(about) if item.ref == principal), None)
    body = of_kind(objects, ROLE, USER).get(principal)
    if held is None or body is None:
        return None, {}, f"`{shown}` is no role or user that Remit has read: nothing of it was stopped here"
    if held.is_own:
        return None, {}, f"`{shown}` is an identity that Remit itself acts as: it is never changed"
    if held.is_protected:
        return None, {}, f"`{shown}` is protected by AWS: it is never changed"
    return held, body, ""


def _person(held: Principal, body: Mapping[str, Any], fingerprints: Sequence[str], label: str) -> Proposal:
    """Of a person only the agent's own keys are stopped."""
    subject = _Subject(held, body, label)
    steps = tuple(subject.keys_off(fingerprints))
    known = {key["fingerprint"] for key in body.get("AccessKeys", ())}
    residue = [*subject.unread("AccessKeys"), f"`{held.short}` is a person's own login: only keys that are the agent's are stopped on it"]
    missing = [fingerprint for fingerprint in fingerprints if fingerprint not in known]
    if missing:
        residue.append(f"`{held.short}` has no access key with the fingerprint {', '.join(f'`{printable(item)}`' for item in missing)}")
    if not fingerprints:
        residue.append(f"which key of `{held.short}` the agent acts with is not known: nothing was stopped on it")
    return Proposal(steps=steps, residue=tuple(residue))


def _probes(objects: Sequence[NativeObject], held: Principal) -> tuple[Probe, ...]:
    return tuple(probes_of(objects, held.connection, held.ref, is_allowed=False))


class _Subject:
    """One role or user, and the steps on it."""

    def __init__(self, held: Principal, body: Mapping[str, Any], label: str) -> None:
        self._held = held
        self._body = body
        self._label = label
        self._kind = "Role" if "RoleName" in body else "User"

    def denied(self) -> Iterator[Step]:
        """Everything is denied by one policy; a denial goes before every grant, and holds for sessions that are open already."""
        arn = self._held.ref
        inline = self._body.get("InlinePolicies", ())
        before = next((policy.get("PolicyText", "") for policy in inline if policy["PolicyName"] == QUARANTINE), None)
        if before == DENY_TEXT or any(is_deny_all(policy["PolicyArn"]) for policy in self._body.get("AttachedPolicies", ())):
            return
        used = sum(len("".join(policy.get("PolicyText", "").split())) for policy in inline if policy["PolicyName"] != QUARANTINE)
        if used + len(DENY_TEXT) <= _INLINE_CHARS[self._kind]:
            yield self._step(
                f"Put{self._kind}Policy",
                inline_target(arn, QUARANTINE),
                f"deny everything to `{self._held.short}`, for `{self._label}`",
                before,
                DENY_TEXT,
                {"PolicyName": QUARANTINE},
            )
            return
        policy = f"arn:{arn.split(':')[1]}:iam::aws:policy/AWSDenyAll"
        what = f"deny everything to `{self._held.short}`, for `{self._label}` (its inline policies have no room left)"
        yield self._step(
            f"Attach{self._kind}Policy", attached_target(arn, policy), what, None, attachment_text(policy), {"PolicyArn": policy}
        )

    def keys_off(self, fingerprints: Iterable[str] | None) -> Iterator[Step]:
        """The access keys with these fingerprints (None: all) made inactive."""
        wanted = None if fingerprints is None else set(fingerprints)
        for key in self._body.get("AccessKeys", ()):
            if key["Status"] == ACTIVE and (wanted is None or key["fingerprint"] in wanted):
                yield self._step(
                    "UpdateAccessKey",
                    key_target(self._held.ref, key["fingerprint"]),
                    f"make access key {key['shown']} of `{self._held.short}` inactive, for `{self._label}`",
                    status_text(ACTIVE),
                    status_text(INACTIVE),
                    {},
                )

    def stripped(self) -> Iterator[Step]:
        """Every grant taken away."""
        arn, short = self._held.ref, self._held.short
        for policy in self._body.get("InlinePolicies", ()):
            name = policy["PolicyName"]
            if name != QUARANTINE and "PolicyText" in policy:
                what = f"delete inline policy `{printable(name)}` of `{short}`; its text is kept"
                yield self._step(f"Put{self._kind}Policy", inline_target(arn, name), what, policy["PolicyText"], None, {"PolicyName": name})
        for policy in self._body.get("AttachedPolicies", ()):
            name = policy["PolicyArn"]
            if not is_deny_all(name):
                what = f"detach policy `{printable(policy['PolicyName'])}` from `{short}`"
                yield self._step(
                    f"Detach{self._kind}Policy", attached_target(arn, name), what, attachment_text(name), None, {"PolicyArn": name}
                )
        for name in self._body.get("Groups", ()):
            what = f"take `{short}` out of group `{printable(name)}`"
            yield self._step("RemoveUserFromGroup", group_target(arn, name), what, membership_text(name), None, {"GroupName": name})

    def unread(self, *keys: str) -> Iterator[str]:
        """What could not be read of it, and so is not changed."""
        names = {
            "AccessKeys": "access keys",
            "InlinePolicies": "inline policies",
            "AttachedPolicies": "attached policies",
            "Groups": "groups",
        }
        for key in keys:
            if key not in self._body and (self._kind == "User" or key not in ("AccessKeys", "Groups")):
                yield f"the {names[key]} of `{self._held.short}` could not be read: they stay as they are"

    def without_text(self) -> Iterator[str]:
        """Inline policies whose text could not be read: without it they could not be put back."""
        for policy in self._body.get("InlinePolicies", ()):
            if "PolicyText" not in policy:
                name = printable(policy["PolicyName"])
                yield f"inline policy `{name}` of `{self._held.short}` could not be read: it stays, and grants nothing"

    def _step(self, operation: str, target: str, what: str, before: str | None, after: str | None, arguments: Mapping[str, str]) -> Step:
        return Step(
            connection=self._held.connection,
            principal=self._held.ref,
            operation=f"iam:{operation}",
            target=target,
            what=what,
            before=before,
            after=after,
            arguments=arguments,
        )
