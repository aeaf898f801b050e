"""Group commit: requests that arrive in the same tick of the event loop are decided together and logged by one write.

Invariants:
- nothing is answered before its decision is in the log: the decider logs before it returns;
- a decider that raises or answers the wrong number denies all that it was asked;
- answers leave in the order in which the questions came.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from remit.contracts.point import Decide
from remit.model.decision import Decision, Outcome, Request, Step
from remit.points.authzen.wire import Semantic

Answered = Callable[[list[Decision]], None]
"""Takes the decisions; it must not raise."""
MAX_BATCH = 512
"""More requests than this are decided at once, without waiting for the tick to end, so that a flood keeps its latency."""


class Batch:
    """Requests that wait for the end of this tick."""

    def __init__(self, decide: Decide) -> None:
        self._decide = decide
        self._requests: list[Request] = []
        self._waiting: list[tuple[int, Answered]] = []

    def ask(self, requests: Sequence[Request], answered: Answered) -> None:
        """Queues requests that are all decided; `answered` is called from the event loop, soon."""
        if not self._requests:
            asyncio.get_running_loop().call_soon(self.flush)
        self._requests.extend(requests)
        self._waiting.append((len(requests), answered))
        if len(self._requests) >= MAX_BATCH:
            self.flush()

    def ask_until(self, requests: Sequence[Request], semantic: Semantic) -> list[Decision]:
        """Decides in order and stops where the semantic says so; what was not reached is not decided, counted or logged."""
        decisions: list[Decision] = []
        for request in requests:
            (decision,) = self._decided([request])
            decisions.append(decision)
            is_allowed = decision.outcome in (Outcome.ALLOW, Outcome.MODIFY)
            if is_allowed == (semantic == "permit_on_first_permit"):
                break
        return decisions

    def flush(self) -> None:
        """Decides and answers everything that waits, now."""
        requests, self._requests = self._requests, []
        waiting, self._waiting = self._waiting, []
        decisions = self._decided(requests) if requests else []
        start = 0
        for count, answered in waiting:
            answered(decisions[start : start + count])
            start += count

    def _decided(self, requests: list[Request]) -> list[Decision]:
        try:
            decisions = self._decide(requests)
        except Exception as error:  # noqa: BLE001 - INVARIANT (a decider that raises denies)
            return [_denied(f"the decision failed: {type(error).__name__}")] * len(requests)
        if len(decisions) != len(requests):
            return [_denied("the decision failed: an answer is missing")] * len(requests)
        return decisions


def _denied(because: str) -> Decision:
    return Decision(outcome=Outcome.DENY, step=Step.FAULT, because=f"denied: {because}")
