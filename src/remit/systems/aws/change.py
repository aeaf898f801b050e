"""The hands of AWS: changes with the write role, one native call each, and tries as an identity itself.

Invariants:
- the write role is opened against an approval alone, and imported by `app.act` alone;
- nothing is changed outside the connected account, on an identity that Remit itself acts as, or on one that AWS protects;
- a change looks right before it acts: a target that is no longer what the plan saw is left to whoever changed it;
- a change is sent once; only one that AWS refused for coming too fast, and so did not do, is sent again;
- a try reads or lists, whatever comes out of it; the credentials for it are fresh, short and kept nowhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from remit.contracts.system import OpensWriter
from remit.model.connection import Connection
from remit.model.errors import RefusedError
from remit.model.plan import Approval, Probe, Proof, Step
from remit.model.shown import printable
from remit.systems.aws.faults import CallError
from remit.systems.aws.objects import PROOF_SESSION, attachment_text, membership_text
from remit.systems.aws.probes import Call, call_for
from remit.systems.aws.session import Caller, Clients, known_caller, open_clients
from remit.systems.aws.state import current_state, key_id
from remit.systems.aws.targets import ACTIVE, ATTACHED, BOUNDARY, INACTIVE, INLINE, KEY, MEMBER, TAG, Target, target_of, value_in

_OPERATIONS = {
    INLINE: ("PutRolePolicy", "DeleteRolePolicy", "PutUserPolicy", "DeleteUserPolicy"),
    ATTACHED: ("AttachRolePolicy", "DetachRolePolicy", "AttachUserPolicy", "DetachUserPolicy"),
    MEMBER: ("AddUserToGroup", "RemoveUserFromGroup"),
    BOUNDARY: (
        "PutRolePermissionsBoundary",
        "DeleteRolePermissionsBoundary",
        "PutUserPermissionsBoundary",
        "DeleteUserPermissionsBoundary",
    ),
    KEY: ("UpdateAccessKey",),
    TAG: ("TagRole", "UntagRole", "TagUser", "UntagUser"),
}
_PROTECTED_PATHS = ("aws-service-role/", "aws-reserved/")
_THROTTLE_SECONDS = (0.5, 1.0, 2.0, 4.0)
ALLOWED, DENIED = "allowed", "denied"
TRIED = "tried as the identity"
_Arguments = dict[str, Any]


class AwsWriter:
    """The write role of one connection, for one approval."""

    def __init__(self, connection: Connection, clients: Clients, own: tuple[Caller, ...], sleep: Callable[[float], None]) -> None:
        self._connection = connection
        self._clients = clients
        self._account = own[0].account
        self._own = {_acts_as(caller.arn) for caller in own}
        self._sleep = sleep

    def change(self, step: Step) -> None:
        """Makes the target what `step.after` says, if it is still what the plan saw."""
        target = self._checked(step)
        if current_state(self._clients, step.target) != step.before:
            raise RefusedError(f"`{printable(step.target)}` was changed by somebody else since the plan was made: it was left as it is")
        self._make(step, target, step.after)

    def undo(self, step: Step) -> None:
        """Makes the target what `step.before` says. The driver has just read it, and knows what a failed move left there."""
        target = self._checked(step)
        if current_state(self._clients, step.target) != step.before:
            self._make(step, target, step.before)

    def prove(self, probe: Probe) -> Proof | None:
        """Tries the probe as the role itself; None where Remit may not act as it, or nothing harmless tells."""
        call = call_for(probe.action, probe.resource)
        fields = probe.principal.split(":", 5)
        if call is None or len(fields) != 6 or not fields[5].startswith("role/") or _acts_as(probe.principal) in self._own:
            return None
        if probe.connection != self._connection.id or fields[4] != self._account:
            return None
        try:
            agent = self._clients.acting_as(probe.principal, PROOF_SESSION)
        except CallError:
            return None
        try:
            got = self._outcome(agent, call, probe)
        finally:
            agent.close()
        if got is None:
            return None
        return Proof(
            system=self._connection.id,
            identity=probe.principal,
            tried=f"{probe.action} on {probe.resource}",
            expected=ALLOWED if probe.is_allowed else DENIED,
            got=got,
            how=TRIED,
        )

    def close(self) -> None:
        """Closes what is open."""
        self._clients.close()

    # --- changing -----------------------------------------------------------------------------------------------------------------

    def _checked(self, step: Step) -> Target:
        """The target, if it is one that may be changed here; raises RefusedError."""
        target = target_of(step.target)
        shown = printable(step.target)
        if step.connection != self._connection.id or target.principal != step.principal:
            raise RefusedError(f"`{shown}` is not of `{self._connection.id}`: nothing outside what is connected is changed")
        if target.account != self._account:
            raise RefusedError(f"`{shown}` is in another account than `{self._connection.id}` ({self._account}): it is left alone")
        if _acts_as(target.principal) in self._own:
            raise RefusedError(f"`{shown}` is an identity that Remit itself acts as: it is never changed")
        if target.principal.split(":", 5)[5].partition("/")[2].startswith(_PROTECTED_PATHS):
            raise RefusedError(f"`{shown}` is kept by AWS itself: it is never changed")
        if step.operation.removeprefix("iam:") not in _OPERATIONS[target.part]:
            raise RefusedError(f"`{printable(step.operation)}` is no change of `{shown}`")
        return target

    def _make(self, step: Step, target: Target, wanted: str | None) -> None:
        method, arguments = _MOVES[target.part](self._clients, target, wanted)
        for wait in (*_THROTTLE_SECONDS, None):
            try:
                self._clients.once("iam", method, **arguments)
            except CallError as error:
                # INVARIANT (sent once): throttled means refused; after anything else nobody knows.
                if error.is_throttled and wait is not None:
                    self._sleep(wait)
                    continue
                raise RefusedError(f"{step.what}: {_told(error)}") from None
            return

    # --- trying -------------------------------------------------------------------------------------------------------------------

    def _outcome(self, agent: Clients, call: Call, probe: Probe) -> str | None:
        """What came of a call; None where it tells nothing about permission."""
        try:
            answer = agent.optional(call.service, call.method, region=call.region, **call.arguments)
        except CallError as error:
            if error.is_denied:
                return None if self._may_mean_otherwise(agent, call, error, probe) else DENIED
            if error.is_absent and error.code != "NoSuchBucket":
                return ALLOWED if call.is_absence_telling else None
            # An object without bytes has no first one: S3 looked at the permission before it looked at the range.
            return ALLOWED if error.status == 416 else None
        if "Body" in answer:
            answer["Body"].close()
        return ALLOWED

    def _may_mean_otherwise(self, agent: Clients, call: Call, error: CallError, probe: Probe) -> bool:
        """Whether a denial may have another reason than the policies that a plan is about."""
        if error.is_explicitly_denied:
            return False
        if probe.is_allowed and agent.is_lookalike and call.service not in ("s3", "iam", "sts"):
            # A server that stands in for AWS may not weigh resources: a grant on one table is no grant on `*`.
            return True
        if call.method != "get_object":
            return False
        # S3 hides an object that is not there behind a denial from whoever may not list the bucket.
        try:
            agent.optional("s3", "list_objects_v2", Bucket=call.arguments["Bucket"], MaxKeys=1)
        except CallError:
            return True
        return False


def _acts_as(arn: str) -> tuple[str, str]:
    """(account, `role/NAME` or `user/NAME`): whom an ARN of IAM or of a session is about, without its path."""
    fields = arn.split(":", 5)
    kind, *names = fields[5].split("/") if len(fields) == 6 else [""]
    if kind == "assumed-role":
        return fields[4], f"role/{names[0]}"
    return (fields[4], f"{kind}/{names[-1]}") if names else ("", kind)


def _told(error: CallError) -> str:
    if error.is_unreachable:
        return f"{error.words()}; it may have happened or not: only reading it back tells"
    return error.words()


def _named(target: Target) -> _Arguments:
    return {"RoleName" if target.holder == "role" else "UserName": target.name}


def _inline(_: Clients, target: Target, wanted: str | None) -> tuple[str, _Arguments]:
    arguments = {**_named(target), "PolicyName": target.item}
    if wanted is None:
        return f"delete_{target.holder}_policy", arguments
    return f"put_{target.holder}_policy", {**arguments, "PolicyDocument": wanted}


def _attached(_: Clients, target: Target, wanted: str | None) -> tuple[str, _Arguments]:
    _expect(wanted, attachment_text(target.item))
    return f"{'detach' if wanted is None else 'attach'}_{target.holder}_policy", {**_named(target), "PolicyArn": target.item}


def _member(_: Clients, target: Target, wanted: str | None) -> tuple[str, _Arguments]:
    _expect(wanted, membership_text(target.item))
    return "remove_user_from_group" if wanted is None else "add_user_to_group", {**_named(target), "GroupName": target.item}


def _boundary(_: Clients, target: Target, wanted: str | None) -> tuple[str, _Arguments]:
    if wanted is None:
        return f"delete_{target.holder}_permissions_boundary", _named(target)
    arguments = {**_named(target), "PermissionsBoundary": value_in(wanted, "PermissionsBoundary")}
    return f"put_{target.holder}_permissions_boundary", arguments


def _key(clients: Clients, target: Target, wanted: str | None) -> tuple[str, _Arguments]:
    status = None if wanted is None else value_in(wanted, "Status")
    if status not in (ACTIVE, INACTIVE):
        raise RefusedError(f"`{printable(target.item)}`: an access key is made active or inactive, never deleted")
    try:
        name = key_id(clients, target)
    except CallError as error:
        raise RefusedError(f"the access keys of `{printable(target.name)}` cannot be read: {error.words()}") from None
    if name is None:
        raise RefusedError(f"`{printable(target.name)}` has no access key with the fingerprint `{printable(target.item)}`")
    return "update_access_key", {**_named(target), "AccessKeyId": name, "Status": status}


def _tag(_: Clients, target: Target, wanted: str | None) -> tuple[str, _Arguments]:
    if wanted is None:
        return f"untag_{target.holder}", {**_named(target), "TagKeys": [target.item]}
    return f"tag_{target.holder}", {**_named(target), "Tags": [{"Key": target.item, "Value": value_in(wanted, "Value")}]}


def _expect(wanted: str | None, only: str) -> None:
    if wanted not in (None, only):
        raise RefusedError(f"`{printable(str(wanted))}` is not a state that the target can have: `{printable(only)}` or none")


_MOVES: Mapping[str, Callable[[Clients, Target, str | None], tuple[str, _Arguments]]] = {
    INLINE: _inline,
    ATTACHED: _attached,
    MEMBER: _member,
    BOUNDARY: _boundary,
    KEY: _key,
    TAG: _tag,
}


class OpensAwsWriter:
    """Opens the write role."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep

    def open(self, connection: Connection, environment: Mapping[str, str], approval: Approval) -> AwsWriter:
        """Connects with the write profile; raises RefusedError when none is given or it cannot connect."""
        if not approval.plan or not approval.by:
            raise RefusedError("the write role is opened for an approved plan alone")
        profile = connection.setting("write_profile")
        if profile is None:
            raise RefusedError(
                f"`{connection.id}` has no write role: connect it again with `--write-profile`; "
                "`remit connect aws --print-policy write` prints what that role needs"
            )
        clients = open_clients(connection, environment, profile)
        hands = known_caller(connection, clients, profile)
        reader = connection.setting("profile")
        # Whom Remit reads as must be known, or it could change itself.
        with_read = open_clients(connection, environment, reader)
        eyes = known_caller(connection, with_read, reader)
        with_read.close()
        if eyes.account != hands.account:
            clients.close()
            raise RefusedError(f"`{connection.id}`: the write role is in account {hands.account}, and the read role in {eyes.account}")
        return AwsWriter(connection, clients, (hands, eyes), self._sleep)


WRITER: OpensWriter = OpensAwsWriter()
