"""Which policies a principal has, and by which way: its own, attached ones, those of its groups, its boundary.

A policy that was not read or is no policy is told, never left out in silence: what it grants is not known, and so is what it denies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from remit.model.access import NativeObject, Unread
from remit.model.identity import Because
from remit.model.place import Place
from remit.systems.aws.objects import BUCKET, GROUP, POLICY, ROLE, USER, attached_target, group_target, inline_target, of_kind
from remit.systems.aws.policy import Policy, policy_of


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """One identity policy of a principal."""

    policy: Policy
    way: tuple[Because, ...]
    """The steps to it: a membership, an attachment; empty for an inline policy of its own."""
    holder: str
    """ARN of the user, role or group that has it."""
    name: str
    """Name of an inline policy, ARN of a managed one."""
    is_inline: bool


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides what a principal may do, as far as it was read."""

    principal: str
    grants: tuple[Grant, ...]
    boundary: Policy | None
    is_boundary_unread: bool
    unread: tuple[Unread, ...]
    context: Mapping[str, tuple[str, ...]]
    """Keys of the context that hold the same in every request of it."""

    def policies(self) -> tuple[Policy, ...]:
        """The identity policies alone."""
        return tuple(grant.policy for grant in self.grants)


class Estate:
    """The native objects of a connection, ready for look-up; policies are read once, however many principals have them."""

    def __init__(self, objects: Iterable[NativeObject]) -> None:
        listed = list(objects)
        self.identities = of_kind(listed, ROLE, USER)
        self.buckets = of_kind(listed, BUCKET)
        self._groups = {str(body.get("GroupName")): (arn, body) for arn, body in of_kind(listed, GROUP).items()}
        self._managed = of_kind(listed, POLICY)
        self._read: dict[str, Policy | Unread] = {}

    def held(self, principal: str) -> Held | None:
        """What a principal has; None: there is no such user or role."""
        body = self.identities.get(principal)
        if body is None:
            return None
        unread: list[Unread] = []
        grants = list(self._grants(principal, body, unread))
        boundary, is_unread = self._boundary(principal, body, unread)
        return Held(
            principal=principal,
            grants=tuple(grants),
            boundary=boundary,
            is_boundary_unread=is_unread,
            unread=tuple(unread),
            context=_context(principal, body),
        )

    def bucket_policy(self, arn: str) -> Policy | Unread | None:
        """The policy of a bucket; None: it has none, or no such bucket was read."""
        body = self.buckets.get(arn)
        if body is None:
            return None
        if "BucketPolicy" not in body:
            return Unread(place=arn, why="the bucket's policy was not read")
        document = body["BucketPolicy"]
        return None if document is None else self._policy(f"{arn}#policy", document)

    def _grants(self, principal: str, body: Mapping[str, Any], unread: list[Unread]) -> Iterator[Grant]:
        yield from self._of(principal, body, (), unread)
        for name in _listed(body, "Groups", principal, unread) if ":user/" in principal else ():
            step = Because(place=Place(group_target(principal, str(name))), text=f"is in the group {name}")
            group = self._groups.get(str(name))
            if group is None:
                unread.append(Unread(place=group_target(principal, str(name)), why="the group was not read"))
                continue
            yield from self._of(group[0], group[1], (step,), unread)

    def _of(self, holder: str, body: Mapping[str, Any], way: tuple[Because, ...], unread: list[Unread]) -> Iterator[Grant]:
        for inline in _listed(body, "InlinePolicies", holder, unread):
            name = str(inline.get("PolicyName"))
            place = inline_target(holder, name)
            policy = self._policy(place, inline.get("PolicyDocument"))
            if isinstance(policy, Unread):
                unread.append(policy)
            else:
                yield Grant(policy=policy, way=way, holder=holder, name=name, is_inline=True)
        for attached in _listed(body, "AttachedPolicies", holder, unread):
            arn = str(attached.get("PolicyArn"))
            step = Because(place=Place(attached_target(holder, arn)), text=f"has the policy {arn.rsplit('/', 1)[-1]} attached")
            policy = self._managed_policy(arn)
            if isinstance(policy, Unread):
                unread.append(policy)
            else:
                yield Grant(policy=policy, way=(*way, step), holder=holder, name=arn, is_inline=False)

    def _boundary(self, principal: str, body: Mapping[str, Any], unread: list[Unread]) -> tuple[Policy | None, bool]:
        if "PermissionsBoundary" not in body:
            unread.append(Unread(place=principal, why="whether it has a permissions boundary was not read"))
            return None, True
        arn = body["PermissionsBoundary"]
        if arn is None:
            return None, False
        policy = self._managed_policy(str(arn))
        if isinstance(policy, Unread):
            unread.append(policy)
            return None, True
        return policy, False

    def _managed_policy(self, arn: str) -> Policy | Unread:
        return self._policy(arn, self._managed.get(arn, {}).get("PolicyDocument"))

    def _policy(self, place: str, document: Any) -> Policy | Unread:
        if place not in self._read:
            self._read[place] = _read(place, document)
        return self._read[place]


def _read(place: str, document: Any) -> Policy | Unread:
    if document is None:
        return Unread(place=place, why="the policy's document was not read")
    try:
        return policy_of(document, place)
    except ValueError as error:
        return Unread(place=place, why=str(error))


def _listed(body: Mapping[str, Any], name: str, holder: str, unread: list[Unread]) -> Sequence[Any]:
    listed = body.get(name)
    if isinstance(listed, list | tuple):
        return listed
    unread.append(Unread(place=holder, why=f"its `{name}` were not read"))
    return ()


def _context(principal: str, body: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """What every request of a principal says of itself. Tags of a role are left out: a session may bring others."""
    account = principal.split(":")[4]
    context: dict[str, tuple[str, ...]] = {
        "aws:PrincipalArn": (principal,),
        "aws:PrincipalAccount": (account,),
        "aws:PrincipalIsAWSService": ("false",),
    }
    if ":user/" in principal:
        context["aws:username"] = (str(body.get("UserName") or principal.rsplit("/", 1)[-1]),)
        context["aws:PrincipalType"] = ("User",)
        tags = body.get("Tags")
        for key, value in tags.items() if isinstance(tags, Mapping) else ():
            context[f"aws:PrincipalTag/{key}"] = (str(value),)
        if body.get("UserId"):
            context["aws:userid"] = (str(body["UserId"]),)
    else:
        context["aws:PrincipalType"] = ("AssumedRole",)
    return context
