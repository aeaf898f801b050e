"""What one identity system can tell, and what it can do. Read and write are two roles, two credentials, two objects.

`SYSTEM` (module `system`) is the pure half: it derives everything from native objects and opens nothing but what `open` gives.
`WRITER` (module `change`) is the hands: imported by `app.act` alone, and handed out against an approval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from remit.model.access import NativeObject, Principal, PrincipalAccess, Unread, Verdict
from remit.model.alignment import AlignmentLine
from remit.model.connection import Connection
from remit.model.event import Event
from remit.model.evidence import Evidence, Gap
from remit.model.native import Native
from remit.model.plan import Approval, Probe, Proof, Proposal, Step
from remit.model.remit import Remit
from remit.model.verbs import Verb


class NotBuilt(msgspec.Struct, frozen=True):
    """A feature that could be built and is not."""

    why: str


class Impossible(msgspec.Struct, frozen=True):
    """A feature that the vendor's interface does not allow."""

    why: str


class Meaningless(msgspec.Struct, frozen=True):
    """A feature that makes no sense for this system."""

    why: str


class Works(msgspec.Struct, frozen=True):
    """A feature that the kit exercises."""


Feature = Works | NotBuilt | Impossible | Meaningless
FEATURES = ("verbs", "compile", "read", "access", "audit", "change", "credentials")
"""Names of every feature that a system answers for."""


class Vocabulary(msgspec.Struct, frozen=True):
    """A system's native actions, mapped to verbs by a reviewed table (data, not code)."""

    kind: str
    """`mcp`, `aws`, `postgres` ..."""
    verbs: Mapping[str, Verb]
    """Keys are folded with `fold`."""
    fold: Callable[[str], str]
    """How names compare: `str.lower` for AWS actions, identity for tools."""
    is_complete: bool
    """True: an action that is not in the table is `administer`. False (tools): it is unknown."""
    names: Mapping[str, str] = {}
    """Folded name -> as the vendor writes it, where folding loses that."""

    def verb_of(self, action: str) -> Verb | None:
        """The verb of a native action; None only where the table does not claim to be complete."""
        verb = self.verbs.get(self.fold(action))
        return verb if verb is not None or not self.is_complete else Verb.ADMINISTER


class RawRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record of an audit log, as it stands there."""

    place: str
    """`s3://bucket/key#3`, `log.json:17`."""
    payload: bytes
    cursor: str
    """Where the next reading goes on once this record is kept; the system's own form."""


Auditor = Callable[[RawRecord], Sequence[Event] | Unread]
"""The events in one record, () when it is none of an agent's business; Unread when it is malformed."""


class Reader(Protocol):
    """A live connection with the read role. Every failure to read a part is a Gap; only a failure to connect raises RefusedError."""

    def read(self) -> Iterator[NativeObject | Evidence | Gap]:
        """The system's state, and the agents hosted there. A `self` object says whom Remit acts as."""
        ...

    def records(self, cursor: str | None) -> Iterator[RawRecord | Gap]:
        """Audit records after the cursor, in the order of the log; None begins at the beginning."""
        ...

    def current(self, step: Step) -> str | None:
        """The canonical text of the state of the step's target now; None: it is not there. Raises RefusedError when it cannot be read."""
        ...

    def close(self) -> None:
        """Ends the connection."""
        ...


class ReadSide(Protocol):
    """What each package in `systems/` offers under the name `SYSTEM`. Proved by `testing.kits.system`."""

    kind: str
    features: Mapping[str, Feature]

    def vocabulary(self) -> Vocabulary | None:
        """The table of native actions; None where `features["verbs"]` is not Works."""
        ...

    def compile(self, remit: Remit) -> Native:
        """The remit in this system's own language, with what it cannot say as residue."""
        ...


class IdentitySystem(ReadSide, Protocol):
    """A system that holds identities: its `SYSTEM` declares the feature `read` to work, and offers all of this.

    All but `open` are pure. `objects` are all those of one connection; a principal is a canonical ref.
    """

    def open(self, connection: Connection, environment: Mapping[str, str]) -> Reader:
        """Connects with the read role (feature `read`). Raises RefusedError in words that say what to mend."""
        ...

    def least_privilege(self, connection: Connection, side: str) -> Native:
        """The least that Remit needs there; `side` is `read` or `write`."""
        ...

    def principals(self, objects: Sequence[NativeObject]) -> Iterable[Principal]:
        """The identities of a connection."""
        ...

    def access(self, objects: Sequence[NativeObject], principals: Sequence[str]) -> Iterable[PrincipalAccess]:
        """What each of these principals (canonical refs) can do, after everything that narrows it."""
        ...

    def decides(self, objects: Sequence[NativeObject], principal: str, action: str, resource: str, columns: Sequence[str] = ()) -> Verdict:
        """What the system would answer, by its own rules, context unknown."""
        ...

    def concerns(self, action: str, resource: str) -> bool:
        """Whether this native action (no pattern) can be about a resource of that form: `s3:ListBucket` is not about an object."""
        ...

    def auditor(self, connection: Connection, objects: Sequence[NativeObject]) -> Auditor:
        """What reads this connection's audit records (feature `audit`); the objects tell what a bare name in a record means."""
        ...

    def narrow(self, objects: Sequence[NativeObject], principal: str, keep: Sequence[AlignmentLine], label: str) -> Proposal:
        """Steps after which the principal can do what it could before and `keep` names, and nothing else (feature `change`).

        `label` (a slug) names what has to be made. The result is never wider than before. A system whose grants are patterns denies
        what `but` of a kept line names; one that cannot says so as residue.
        """
        ...

    def stop(self, objects: Sequence[NativeObject], principal: str, key_fingerprints: Sequence[str], label: str) -> Proposal:
        """Steps that stop a principal at once and can be undone. On a person's identity only the keys with these fingerprints."""
        ...

    def retire(self, objects: Sequence[NativeObject], principal: str, key_fingerprints: Sequence[str], label: str) -> Proposal:
        """Steps that take everything from a principal that only a retired agent used; reversible, nothing is destroyed."""
        ...

    def after(self, objects: Sequence[NativeObject], steps: Sequence[Step]) -> Sequence[NativeObject]:
        """The objects as `read` would give them once these steps were done: the state of each target is `step.after` (feature `change`).

        Pure, and the ground of every replay: recorded use is decided again against it. Objects that no step is about come back as they
        are; with `before` and `after` exchanged and the order reversed it gives the first objects again. A step of another system's, or
        whose target it cannot place, is a ValueError: never a guess.
        """
        ...

    def evaluate(self, case: Mapping[str, Any], load: Callable[[str], Any]) -> Verdict:
        """One line of `remit evaluate`. `load` reads a JSON file that the case names; a bad case is a ValueError, in words."""
        ...


class WriteSide(Protocol):
    """A live connection with the write role. Opened for one approval; every call is one native change or one try."""

    def change(self, step: Step) -> None:
        """Makes the target what `step.after` says. RefusedError has the system's reason; never retries what may have happened."""
        ...

    def undo(self, step: Step) -> None:
        """Makes the target what `step.before` says."""
        ...

    def prove(self, probe: Probe) -> Proof | None:
        """Tries the probe as the identity itself, harmlessly; None where Remit may not act as it (then it is read back)."""
        ...

    def close(self) -> None:
        """Ends the connection."""
        ...


class OpensWriter(Protocol):
    """What the module `change` of a system offers under the name `WRITER`."""

    def open(self, connection: Connection, environment: Mapping[str, str], approval: Approval) -> WriteSide:
        """Connects with the write role. Raises RefusedError when none is given or it cannot connect."""
        ...
