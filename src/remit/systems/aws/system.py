"""AWS as a system: what its objects amount to, and the two doors to a live account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from remit.contracts.system import Auditor, Feature, IdentitySystem, NotBuilt, RawRecord, Vocabulary, Works
from remit.model.access import NativeObject, Principal, PrincipalAccess, Unread, Verdict
from remit.model.alignment import AlignmentLine
from remit.model.connection import Connection
from remit.model.event import Event
from remit.model.native import Native
from remit.model.plan import Proposal, Step
from remit.model.remit import Remit
from remit.systems.aws import catalogue, stop
from remit.systems.aws.access import access_of, decides
from remit.systems.aws.after import objects_after
from remit.systems.aws.audit import events_of
from remit.systems.aws.compile import policies
from remit.systems.aws.evaluate import evaluate_case
from remit.systems.aws.identities import principals
from remit.systems.aws.minimise import narrow
from remit.systems.aws.objects import PROOF_SESSION
from remit.systems.aws.privileges import least_privilege
from remit.systems.aws.probes import tries
from remit.systems.aws.read.reader import AwsReader, open_reader


class AwsSystem:
    """The read side of AWS, and everything that is derived from it."""

    kind = "aws"
    features: Mapping[str, Feature] = {
        "verbs": Works(),
        "compile": Works(),
        "read": Works(),
        "access": Works(),
        "audit": Works(),
        "change": Works(),
        "credentials": NotBuilt("no session policies are minted for a mandate yet"),
    }

    def vocabulary(self) -> Vocabulary:
        """Every action of AWS with its verb."""
        return catalogue.vocabulary()

    def compile(self, remit: Remit) -> Native:
        """The remit as an IAM policy."""
        return policies(remit)

    def open(self, connection: Connection, environment: Mapping[str, str]) -> AwsReader:
        """Connects with the read role."""
        return open_reader(connection, environment)

    def least_privilege(self, connection: Connection, side: str) -> Native:
        """The IAM policy that Remit needs for one side."""
        return least_privilege(connection, side)

    def principals(self, objects: Sequence[NativeObject]) -> Iterable[Principal]:
        """Users and roles."""
        return principals(objects)

    def access(self, objects: Sequence[NativeObject], principals: Sequence[str]) -> Iterable[PrincipalAccess]:
        """What each can do after boundaries, denies and bucket policies."""
        return access_of(objects, principals)

    def decides(self, objects: Sequence[NativeObject], principal: str, action: str, resource: str, columns: Sequence[str] = ()) -> Verdict:
        """What AWS would answer, context unknown."""
        return decides(objects, principal, action, resource, columns)

    def concerns(self, action: str, resource: str) -> bool:
        """Whether an action can be about a resource of that form."""
        return catalogue.concerns(action, resource)

    def auditor(self, connection: Connection, objects: Sequence[NativeObject]) -> Auditor:  # noqa: ARG002 - a record says all
        """What reads CloudTrail records; what Remit itself tried as an agent's role is none of the agent's use."""

        def audit(record: RawRecord) -> Sequence[Event] | Unread:
            found = events_of(connection, record)
            return found if isinstance(found, Unread) else tuple(event for event in found if not _is_own_try(event))

        return audit

    def narrow(self, objects: Sequence[NativeObject], principal: str, keep: Sequence[AlignmentLine], label: str) -> Proposal:
        """Steps to the smallest policies that keep these lines."""
        return narrow(objects, principal, keep, label)

    def stop(self, objects: Sequence[NativeObject], principal: str, key_fingerprints: Sequence[str], label: str) -> Proposal:
        """Steps that stop an identity at once."""
        return stop.stop(objects, principal, key_fingerprints, label)

    def retire(self, objects: Sequence[NativeObject], principal: str, key_fingerprints: Sequence[str], label: str) -> Proposal:
        """Steps that take everything from an identity."""
        return stop.retire(objects, principal, key_fingerprints, label)

    def after(self, objects: Sequence[NativeObject], steps: Sequence[Step]) -> Sequence[NativeObject]:
        """The objects as they would be after these steps."""
        return objects_after(objects, steps)

    def evaluate(self, case: Mapping[str, Any], load: Callable[[str], Any]) -> Verdict:
        """One case of `remit evaluate aws`."""
        return evaluate_case(case, load)


def _is_own_try(event: Event) -> bool:
    """Whether an event is a proof of Remit's own. Whoever takes the name of its session hides no more than the harmless tries do."""
    return event.session == PROOF_SESSION and event.action.lower() in tries()


SYSTEM: IdentitySystem = AwsSystem()
