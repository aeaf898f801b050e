"""What the service counts, for Prometheus; nothing in it names an agent or a resource."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from remit.app.api.fresh import broken
from remit.app.notify import Notifier
from remit.app.remits import Policy
from remit.contracts.point import Decide, Session
from remit.model.decision import Decision, LoggedDecision, Outcome, Request
from remit.store.decisions import DecisionLog, LogError

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class WatchedLog(DecisionLog):
    """The decision log, with an eye on whether it takes what it is given."""

    errors = 0
    """Writes that failed since the start."""
    failure = ""
    """Why the last write failed; empty when it did not."""

    def append(self, lines: Sequence[LoggedDecision]) -> None:
        """Writes all of them in one go; raises LogError unless every byte was taken."""
        try:
            super().append(lines)
        except LogError as error:
            self.errors += 1
            self.failure = str(error)
            raise
        self.failure = ""

    def retried(self) -> str:
        """Tries again with an empty line, which readers skip: why it still fails, or nothing."""
        try:
            self.probe()
        except LogError as error:
            self.failure = str(error)
        else:
            self.failure = ""
        return self.failure


class CountedDecide:
    """A `Decide` that counts its outcomes and its time."""

    def __init__(self, decide: Decide) -> None:
        self._decide = decide
        self.outcomes: dict[Outcome, int] = dict.fromkeys(Outcome, 0)
        self.buckets = [0] * (len(_BUCKETS) + 1)
        self.seconds = 0.0

    def __call__(self, requests: Sequence[Request], session: Session | None = None) -> list[Decision]:
        """Decides; a decision is as slow as the whole of its batch, log included."""
        started = time.perf_counter()
        decisions = self._decide(requests, session)
        spent = time.perf_counter() - started
        outcomes = self.outcomes
        for decision in decisions:
            outcomes[decision.outcome] += 1
        self.buckets[bisect_left(_BUCKETS, spent)] += len(decisions)
        self.seconds += spent * len(decisions)
        return decisions

    def open_session(self, agent: str, session: str, task: str | None) -> Session:
        """A session of an agent."""
        return self._decide.open_session(agent, session, task)

    def shows(self, agent: str, system: str, action: str) -> bool:
        """Whether an action could be allowed."""
        return self._decide.shows(agent, system, action)


class Metrics(Collector):
    """Everything that `/metrics` shows, read when it is asked for."""

    def __init__(self, decide: CountedDecide, log: WatchedLog, policy: Callable[[], Policy], notifier: Notifier | None = None) -> None:
        self._decide = decide
        self._log = log
        self._policy = policy
        self._notifier = notifier
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        """One reading."""
        decisions = CounterMetricFamily("remit_decisions", "Decisions by outcome.", labels=["outcome"])
        for outcome, count in self._decide.outcomes.items():
            decisions.add_metric([outcome.value], count)
        yield decisions
        total = 0
        buckets = []
        for bound, count in zip((*map(str, _BUCKETS), "+Inf"), self._decide.buckets, strict=True):
            total += count
            buckets.append((bound, total))
        yield HistogramMetricFamily(
            "remit_decision_seconds", "Time until a decision was made and logged.", buckets=buckets, sum_value=self._decide.seconds
        )
        yield CounterMetricFamily("remit_log_errors", "Writes to the decision log that failed.", value=self._log.errors)
        policy = self._policy()
        yield GaugeMetricFamily("remit_remits", "Remits in force.", value=len(policy.remits))
        yield GaugeMetricFamily(
            "remit_remits_broken", "Agents that are denied because their remit cannot be used.", value=len(broken(policy))
        )
        if self._notifier is not None:
            yield CounterMetricFamily("remit_webhook_taken", "Notices that the webhook took.", value=self._notifier.taken)
            yield CounterMetricFamily("remit_webhook_failures", "Attempts that the webhook did not take.", value=self._notifier.failures)
            yield CounterMetricFamily("remit_webhook_given_up", "Notices that the webhook will never take.", value=self._notifier.given_up)
            yield GaugeMetricFamily("remit_webhook_failing", "1 while the last attempt failed.", value=int(bool(self._notifier.failure)))
        yield GaugeMetricFamily("remit_agents_suspended", "Agents in quarantine.", value=len(policy.suspended))
