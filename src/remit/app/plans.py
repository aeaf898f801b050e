"""Every plan, read once and kept: a page costs what was appended since the last one, not what the store holds.

For reading alone, and outside transactions: what a transaction wrote and did not keep would stay here. Invariants:
- what is given holds everything that was appended before the question;
- a plan that cannot be read is RefusedError, as it is for whoever reads all of them from the store.
"""

from __future__ import annotations

import threading
from collections import defaultdict

from remit.model.errors import RefusedError
from remit.model.plan import Plan
from remit.store.records import Store


class Plans:
    """The plans of one store. Safe for several threads."""

    def __init__(self, store: Store) -> None:
        """Reads nothing yet."""
        self._store = store
        self._lock = threading.Lock()
        self._sequence = -1
        self._by_id: dict[str, Plan] = {}
        self._by_agent: dict[str, dict[str, Plan]] = defaultdict(dict)

    def all(self) -> list[Plan]:
        """Every plan, by id."""
        with self._lock:
            self._catch_up()
            return [self._by_id[identifier] for identifier in sorted(self._by_id)]

    def of(self, agent: str) -> list[Plan]:
        """The plans of one agent, by id."""
        with self._lock:
            self._catch_up()
            mine = self._by_agent.get(agent, {})
            return [mine[identifier] for identifier in sorted(mine)]

    def _catch_up(self) -> None:
        # Read before the records: what is appended in between is looked at again by the next question.
        sequence = self._store.sequence(Plan)
        if sequence > self._sequence >= 0:
            try:
                self._read_on(self._sequence)
            except RefusedError:
                # A version that cannot be read, and that another one replaced since, stands in nobody's way.
                self._read_all()
        elif sequence != self._sequence:
            # The first question, or less is there than was: the store was put back to what it had been.
            self._read_all()
        self._sequence = sequence

    def _read_all(self) -> None:
        plans = self._store.all(Plan)
        self._by_id.clear()
        self._by_agent.clear()
        for plan in plans:
            self._keep(plan)

    def _read_on(self, after: int) -> None:
        while versions := self._store.changes(Plan, after):
            for version in versions:
                if version.is_gone:
                    self._drop(version.record)
                else:
                    self._keep(version.record)
            after = versions[-1].sequence

    def _keep(self, plan: Plan) -> None:
        self._by_id[plan.id] = plan
        self._by_agent[plan.agent][plan.id] = plan

    def _drop(self, plan: Plan) -> None:
        self._by_id.pop(plan.id, None)
        self._by_agent[plan.agent].pop(plan.id, None)
