"""What the policies of buckets give and deny a principal; each counts for its own bucket alone, whatever it names.

INVARIANT (never less): a denial is applied to what is confined to its bucket; of what reaches over several buckets it is only told.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from remit.systems.aws.grants import Estate, Held
from remit.systems.aws.pattern import is_pattern, meet, overlaps
from remit.systems.aws.policy import ANYBODY, Policy, Statement
from remit.systems.aws.reach import Reach, less
from remit.systems.aws.requester import Named, named_by, requester_of
from remit.systems.aws.variables import Context

_S3 = "s3:*"


class BucketPolicies:
    """The policies of every bucket of an estate, ready for look-up."""

    def __init__(self, estate: Estate) -> None:
        self._granting: list[Statement] = []
        self._denying: dict[str, list[Statement]] = {}
        for arn in sorted(estate.buckets):
            policy = estate.bucket_policy(arn)
            for statement in policy.statements if isinstance(policy, Policy) else ():
                confined = _confined(statement, arn)
                if statement.is_allow:
                    self._granting.append(confined)
                else:
                    self._denying.setdefault(arn, []).append(confined)

    def granting(self, principal: str) -> Iterator[tuple[Statement, Named]]:
        """The statements that give this principal something, and how they name it."""
        requester = requester_of(principal)
        for statement in self._granting:
            named = named_by(requester, statement.principals or ())
            if named >= Named.ROLE:
                yield statement, named

    def less_denied(self, reach: Reach, held: Held, context: Context) -> Iterator[Reach]:
        """What is left of a reach beside what the policies of buckets deny this principal."""
        if not self._denying or not overlaps(_S3, reach.action.lower()):
            yield reach
            return
        bucket = reach.resource.partition("/")[0]
        if not is_pattern(bucket):
            left = [reach]
            for statement in self._denying.get(bucket, ()):
                if _denies(statement, held):
                    left = [part for one in left for part in less(one, statement, context)]
            yield from left
            return
        count = sum(
            (overlaps(arn, reach.resource) or overlaps(f"{arn}/*", reach.resource)) and any(_denies(one, held) for one in statements)
            for arn, statements in self._denying.items()
        )
        told = (f"what the policies of {count} buckets deny",) if count else ()
        yield msgspec.structs.replace(reach, but=(*reach.but, *told))


def _confined(statement: Statement, arn: str) -> Statement:
    """A statement of a bucket's policy, its resources cut down to that bucket; a variable is left where it stands."""
    if statement.not_resources is not None:
        is_denial = not statement.is_allow
        return statement if is_denial else msgspec.structs.replace(statement, resources=(arn, f"{arn}/*"), not_resources=None)
    own: dict[str, None] = {}
    for pattern in statement.resources or ("*",):
        met = (pattern,) if "${" in pattern else ((*(meet(pattern, arn) or ()), *(meet(pattern, f"{arn}/*") or ())))
        own.update(dict.fromkeys(met))
    return msgspec.structs.replace(statement, resources=tuple(own))


def _denies(statement: Statement, held: Held) -> bool:
    """Whether a denial means the principal: it is named, or `NotPrincipal` does not spare it (whoever has a boundary is not spared)."""
    if statement.principals is not None and ANYBODY in statement.principals:
        return True
    if statement.not_principals is None:
        return named_by(requester_of(held.principal), statement.principals or ()) is not Named.NO
    return held.boundary is not None or named_by(requester_of(held.principal), statement.not_principals) < Named.ROLE
