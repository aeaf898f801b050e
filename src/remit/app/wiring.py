"""The `Decide` that enforcement points are given: engine, remits, limits, sessions and log joined.

Decides nothing itself. Invariants:
- total: whatever goes wrong is a FAULT denial, in every mode, and is logged where a log can still be written;
- every decision is in the log when the call returns; decisions of one call are one write (group commit);
- a log that cannot be written turns every decision of that call into a FAULT denial.

Not safe for several threads at once: a point calls it from one thread, or under a lock of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from remit.app.remits import Policy
from remit.contracts import registry
from remit.contracts.system import Vocabulary
from remit.decide.engine import decide
from remit.decide.limits import Meter
from remit.decide.mandate import after_call, after_result, open_mandate
from remit.model.decision import Decision, Outcome, Request, Step
from remit.model.mandate import Mandate
from remit.model.shown import printable
from remit.store.decisions import DecisionLog, Ids, LogError, clock_ns, logged_decision


def vocabularies(only: str | None = None) -> dict[str, Vocabulary]:
    """Tables of native actions by kind of system, of every system (or that of one kind alone) that has one: found by its folder."""
    found = (system.vocabulary() for system in registry.find("SYSTEM", only=only).values())
    return {vocabulary.kind: vocabulary for vocabulary in found if vocabulary is not None}


class LiveSession:
    """One session at one point: its mandate, replaced by a new one after each call and each result."""

    def __init__(self, session: str, mandate: Mandate) -> None:
        self.id = session
        self.mandate = mandate

    @property
    def task(self) -> str | None:
        """The person's words."""
        return self.mandate.task

    def sent(self, request: Request) -> None:
        """Records the values of a call that was forwarded."""
        self.mandate = after_call(self.mandate, request)

    def received(self, request: Request, result: Any) -> None:
        """Records the values of a tool result."""
        self.mandate = after_result(self.mandate, request, result)


class Decider:
    """What `contracts.point.Decide` promises, over remits from files."""

    def __init__(
        self,
        policy: Callable[[], Policy],
        log: DecisionLog,
        *,
        point: str,
        clock: Callable[[], int] = clock_ns,
        monotonic: Callable[[], float] = time.monotonic,
        ids: Ids | None = None,
    ) -> None:
        """`policy` gives what is decided by now, freshly looked at.

        `clock` is the wall clock in nanoseconds, by which remits expire; `monotonic` counts seconds, for sliding windows.
        """
        self._policy = policy
        self._log = log
        self._point = point
        self._clock = clock
        self._monotonic = monotonic
        self._ids = ids or Ids()
        self._meter = Meter()

    def __call__(self, requests: Sequence[Request], session: Any = None) -> list[Decision]:
        """One decision per request, in order, all of them in the log when this returns; a fault is a deny."""
        now_ns = self._clock()
        decisions: list[Decision] = []
        lines = []
        for request in requests:
            started = time.perf_counter_ns()
            decision = self._decided(request, session, now_ns)
            spent_us = (time.perf_counter_ns() - started) / 1000
            decision = msgspec.structs.replace(decision, id=self._ids.make(now_ns))
            decisions.append(decision)
            lines.append(logged_decision(request, decision, point=self._point, time_ns=now_ns, microseconds=spent_us))
        try:
            self._log.append(lines)
        except LogError as error:
            return [_fault(str(error), decision.id) for decision in decisions]
        except Exception as error:  # noqa: BLE001 - INVARIANT (total)
            return [_fault(f"decision log: {_described(error)}", decision.id) for decision in decisions]
        return decisions

    def open_session(self, agent: str, session: str, task: str | None) -> LiveSession:
        """A session of an agent, with the person's words where they are known."""
        try:
            remit = self._policy().remits.get(agent)
        except Exception:  # noqa: BLE001 - INVARIANT (total): without the remit fewer values are named, which only narrows
            remit = None
        return LiveSession(session, open_mandate(session, task, remit))

    def shows(self, agent: str, system: str, action: str) -> bool:
        """Whether an action could be allowed for some arguments; nothing is shown on any fault."""
        try:
            policy = self._policy()
            return not policy.fault and policy.index.could_allow(agent, system, action, self._clock() / 1e9)
        except Exception:  # noqa: BLE001 - INVARIANT (total)
            return False

    def _decided(self, request: Request, session: Any, now_ns: int) -> Decision:
        try:
            policy = self._policy()
            if policy.fault:
                return _fault(policy.fault)
            mandate = session.mandate if session is not None else None
            now = self._monotonic()
            spent = self._meter.spent(policy.index, request, now)
            decision = decide(policy.index, request, mandate, spent, now_ns / 1e9)
            self._meter.record(policy.index, request, decision, now)
            return decision
        except Exception as error:  # noqa: BLE001 - INVARIANT (total)
            return _fault(f"the decision failed: {_described(error)}")


def _fault(because: str, decision: str = "") -> Decision:
    return Decision(id=decision, outcome=Outcome.DENY, step=Step.FAULT, because=printable(f"denied: {because}", 2000))


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
