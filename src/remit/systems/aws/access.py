"""What each principal can do, with the grant that gives it; and whether it could do one thing.

Access is listed from the policies as they are written: a pattern stays a pattern. Counted are identity policies (its own, its
groups'), policies of buckets that were read, the permissions boundary, and what any of them denies. Not counted, because a connection to
one account does not show them: SCPs, RCPs, policies of other resources, session policies. Who may become a role stands in
`Principal.assumed_by`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import msgspec

from remit.model.access import Access, Effect, NativeObject, PrincipalAccess, Unread, Verdict
from remit.model.identity import Because
from remit.model.place import Place
from remit.model.verbs import Verb
from remit.systems.aws.bucket_policies import BucketPolicies
from remit.systems.aws.catalogue import action_of, actions_matching, concerns_pattern, vocabulary
from remit.systems.aws.evaluation import Asked, Policies, decide, names_action
from remit.systems.aws.grants import Estate, Grant, Held
from remit.systems.aws.identities import principals
from remit.systems.aws.pattern import is_pattern, overlaps
from remit.systems.aws.policy import Policy, Statement
from remit.systems.aws.reach import Reach, less, reaches_of, within
from remit.systems.aws.requester import Named, requester_of
from remit.systems.aws.variables import Context

__all__ = ["access_of", "decides", "principals"]
_RESOURCE = "the resource"
_UNREAD_BOUNDARY = "a permissions boundary that was not read"


def access_of(objects: Iterable[NativeObject], refs: Sequence[str]) -> Iterator[PrincipalAccess]:
    """Everything that each of these principals can do."""
    estate = Estate(objects)
    buckets = BucketPolicies(estate)
    for ref in refs:
        held = estate.held(ref)
        if held is None:
            yield PrincipalAccess(principal=ref, access=(), unread=(Unread(place=ref, why="no such user or role was read"),))
            continue
        yield PrincipalAccess(principal=ref, access=tuple(_lines(held, buckets)), unread=held.unread)


def _lines(held: Held, buckets: BucketPolicies) -> Iterator[Access]:
    context = Context(held.context, is_whole=False)
    reaches = _bounded([reach for grant in held.grants for reach in _granted(grant, context)], held, context)
    for statement, named in buckets.granting(held.principal):
        given = list(reaches_of(statement, context, (_because(statement),)))
        reaches += _bounded(given, held, context) if named is Named.ROLE else given
    for policy in (*held.policies(), *_boundary(held)):
        for statement in policy.statements:
            if not statement.is_allow:
                reaches = [left for reach in reaches for left in less(reach, statement, context)]
    reaches = [left for reach in reaches for left in buckets.less_denied(reach, held, context)]
    merged: dict[tuple[str, str, frozenset[str], tuple[str, ...], str | None], Reach] = {}
    for reach in reaches:
        if not concerns_pattern(reach.action, reach.resource):
            continue
        key = (reach.action.lower(), reach.resource, reach.depends_on, reach.but, reach.expires)
        before = merged.get(key)
        because = dict.fromkeys((*before.because, *reach.because)) if before else dict.fromkeys(reach.because)
        merged[key] = msgspec.structs.replace(before or reach, because=tuple(because))
    return (_access(reach) for reach in merged.values())


def _granted(grant: Grant, context: Context) -> Iterator[Reach]:
    for statement in grant.policy.statements:
        if statement.is_allow:
            yield from reaches_of(statement, context, (*grant.way, _because(statement)))


def _because(statement: Statement) -> Because:
    shown = ", ".join(statement.written[:3]) + (" ..." if len(statement.written) > 3 else "")
    what = f"allows {shown}" if statement.actions is not None else f"allows everything but {shown}"
    return Because(place=Place(statement.place), text=what)


def _boundary(held: Held) -> tuple[Policy, ...]:
    return (held.boundary,) if held.boundary is not None else ()


def _bounded(reaches: list[Reach], held: Held, context: Context) -> list[Reach]:
    if held.is_boundary_unread:
        return [msgspec.structs.replace(reach, depends_on=reach.depends_on | {_UNREAD_BOUNDARY}) for reach in reaches]
    if held.boundary is None:
        return reaches
    found: list[Reach] = []
    because = Because(place=Place(f"{held.principal}#boundary/{held.boundary.place}"), text="the permissions boundary lets it through")
    statements = [statement for statement in held.boundary.statements if statement.is_allow]
    for reach in reaches:
        parts = [part for statement in statements for part in within(reach, statement, context, because)]
        whole = [part for part in parts if (part.action, part.resource, part.but, part.depends_on) == _same(reach)]
        found += whole[:1] or parts
    return found


def _same(reach: Reach) -> tuple[str, str, tuple[str, ...], frozenset[str]]:
    return reach.action, reach.resource, reach.but, reach.depends_on


@lru_cache(maxsize=16384)
def _verb(action: str) -> Verb | None:
    if not is_pattern(action):
        return vocabulary().verb_of(action)
    verbs = {vocabulary().verb_of(name) for name in actions_matching(action)} if action != "*" else set()
    return verbs.pop() if len(verbs) == 1 else None


@lru_cache(maxsize=16384)
def _written(action: str) -> str:
    """An action as AWS writes it; a pattern as the grant does."""
    return action if is_pattern(action) else vocabulary().names.get(action.lower(), action)


def system_of(action: str) -> str:
    """`aws:s3`; `aws:*` where a pattern reaches over services."""
    prefix, colon, _ = action.partition(":")
    return f"aws:{prefix.lower()}" if colon and not is_pattern(prefix) else "aws:*"


def _is_inside(but: str, action: str) -> bool:
    """Whether `not iam:*` takes anything away from an action."""
    words = but.split(" ")
    return len(words) != 2 or overlaps(words[1].lower(), action.lower())


def _access(reach: Reach) -> Access:
    but = tuple(part for part in reach.but if _is_inside(part, reach.action))
    if "?" in reach.action + reach.resource:
        but = (*but, f"only {reach.action} on {reach.resource}, where ? is one character")
    return Access(
        system=system_of(reach.action),
        action=_written(reach.action.replace("?", "*")),
        resource=reach.resource.replace("?", "*"),
        decision=Effect.DEPENDS if reach.depends_on else Effect.ALLOW,
        depends_on=tuple(sorted(reach.depends_on)),
        verb=_verb(reach.action),
        because=reach.because,
        but=tuple(dict.fromkeys(but)),
        expires=reach.expires,
    )


# --- one question -----------------------------------------------------------------------------------------------------------


def decides(objects: Iterable[NativeObject], principal: str, action: str, resource: str, columns: Sequence[str] = ()) -> Verdict:  # noqa: ARG001
    """What AWS would answer to one request, its context unknown; `columns` mean nothing here."""
    estate = Estate(objects)
    held = estate.held(principal)
    if held is None:
        return Verdict(is_allowed=False, because=f"no user or role {principal} was read")
    return verdict(held, estate, action, resource)


def verdict(held: Held, estate: Estate, action: str, resource: str) -> Verdict:
    """What AWS would answer to one request of a principal whose policies are at hand."""
    *head, tail = resource.split(":", 5)
    bucket = ":".join([*head, tail.partition("/")[0]])
    of_bucket = estate.bucket_policy(bucket) if action.lower().startswith("s3:") else None
    account = held.principal.split(":")[4]
    asked = Asked(
        requester=requester_of(held.principal),
        action=action,
        resource=resource,
        resource_account=(resource.split(":", 5)[4] if resource.count(":") >= 5 else "") or account,
        context=Context(held.context, is_whole=False),
    )
    policies = Policies(
        identity=held.policies(),
        boundary=held.boundary,
        resource=of_bucket if isinstance(of_bucket, Policy) else None,
    )
    answer = decide(asked, policies)
    if _is_settled_by_the_resource(answer, held, action, resource):
        because = "it is allowed on some of what the pattern stands for"
        answer = Verdict(is_allowed=False, depends_on=(_RESOURCE,), because=because)
    missing = [part.place for part in held.unread]
    if answer.is_explicit or not missing or (not answer.is_allowed and answer.depends_on):
        return answer
    return Verdict(
        is_allowed=False, depends_on=tuple(missing), because=f"{answer.because}; not read: {', '.join(missing)}", place=answer.place
    )


def _is_settled_by_the_resource(answer: Verdict, held: Held, action: str, resource: str) -> bool:
    """Whether a denial is only due to a pattern in the place of a resource: a record of use does not always say which one it was."""
    if answer.is_allowed or answer.is_explicit or answer.depends_on or not is_pattern(resource):
        return False
    known = action_of(action)
    if known is None or not known.types:
        return False
    statements = (statement for policy in held.policies() for statement in policy.statements if statement.is_allow)
    return any(
        names_action(statement, action) and (statement.resources is None or any(overlaps(one, resource) for one in statement.resources))
        for statement in statements
    )
