"""The smallest permissions that a person can still read: what a principal could do before and what is kept, and nothing else.

- Its own inline policies are written anew. Managed policies, which others may use too, are never edited: one of which not all is kept is
  detached, and so is a group left; what is kept from them goes into one inline policy, `remit-LABEL`.
- Statements that deny, and conditions, stay. A policy of which everything is kept stays as it is.
- New policies are put before old ones are taken away, so that nothing that is kept fails in between.
- What cannot be narrowed stays and is told: a policy that was not read, one whose rest would not fit, a grant by a bucket's own policy.

INVARIANT (never wider): see `narrowing`. A step says byte for byte what was there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from remit.model.access import NativeObject, Principal
from remit.model.alignment import AlignmentLine
from remit.model.plan import Proposal, Step
from remit.model.shown import printable
from remit.systems.aws.bucket_policies import BucketPolicies
from remit.systems.aws.catalogue import actions_matching, concerns_pattern, vocabulary
from remit.systems.aws.grants import Estate, Grant, Held
from remit.systems.aws.identities import principals
from remit.systems.aws.narrowing import Kept, Narrowed, kept_denials, narrowed
from remit.systems.aws.objects import attached_target, attachment_text, group_target, inline_target, membership_text
from remit.systems.aws.policy import Statement, policy_of
from remit.systems.aws.shortening import LEVELS, shortened
from remit.systems.aws.trials import trials
from remit.systems.aws.variables import Context
from remit.systems.aws.writing import Line, allow_statements, named, policy_text, size_of

ROLE_LIMIT, USER_LIMIT = 10_240, 2_048
"""Characters of all inline policies of a role, of a user."""


class _Rest(msgspec.Struct):
    """What is left of one policy."""

    grant: Grant
    lines: list[Line]
    denials: list[Mapping[str, Any]]
    is_whole: bool


def narrow(objects: Sequence[NativeObject], principal: str, keep: Sequence[AlignmentLine], label: str) -> Proposal:
    """Steps after which the principal can do what it could before and `keep` names, and nothing else."""
    estate = Estate(objects)
    held = estate.held(principal)
    known = next((one for one in principals(objects) if one.ref == principal), None)
    if held is None or known is None:
        return Proposal(steps=(), residue=(f"no user or role {printable(principal)} was read, so nothing is changed",))
    if (why := _untouchable(known)) is not None:
        return Proposal(steps=(), residue=(f"{printable(known.short)} {why}; it is left as it is",))
    return _Narrowing(estate, held, known.connection, list(_kept(keep)), label, list(_forbidden(keep))).proposal()


def _is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two statements deny the same; a name makes no difference."""
    return one == {key: [value] if key != "Effect" and isinstance(value, str) else value for key, value in other.items() if key != "Sid"}


def _untouchable(principal: Principal) -> str | None:
    if principal.is_own:
        return "is the identity that Remit itself acts as"
    if principal.is_protected:
        return "belongs to a service of AWS"
    if principal.person is not None:
        return f"is a person's own login ({printable(principal.person.text)})"
    return None


def _kept(keep: Iterable[AlignmentLine]) -> Iterator[Kept]:
    seen: set[Kept] = set()
    for line in keep:
        if not line.system.startswith("aws:"):
            continue
        for action in _actions(line):
            kept = Kept(vocabulary().names.get(action.lower(), action), line.resource)
            if kept not in seen:
                seen.add(kept)
                yield kept


def _forbidden(keep: Iterable[AlignmentLine]) -> Iterator[dict[str, Any]]:
    """What a never takes out of what is kept, as statements that deny: one that allows cannot leave a part of its resource out."""
    denied: dict[str, set[str]] = {}
    for line in keep:
        for action in _actions(line) if line.but and line.system.startswith("aws:") else ():
            for resource in line.but:
                # A denial of what an action can never be about only makes the policy longer.
                if concerns_pattern(action, resource):
                    denied.setdefault(resource, set()).add(vocabulary().names.get(action.lower(), action))
    together: dict[tuple[str, ...], list[str]] = {}
    for resource, actions in sorted(denied.items()):
        together.setdefault(tuple(sorted(actions)), []).append(resource)
    for names, resources in sorted(together.items()):
        yield {"Effect": "Deny", "Action": list(names), "Resource": resources}


def _actions(line: AlignmentLine) -> Sequence[str]:
    """The native actions of a line; of a verb of ours, every action of the service that has it."""
    if ":" in line.action or line.action == "*":
        return (line.action,)
    service = line.system.removeprefix("aws:")
    table = vocabulary()
    return tuple(name for name in actions_matching(f"{service}:*") if table.verb_of(name) == line.action)


class _Narrowing:
    """The narrowing of one principal."""

    def __init__(
        self, estate: Estate, held: Held, connection: str, keep: Sequence[Kept], label: str, forbidden: Iterable[Mapping[str, Any]] = ()
    ) -> None:
        self._estate = estate
        self._held = held
        self._connection = connection
        self._keep = keep
        self._name = f"remit-{label}"
        self._context = Context(held.context, is_whole=False)
        self._residue: list[str] = []
        self._forbidden = [one for one in forbidden if self._can_be_written(one)]
        self._level = 0
        """How far names are put together so that they fit."""
        self._is_user = ":user/" in held.principal
        self._limit = USER_LIMIT if self._is_user else ROLE_LIMIT

    def proposal(self) -> Proposal:
        """The steps, what stays, and what shows that it holds."""
        rests = [self._rest(grant) for grant in self._held.grants]
        own = [rest for rest in rests if rest.grant.is_inline and rest.grant.holder == self._held.principal]
        ways = self._ways(rest for rest in rests if rest not in own)
        leaving = self._that_fit(own, {way: parts for way, parts in ways.items() if not all(part.is_whole for part in parts)})
        texts = self._inline_texts(own, leaving)
        if self._level:
            self._residue.append("names that are kept were put together to patterns, so that they fit into the limits of IAM")
        steps = [step for name, (before, after) in texts.items() if (step := self._put(name, before, after)) is not None and after]
        steps += [self._leave(way) for way in leaving]
        steps += [step for name, (before, after) in texts.items() if not after and (step := self._put(name, before, after)) is not None]
        self._tell_what_stays()
        after = self._after(texts, leaving)
        probes = tuple(trials(self._held, after, self._estate, self._connection, self._keep)) if steps else ()
        return Proposal(steps=tuple(steps), residue=tuple(dict.fromkeys(self._residue)), probes=probes)

    # --- what is left of each policy ---

    def _can_be_written(self, denial: Mapping[str, Any]) -> bool:
        """Whether IAM reads the resources of a denial as they are meant: `?` and `${` mean more there."""
        special = [one for one in denial["Resource"] if "?" in one or "${" in one]
        self._residue += [f"{printable(one)} is forbidden and cannot be said to IAM: enforcement points must deny it" for one in special]
        return not special

    def _rest(self, grant: Grant) -> _Rest:
        allowing = [statement for one in self._held.grants for statement in one.policy.statements if statement.is_allow]
        lines: list[Line] = []
        denials = list(kept_denials(grant.policy.statements))
        is_whole = True
        for statement in grant.policy.statements:
            if not statement.is_allow:
                continue
            others = [other for other in allowing if other is not statement]
            left: Narrowed = narrowed(statement, self._keep, self._context, others)
            lines += left.lines
            denials += left.denials
            self._residue += left.residue
            is_whole = is_whole and left.is_whole
        return _Rest(grant, lines, denials, is_whole)

    def _ways(self, rests: Iterable[_Rest]) -> dict[str, list[_Rest]]:
        """The targets that a step would take away (an attachment, a membership), each with the policies that come by it."""
        ways: dict[str, list[_Rest]] = {}
        for rest in rests:
            ways.setdefault(str(rest.grant.way[0].place.path), []).append(rest)
        return ways

    # --- what is written ---

    def _that_fit(self, own: list[_Rest], leaving: dict[str, list[_Rest]]) -> dict[str, list[_Rest]]:
        """The ways to be left, less those whose rest would not fit beside what is there."""
        while not self._fits(own, leaving):
            if not leaving:
                self._residue.append(f"what is kept takes more than the {self._limit} characters that IAM gives to inline policies")
                return leaving
            largest = max(leaving, key=lambda way: sum(len(part.lines) for part in leaving[way]))
            self._residue.append(
                f"{printable(largest)} stays: what is kept of it does not fit into the {self._limit} characters of the inline policies"
            )
            leaving = {way: parts for way, parts in leaving.items() if way != largest}
        return leaving

    def _fits(self, own: list[_Rest], leaving: Mapping[str, list[_Rest]]) -> bool:
        """Whether the texts fit, at the lowest level of putting names together at which they do."""
        for level in range(LEVELS + 1):
            self._level = level
            if sum(size_of(after) for _, after in self._inline_texts(own, leaving).values() if after) <= self._limit:
                return True
        return False

    def _inline_texts(self, own: list[_Rest], leaving: Mapping[str, list[_Rest]]) -> dict[str, tuple[str | None, str | None]]:
        """By name of inline policy: its text before and after; where nothing changes the two are the same."""
        before = self._texts_before()
        carried = [part for parts in leaving.values() for part in parts]
        denied = [one for one in self._forbidden if not any(_is_same(one, other) for rest in own for other in rest.denials)]
        texts: dict[str, tuple[str | None, str | None]] = {}
        for rest in own:
            if rest.grant.name not in before:
                self._residue.append(f"{printable(rest.grant.policy.place)} stays as it is: its text was not read")
                continue
            is_kept = rest.is_whole and not (rest.grant.name == self._name and (carried or denied))
            was = before.get(rest.grant.name)
            texts[rest.grant.name] = (was, was if is_kept else self._text([rest]))
        if carried or denied:
            mine = [rest for rest in own if rest.grant.name == self._name]
            if mine or self._name not in before:
                texts[self._name] = (before.get(self._name), self._text([*mine, *carried], denied))
        return texts

    def _text(self, rests: Iterable[_Rest], denied: Iterable[Mapping[str, Any]] = ()) -> str | None:
        listed = list(rests)
        allows = allow_statements(shortened((line for rest in listed for line in rest.lines), self._level))
        denials = {repr(sorted(one.items(), key=lambda item: item[0])): one for rest in listed for one in rest.denials}
        statements = [*allows, *denials.values(), *denied]
        return policy_text(named(statements)) if statements else None

    def _texts_before(self) -> dict[str, str]:
        inline = self._estate.identities[self._held.principal].get("InlinePolicies") or ()
        return {str(one["PolicyName"]): one["PolicyText"] for one in inline if isinstance(one.get("PolicyText"), str)}

    # --- steps ---

    def _put(self, name: str, before: str | None, after: str | None) -> Step | None:
        if before == after:
            return None
        what = (
            f"take the inline policy {name} away: nothing in it is kept"
            if after is None
            else f"write the inline policy {name} with what is kept"
        )
        return Step(
            connection=self._connection,
            principal=self._held.principal,
            operation="iam:PutUserPolicy" if self._is_user else "iam:PutRolePolicy",
            target=inline_target(self._held.principal, name),
            what=printable(what, 400),
            before=before,
            after=after,
            arguments={"PolicyName": name},
        )

    def _leave(self, way: str) -> Step:
        principal = self._held.principal
        kind, _, item = way.removeprefix(f"{principal}#").partition("/")
        if kind == "group":
            return Step(
                connection=self._connection,
                principal=principal,
                operation="iam:RemoveUserFromGroup",
                target=group_target(principal, item),
                what=printable(f"take the user out of the group {item}", 400),
                before=membership_text(item),
                after=None,
                arguments={"GroupName": item},
            )
        return Step(
            connection=self._connection,
            principal=principal,
            operation="iam:DetachUserPolicy" if self._is_user else "iam:DetachRolePolicy",
            target=attached_target(principal, item),
            what=printable(f"detach the policy {item.rsplit('/', 1)[-1]}", 400),
            before=attachment_text(item),
            after=None,
            arguments={"PolicyArn": item},
        )

    # --- what stays, and what shows it ---

    def _tell_what_stays(self) -> None:
        for part in self._held.unread:
            self._residue.append(f"{printable(part.place)} stays as it is: {printable(part.why)}")
        for statement, _ in BucketPolicies(self._estate).granting(self._held.principal):
            if not self._keeps(statement):
                self._residue.append(f"{printable(statement.place)} grants it more by the bucket's own policy, which is not changed")

    def _keeps(self, statement: Statement) -> bool:
        return narrowed(statement, self._keep, self._context, ()).is_whole

    def _after(self, texts: Mapping[str, tuple[str | None, str | None]], leaving: Mapping[str, list[_Rest]]) -> Held:
        gone = {id(part.grant) for parts in leaving.values() for part in parts}
        grants = [
            grant
            for grant in self._held.grants
            if id(grant) not in gone and not (grant.is_inline and grant.holder == self._held.principal and grant.name in texts)
        ]
        for name, (_, text) in texts.items():
            if text is not None:
                place = inline_target(self._held.principal, name)
                grants.append(Grant(policy=policy_of(text, place), way=(), holder=self._held.principal, name=name, is_inline=True))
        return msgspec.structs.replace(self._held, grants=tuple(grants))
