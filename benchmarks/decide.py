"""One decision at 10,000 agents, beside cedarpy in the same run.

Both get requests that are made beforehand and the same remits: Remit as its index, Cedar as the export of those remits, parsed
once into a `PolicySet`, with entities parsed once per request. Cedar is timed twice: with the policies of every agent in one
set, which is how a decision point would hold them, and, as its best case, with only the policies of the asking agent. Answers
are compared before anything is timed.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from remit.contracts import registry
from remit.contracts.system import Vocabulary
from remit.decide.engine import decide
from remit.decide.index import build_index
from remit.decide.limits import NOTHING_SPENT
from remit.document.parse import parse_or_raise
from remit.model.agent import AgentState
from remit.model.decision import Outcome, Request
from remit.model.remit import Remit
from remit.systems.cedar.request import cedar_request
from remit.systems.cedar.system import SYSTEM as CEDAR

NOW = 1_800_000_000.0
TEXT = """
remit: 1
agent: agent-{number}
purpose: Explain daily cloud-cost anomalies and open a ticket for the team that owns them.
owner: {{team: finops, contact: dana@example.com, deputy: lee@example.com}}
objectives:
  explain-anomaly:
    why: Compare spend with its forecast and find the resource behind the difference.
    can:
      - {{read: aws:ce, resource: "*"}}
      - {{read: aws:s3, resource: "arn:aws:s3:::billing-{number}/*"}}
      - {{list: aws:s3, resource: "arn:aws:s3:::billing-{number}"}}
      - {{read: postgres:finops, resource: costs.daily, columns: [day, account, amount]}}
      - {{call: "mcp:files", resource: read_text_file, where: {{path: "/data/{number}/**"}}}}
      - {{call: "mcp:files", resource: list_directory, where: {{path: "/data/{number}/**"}}}}
  tell-the-owner:
    why: The team that caused the cost hears of it the same day.
    can:
      - {{create: mcp:jira, resource: create_issue, where: {{project: FIN}}}}
      - {{transmit: slack:main, resource: "channel/#finops"}}
never:
  - {{any: aws:iam}}
  - {{delete: "*"}}
  - {{any: "mcp:files", resource: read_text_file, where: {{path: "/data/{number}/secret/**"}}}}
"""


def requests_of(number: int) -> dict[str, Request]:
    """Requests of one agent by what is asked: allowed, denied and forbidden."""
    agent = f"agent-{number}"

    def tool(system: str, name: str, **arguments: Any) -> Request:
        return Request(agent=agent, system=system, action=name, resource=name, arguments=arguments)

    return {
        "a verb on a resource, allowed": Request(
            agent=agent, system="aws:s3", action="read", resource=f"arn:aws:s3:::billing-{number}/a.csv"
        ),
        "a tool with a path, allowed": tool("mcp:files", "read_text_file", path=f"/data/{number}/x/report.csv"),
        "a tool with a value, allowed": tool("mcp:jira", "create_issue", project="FIN", title="costs", body="text"),
        "a tool, covered by no line": tool("mcp:files", "read_text_file", path="/etc/passwd"),
        "a system that is forbidden": Request(agent=agent, system="aws:iam", action="administer", resource="*"),
    }


def remits_of(agents: int) -> list[Remit]:
    """One remit an agent: parsed once, and the number put in."""
    pattern = msgspec.json.encode(parse_or_raise(TEXT.format(number="012345678"), "remits/012345678.yaml"))
    return [msgspec.json.decode(pattern.replace(b"012345678", str(number).encode()), type=Remit) for number in range(agents)]


class Timed:
    """Durations of single calls, in microseconds."""

    def __init__(self, microseconds: Sequence[float]) -> None:
        ordered = sorted(microseconds)
        self.count = len(ordered)
        self.median = statistics.median(ordered)
        self.p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]

    def __str__(self) -> str:
        return f"median {self.median:10.2f} us   p99 {self.p99:10.2f} us   ({self.count} decisions)"


def timed(calls: Sequence[Callable[[], object]], seconds: float) -> Timed:
    """Runs the calls in turn for about so many seconds, each timed by itself."""
    end = time.perf_counter() + seconds / 10
    for call in calls:
        call()
        if time.perf_counter() > end:
            break
    taken: list[float] = []
    gc.collect()
    end = time.perf_counter() + seconds
    while True:
        for call in calls:
            begin = time.perf_counter_ns()
            call()
            taken.append((time.perf_counter_ns() - begin) / 1000)
        if time.perf_counter() > end:
            return Timed(taken)


def measure(agents: int, cedar_agents: int, seconds: float) -> dict[str, Any]:
    """Every figure; `cedar_agents` may be fewer where parsing the peer's policies would take too long, and says so."""
    import cedarpy

    vocabularies: tuple[Vocabulary, ...] = tuple(
        found for system in registry.find("SYSTEM").values() if (found := system.vocabulary()) is not None
    )
    tables = {vocabulary.kind: vocabulary for vocabulary in vocabularies}
    begin = time.perf_counter()
    remits = remits_of(agents)
    parsed = time.perf_counter()
    index = build_index(remits, {remit.agent: AgentState.ACTIVE for remit in remits}, vocabularies)
    built = time.perf_counter()
    policies = [CEDAR.compile(remit).text for remit in remits[:cedar_agents]]
    everyone = cedarpy.PolicySet.from_str("\n".join(policies))
    ready = time.perf_counter()
    print(f"{agents} agents: remits made in {parsed - begin:.1f} s, index built in {built - parsed:.1f} s")
    print(f"cedarpy: {cedar_agents} agents exported and parsed in {ready - built:.1f} s")

    chosen = [number * (cedar_agents // 50) for number in range(50)]
    figures: dict[str, Any] = {}
    for what in requests_of(0):
        asked = [requests_of(number)[what] for number in chosen]
        ours = [lambda request=request: decide(index, request, None, NOTHING_SPENT, NOW) for request in asked]  # type: ignore[misc]
        together, alone = [], []
        for number, request in zip(chosen, asked, strict=True):
            principal, action, resource, context, entities = cedar_request(request, tables.get(request.system.partition(":")[0]))
            question = {"principal": principal, "action": action, "resource": resource, "context": context}
            known = cedarpy.Entities.from_json_str(json.dumps(entities))
            own = cedarpy.PolicySet.from_str(policies[number])
            together.append(lambda question=question, known=known: cedarpy.is_authorized(question, everyone, known))  # type: ignore[misc]
            alone.append(lambda question=question, known=known, own=own: cedarpy.is_authorized(question, own, known))  # type: ignore[misc]
        together = together[:10]
        for mine, theirs, best in zip(ours, together[:3], alone[:3], strict=False):
            expected = mine().outcome is Outcome.ALLOW
            if theirs().allowed is not expected or best().allowed is not expected:
                raise SystemExit(f"the two disagree about {what}")
        measured = {
            "remit": timed(ours, seconds),
            "cedarpy, every agent": timed(together, seconds),
            "cedarpy, one agent": timed(alone, seconds),
        }
        print(f"\n{what}")
        for name, figure in measured.items():
            ratio = "" if name == "remit" else f"   {figure.median / measured['remit'].median:8.1f} x"
            print(f"  {name:22} {figure}{ratio}")
        figures[what] = {name: {"median_us": figure.median, "p99_us": figure.p99} for name, figure in measured.items()}
    return figures


def statements(seconds: float) -> None:
    """What reading SQL and shell costs the first time; a text that was read before costs a look-up."""
    from remit.decide.statements.shell import commands_of
    from remit.decide.statements.sql import actions_of

    query = "select d.day, sum(d.amount) from costs.daily d join costs.accounts a using (account) where d.day > '2026-01-01' group by 1"
    command = "cd /data && find . -name '*.csv' -exec wc -l {} + | sort -n > /tmp/counts"
    print(f"\nreading SQL   {timed([lambda: actions_of(query)], seconds)}")
    print(f"reading shell {timed([lambda: commands_of(command)], seconds)}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=10_000)
    parser.add_argument("--cedar-agents", type=int, default=0, help="fewer agents for the peer (default: the same)")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each figure")
    chosen = parser.parse_args(arguments)
    measure(chosen.agents, chosen.cedar_agents or chosen.agents, chosen.seconds)
    statements(chosen.seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
