"""What the store holds, kept between questions for as long as nothing is appended to it.

A page asks for `current()` and reads; it never writes through it and never refreshes it. Invariants:
- what is given was true after the question was asked, or nothing was appended in between;
- a part is looked up again only when records of its kinds were appended, so that a quarantine costs no new evaluation of access.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from datetime import datetime

from remit.app.current import Current
from remit.app.signing import keys_mark
from remit.model.alignment import Reach
from remit.model.draft import Draft
from remit.model.finding import Finding
from remit.model.identity import Bound
from remit.model.plan import Plan
from remit.model.standing import ApprovedRemit, KnownAgent, Ownership, Standing
from remit.store.kinds import KINDS
from remit.store.records import Store

_SETTLED = frozenset({Standing, Ownership, ApprovedRemit, Finding, Reach})
"""What people and detections settle: `Current.refresh` looks it up again."""
_JOINED = frozenset({KnownAgent, Bound})
"""What a scan joins: `Current.rejoin` looks it up again."""
_UNKEPT = frozenset({Draft, Plan})
"""What needs no new `Current`: drafts are asked for each time, plans catch up by themselves."""


class Snapshots:
    """One `Current` for each state of a store. Safe for several threads."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self.store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._sequence = -1
        self._keys: tuple[object, ...] = ()
        self._marks: dict[type, int] = {}
        self._current = Current(store, clock())

    def current(self) -> Current:
        """What the store holds now. For reading alone; raises RefusedError when the store cannot be asked."""
        with self._lock:
            # Read before the records: what is appended in between is seen by the next question.
            sequence, keys = self.store.sequence(), keys_mark(self.store.folder)
            if sequence != self._sequence or keys != self._keys:
                marks = {kind: self.store.sequence(kind) for kind in KINDS}
                changed = {kind for kind in marks if marks[kind] != self._marks.get(kind)}
                self._current = self._successor(changed, has_other_keys=keys != self._keys)
                self._sequence, self._keys, self._marks = sequence, keys, marks
            self._current.now = self._clock()
            return self._current

    def fresh(self) -> Current:
        """One to work with: what it looks up, forgets and writes is its own."""
        return Current(self.store, self._clock(), self._current.weighed, self._current.plans)

    def _successor(self, changed: set[type], *, has_other_keys: bool) -> Current:
        if not self._marks or changed - _SETTLED - _JOINED - _UNKEPT:
            return Current(self.store, self._clock(), self._current.weighed, self._current.plans)
        # A page that is being made goes on with the one that it was given.
        successor = copy.copy(self._current)
        if changed & _JOINED:
            successor.rejoin()
        if changed & _SETTLED or has_other_keys:
            successor.refresh()
        if Ownership in changed:
            # Whoever answers for an agent is a person, and so is an identity that is called so.
            successor.forget_people()
        return successor
