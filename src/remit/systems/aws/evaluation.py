"""Decides a request as AWS does: explicit denies, organisation policies, resource policy, identity policies, boundary, session policies.

Source of the rules: the IAM user guide, "Policy evaluation logic" (within an account, and across accounts), with the pages on permissions
boundaries, session policies, SCPs and RCPs. In short:

1. a statement that denies, in any policy that applies, settles it;
2. each level of SCPs (of the requester's account) must allow; RCPs (of the resource's account) only deny, for the policy that allows
   everything is attached by AWS and cannot be taken away;
3. within one account the identity policies or the resource policy must allow. A boundary and session policies limit what identity
   policies give, and what a resource policy gives to the role (or to the user of a federated session); they do not limit what it
   gives to the user, to the session or to everybody. A resource policy that names the account leaves it to the identity policies;
4. across accounts both sides must allow;
5. a role is assumed, and a KMS key used, only where its own policy says so (or names the account and identity policies allow).

INVARIANT (default deny): what no policy allows is denied; an answer that hangs on unknown context is never an allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from remit.model.access import Verdict
from remit.model.shown import printable
from remit.systems.aws.conditions import is_met
from remit.systems.aws.pattern import matches
from remit.systems.aws.policy import Policy, Statement
from remit.systems.aws.requester import Named, Requester, named_by
from remit.systems.aws.truth import NO, YES, Truth, all_of, any_of, depends, negation, truth
from remit.systems.aws.variables import Context, fits, fits_arn, written_out

_ROLE_ACTIONS = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request."""

    requester: Requester
    action: str
    resource: str
    resource_account: str
    context: Context


class Policies(msgspec.Struct, frozen=True, kw_only=True):
    """Every policy that a request meets."""

    identity: Sequence[Policy] = ()
    resource: Policy | None = None
    boundary: Policy | None = None
    session: Sequence[Policy] = ()
    service_control: Sequence[Sequence[Policy]] = ()
    """By level, from the root down."""
    resource_control: Sequence[Sequence[Policy]] = ()


def decide(asked: Asked, policies: Policies) -> Verdict:
    """The answer, with its reason."""
    limits = _Limits(asked, policies)
    denies = list(limits.denies())
    denied = any_of(answer for answer, _ in denies)
    if denied.is_true:
        statement = next(statement for answer, statement in denies if answer.is_true)
        because = f"{_shown(statement)} denies it"
        return Verdict(is_allowed=False, is_explicit=True, because=because, place=statement.place)
    allowed, why, place = limits.allowed()
    answer = all_of([negation(denied), allowed])
    if answer.is_true:
        return Verdict(is_allowed=True, because=why, place=place)
    if answer.is_false:
        return Verdict(is_allowed=False, because=why)
    keys = tuple(sorted(answer.depends_on))
    return Verdict(is_allowed=False, depends_on=keys, because=f"{why}; that depends on {', '.join(map(printable, keys))}", place=place)


def _shown(statement: Statement) -> str:
    return printable(f"{statement.place} ({statement.sid})" if statement.sid else statement.place, 400)


# --- whether a statement is about a request --------------------------------------------------------------------------------


def speaks_of(statement: Statement, asked: Asked) -> Truth:
    """Whether action, resource and conditions of a statement meet a request; principals apart."""
    if not names_action(statement, asked.action):
        return NO
    resource = _names_resource(statement, asked)
    if resource.is_false:
        return NO
    grants = statement.is_allow
    tests = (is_met(test, asked.context, has_variables=statement.has_variables, grants=grants) for test in statement.tests)
    return all_of([resource, *tests])


def names_action(statement: Statement, action: str) -> bool:
    """Whether `Action` names an action, or `NotAction` does not."""
    folded = action.lower()
    if statement.actions is not None:
        return any(matches(pattern, folded) for pattern in statement.actions)
    return not any(matches(pattern, folded) for pattern in statement.not_actions or ())


def _names_resource(statement: Statement, asked: Asked) -> Truth:
    if statement.resources is not None:
        return any_of(_resource(pattern, statement, asked) for pattern in statement.resources)
    if statement.not_resources is not None:
        return negation(any_of(_resource(pattern, statement, asked) for pattern in statement.not_resources))
    return YES  # a trust policy has none: it is about the role that it belongs to


def _resource(pattern: str, statement: Statement, asked: Asked) -> Truth:
    written = written_out(pattern, asked.context, has_variables=statement.has_variables)
    is_exception = statement.not_resources is not None
    if written.pattern is None:
        return truth(is_exception and statement.is_allow)  # an exception that nobody can read may be about anything
    if is_exception and statement.is_allow and written.depends_on:
        return depends(*written.depends_on)  # without a value it would be such an exception
    # A wildcard is read so that less is granted, and more is denied.
    reaches = fits if statement.is_allow is is_exception else fits_arn
    if not reaches(written.pattern, asked.resource):
        return NO
    return depends(*written.depends_on) if written.depends_on else YES


# --- the layers ----------------------------------------------------------------------------------------------------------------


class _Limits:
    """What each layer says of one request."""

    def __init__(self, asked: Asked, policies: Policies) -> None:
        self._asked = asked
        self._policies = policies
        self._is_inside = asked.requester.account == asked.resource_account
        self._has_identity = asked.requester.kind in ("user", "role", "session", "federated-user", "root")
        # Roles of services are exempt from the policies of an organisation; the path is AWS's own, and nobody else can make one there.
        is_of_service = ":role/aws-service-role/" in asked.requester.behind
        self._service_control = policies.service_control if self._has_identity and not is_of_service else ()
        self._resource_control = policies.resource_control if not is_of_service else ()

    def denies(self) -> Iterable[tuple[Truth, Statement]]:
        """The statements that deny, or may."""
        policies = self._policies
        layers: list[Policy] = []
        if self._has_identity:
            layers += [*policies.identity, *policies.session]
            layers += [policies.boundary] if policies.boundary is not None else []
        layers += [policy for level in (*self._service_control, *self._resource_control) for policy in level]
        for policy in layers:
            for statement in policy.statements:
                if not statement.is_allow and (answer := speaks_of(statement, self._asked)).may_be:
                    yield answer, statement
        for statement in policies.resource.statements if policies.resource is not None else ():
            if statement.is_allow or not self._denies_requester(statement):
                continue
            if (answer := speaks_of(statement, self._asked)).may_be:
                yield answer, statement

    def _denies_requester(self, statement: Statement) -> bool:
        requester = self._asked.requester
        if statement.principals is not None:
            return named_by(requester, statement.principals) is not Named.NO
        if statement.not_principals is None:
            return True  # a statement without principals in a resource policy: take it as meant for everybody
        # NotPrincipal with Deny: whoever has a boundary is denied, whoever is named; a session must be named itself.
        if self._policies.boundary is not None and self._has_identity:
            return True
        return named_by(requester, statement.not_principals) < (Named.ROLE if requester.kind == "role" else Named.ITSELF)

    def allowed(self) -> tuple[Truth, str, str]:
        """Whether every layer allows, why, and the place of the grant."""
        answers = [self._allows(level)[0] for level in self._service_control]
        for number, answer in enumerate(answers):
            if answer.is_false:
                return NO, f"no service control policy of level {number} allows it", ""
        granted, why, place = self._granted()
        return all_of([*answers, granted]), why, place

    def _granted(self) -> tuple[Truth, str, str]:
        identity, identity_place = self._identity()
        limited, limit = self._limited()
        given = {named: self._resource_policy(named) for named in (Named.ITSELF, Named.ROLE, Named.ACCOUNT)}
        by_identity = all_of([identity, limited])
        if self._is_inside:
            ways = [
                (given[Named.ITSELF][0], "the resource's policy allows it", given[Named.ITSELF][1]),
                (all_of([given[Named.ROLE][0], limited]), "the resource's policy allows it to the role", given[Named.ROLE][1]),
            ]
            if self._needs_resource_policy():
                both = all_of([given[Named.ACCOUNT][0], by_identity])
                ways.append((both, "the resource's policy leaves it to the account, whose policies allow it", identity_place))
            else:
                ways.append((by_identity, "an identity policy allows it", identity_place))
        elif not self._has_identity:
            ways = [(given[Named.ITSELF][0], "the resource's policy allows it", given[Named.ITSELF][1])]
        else:
            resource = any_of(answer for answer, _ in given.values())
            ways = [(all_of([by_identity, resource]), "both accounts allow it", identity_place)]
        answer = any_of(way for way, _, _ in ways)
        if answer.may_be:
            _, why, place = next(way for way in ways if way[0].is_true) if answer.is_true else next(way for way in ways if way[0].may_be)
            return answer, why, place
        return answer, self._why_not(identity, limited, limit), ""

    def _why_not(self, identity: Truth, limited: Truth, limit: str) -> str:
        if identity.may_be and limited.is_false:
            return limit
        if identity.may_be and not self._is_inside:
            return "the resource belongs to another account, and its policy does not allow it"
        if identity.may_be:
            return "the resource's policy does not allow it, and it must"
        return "no policy allows it"

    def _identity(self) -> tuple[Truth, str]:
        return self._allows(self._policies.identity) if self._has_identity else (NO, "")

    def _limited(self) -> tuple[Truth, str]:
        policies = self._policies
        if policies.boundary is not None and (boundary := self._allows([policies.boundary])[0]) != YES:
            if boundary.is_false or not policies.session:
                return boundary, "the permissions boundary does not allow it"
        else:
            boundary = YES
        if policies.session:
            return all_of([boundary, self._allows(policies.session)[0]]), "no session policy allows it"
        return boundary, ""

    def _allows(self, policies: Iterable[Policy]) -> tuple[Truth, str]:
        answers: list[tuple[Truth, str]] = []
        for policy in policies:
            for statement in policy.statements:
                if statement.is_allow and (answer := speaks_of(statement, self._asked)).may_be:
                    if answer.is_true:
                        return YES, statement.place
                    answers.append((answer, statement.place))
        return any_of(answer for answer, _ in answers), answers[0][1] if answers else ""

    def _resource_policy(self, named: Named) -> tuple[Truth, str]:
        """Whether the resource policy allows it to the requester, named in this way."""
        answers: list[tuple[Truth, str]] = []
        for statement in self._policies.resource.statements if self._policies.resource is not None else ():
            if not statement.is_allow or named_by(self._asked.requester, statement.principals or ()) is not named:
                continue
            answers.append((speaks_of(statement, self._asked), statement.place))
        answer = any_of(one for one, _ in answers)
        return answer, next((place for one, place in answers if one.may_be), "")

    def _needs_resource_policy(self) -> bool:
        action = self._asked.action.lower()
        if action.startswith(_ROLE_ACTIONS):
            return True
        return action.startswith("kms:") and ":key/" in self._asked.resource
