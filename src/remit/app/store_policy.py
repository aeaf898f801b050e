"""What a point on a store decides by: approved remits and standings, as they are at this call.

Decides which version of a remit is in force (the newest approved one) and what becomes of an agent whose records cannot be trusted.

Invariants:
- every call asks the store whether anything was appended, so that a quarantine from another process holds from the next call on;
- a store that cannot be asked denies everybody; a damaged record, a remit whose text is not what was approved, a signature that does not
  verify, or a key that nobody trusts denies that agent; each with its reason;
- an agent without a standing, without an approved remit, or in another state than active is denied by the index itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import msgspec

from remit.app.approvals import in_force, versions_by_agent
from remit.app.remits import Policy
from remit.app.signing import keys_mark, trusted_keys
from remit.contracts.system import Vocabulary
from remit.decide.index import Entry, Index
from remit.model.agent import AgentState
from remit.model.errors import DocumentError, RefusedError
from remit.model.remit import Mode
from remit.model.shown import printable
from remit.model.standing import ApprovedRemit, Standing
from remit.store.records import Damaged, Store
from remit.store.suspended import Suspension

ANSWER_SECONDS = 1.0
"""How long a decision waits for a lock of the store; a server that says nothing is given up a second later, and the decision denies."""
_NOBODY = Index({}, {})
_STOPPED = frozenset({AgentState.SUSPENDED, AgentState.RETIRED})
_LONG_S = 0.5
_LONGEST_REST_S = 5.0


class StorePolicy:
    """The policy of a store, of all agents or of one; call it for each decision. Safe for several threads."""

    def __init__(
        self,
        store: Callable[[], Store],
        *,
        agent: str | None = None,
        vocabularies: Mapping[str, Vocabulary] | None = None,
        is_observed: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`store` opens the store; it is called again after a failure. `agent` is a slug: no other is looked at.

        `is_observed` decides every remit as if it said `mode: observe`.
        """
        self._open = store
        self._agent = agent
        self._vocabularies = dict(vocabularies or {})
        self._is_observed = is_observed
        self._monotonic = monotonic
        self._rests_until = -_LONGEST_REST_S
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._sequence = -1
        self._marks: tuple[int, int] | None = None
        self._keys: object = None
        self._policy = Policy(index=_NOBODY, remits={}, suspended={}, fault="the store was not read yet")
        self._to_hold: set[str] = set()
        self._held: dict[str, int] = {}
        """Agents that are denied though the store could not be told, each with the number of the last standing there at that time."""
        self._known: dict[str, tuple[list[ApprovedRemit | Damaged], Entry]] = {}
        self._trusted: frozenset[str] = frozenset()

    def __call__(self) -> Policy:
        """What is decided by now. Never raises: what goes wrong is the policy's fault, which denies everybody."""
        with self._lock:
            begun = self._monotonic()
            if begun < self._rests_until:
                return self._policy
            try:
                self._refresh()
            except RefusedError as error:
                self._fail(str(error), begun)
            except Exception as error:  # noqa: BLE001 - INVARIANT (fail closed): whatever it is, nothing is decided by what was before
                self._fail(f"the store cannot be read: {type(error).__name__}", begun)
            return self._policy

    def _fail(self, why: str, begun: float) -> None:
        self._give_up()
        self._policy = Policy(index=_NOBODY, remits={}, suspended={}, fault=why)
        # A store that hangs is not waited for by each of many who ask: after a long wait, as long a rest, in which everybody is denied.
        now = self._monotonic()
        if now - begun > _LONG_S:
            self._rests_until = now + min(now - begun, _LONGEST_REST_S)

    def hold(self, agent: str) -> None:
        """Denies an agent by this policy alone, from the next call until the store took a stop or a release of it, or `let_go`.

        For a stop that the store does not take (its disk is full, it may only be read): better denied here than nowhere. Another move of
        its standing, such as an approval by somebody who does not know of the stop, does not end it.
        """
        with self._lock:
            self._to_hold.add(agent)
            self._sequence, self._marks = -1, None

    def let_go(self, agent: str) -> None:
        """Ends `hold`."""
        with self._lock:
            self._to_hold.discard(agent)
            self._held.pop(agent, None)
            self._sequence, self._marks = -1, None

    def close(self) -> None:
        """Ends the connection to the store; another call opens it again."""
        with self._lock:
            self._give_up()

    def _give_up(self) -> None:
        store, self._store, self._sequence, self._marks = self._store, None, -1, None
        if store is not None:
            store.close()

    def _refresh(self) -> None:
        if self._store is None:
            self._store = self._open()
        # Read before the records: what is appended in between is seen by the next call at the latest.
        sequence, keys = self._store.sequence(), keys_mark(self._store.folder)
        if sequence == self._sequence and keys == self._keys:
            return
        marks = (self._store.sequence(Standing), self._store.sequence(ApprovedRemit))
        if marks != self._marks or keys != self._keys:
            self._policy = self._read(self._store)
        self._sequence, self._marks, self._keys = sequence, marks, keys

    def _read(self, store: Store) -> Policy:
        # Before the standings are read: what ends here a stop is in them, then.
        self._held = {slug: since for slug, since in self._held.items() if not _took_a_stop(store, slug, since)}
        self._held |= dict.fromkeys(self._to_hold, store.sequence(Standing))
        self._to_hold.clear()
        standings = dict(store.each(Standing, prefix=self._agent or ""))
        versions = versions_by_agent(store, self._agent or "")
        slugs = {*standings, *versions} if self._agent is None else {self._agent} & {*standings, *versions}
        self._trusted = trusted_keys(store.folder) if versions else frozenset()
        entries = {slug: self._entry(store, slug, standings.get(slug), versions.get(slug, [])) for slug in slugs}
        entries |= {slug: entries[slug].with_state(AgentState.SUSPENDED) for slug in self._held.keys() & entries.keys()}
        self._known = {slug: known for slug, known in self._known.items() if slug in entries}
        suspended = {
            slug: Suspension(because=standing.because, since=standing.since)
            for slug, standing in standings.items()
            if slug in slugs and isinstance(standing, Standing) and standing.state is AgentState.SUSPENDED
        }
        remits = {slug: entry.remit for slug, entry in entries.items() if entry.remit is not None}
        return Policy(index=Index(entries, self._vocabularies), remits=remits, suspended=suspended)

    def _entry(self, store: Store, slug: str, standing: Standing | Damaged | None, versions: list[ApprovedRemit | Damaged]) -> Entry:
        if isinstance(standing, Damaged):
            return Entry(slug, AgentState.DISCOVERED, None, standing.why)
        if standing is not None and standing.agent != slug:
            return Entry(slug, AgentState.DISCOVERED, None, f"its standing is that of `{printable(standing.agent)}`")
        state = standing.state if standing is not None else AgentState.DISCOVERED
        if not versions:
            return Entry(slug, state, None)
        newest = versions[-1]
        known = self._known.get(slug)
        if known is not None and known[0] == versions and isinstance(newest, ApprovedRemit) and newest.key in self._trusted:
            entry = known[1]
            return entry if entry.state is state else entry.with_state(state)
        try:
            remit = in_force(slug, versions, self._trusted, store.folder)
        except (RefusedError, DocumentError) as error:
            self._known.pop(slug, None)
            return Entry(slug, state, None, str(error))
        if self._is_observed:
            remit = msgspec.structs.replace(remit, mode=Mode.OBSERVE)
        entry = Entry(slug, state, remit)
        self._known[slug] = (versions, entry)
        return entry


def _took_a_stop(store: Store, agent: str, since: int) -> bool:
    """Whether the store was told, behind that number, that an agent is stopped, or that it is so no more."""
    try:
        moves = store.history(Standing, agent)
    except RefusedError:
        return False  # INVARIANT (fail closed): what cannot be read ends nothing
    before = next((move.record.state for move in reversed(moves) if move.sequence <= since), None)
    later = {move.record.state for move in moves if move.sequence > since}
    is_released = before is AgentState.SUSPENDED and bool(later - {AgentState.SUSPENDED})
    return is_released or not later.isdisjoint(_STOPPED)
