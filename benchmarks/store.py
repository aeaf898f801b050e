"""The store with 1,000 agents and 1,000,000 events, on SQLite and on Postgres: time and memory of what commands ask of it.

Smaller or larger: `python -m benchmarks.store EVENTS`. Each backend is measured in a process of its own, so that its memory is its own.
Postgres needs the wheel that the tests use; without it only SQLite is measured, and that is said.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from remit.model.agent import Agent, AgentKind, AgentState, Autonomy, Fingerprint
from remit.model.event import Event, Result, Who
from remit.model.place import Confidence, Place
from remit.model.standing import KnownAgent, Standing
from remit.store.records import Store

AGENTS = 1_000
EVENTS = 1_000_000
ACTS = 12
"""Different things that an agent does."""
SEEN = "2026-11-26T10:00:00Z"
_START = 1_780_000_000


def agents() -> Iterator[KnownAgent]:
    """A thousand of them."""
    for number in range(AGENTS):
        place = Place(path=f"services/agent_{number}/agent.py", line=12, end=60)
        agent = Agent(
            id=f"agent-{number}", name=f"Agent {number}", framework="langgraph", construct="create_react_agent", language="python",
            place=place, places=(place,), model="gpt-5", tools=tuple(f"tool_{tool}" for tool in range(8)),
            purpose="Read what the service wrote during the night and tell its owners what they have to look at. " * 3, purpose_place=place,
            delegates_to=(), kind=AgentKind.PRODUCTION, identities=(), credentials=(), autonomy=Autonomy.EVENT, exposure=("web", "mail"),
            risk=40.0, owner_candidates=(), inferred_actions=(), fingerprint=Fingerprint(whole=f"{number:064x}"), copies=(),
            confidence=Confidence.CERTAIN, is_test=False,
        )  # fmt: skip
        yield KnownAgent(agent=agent, sources=("code:shop",), first_seen=SEEN)


def events(count: int) -> Iterator[Event]:
    """Ninety days of them, out of order by up to an hour, one in ten denied, role sessions under another name each day."""
    for number in range(count):
        agent = number * 7919 % AGENTS
        second = number * 7_776_000 // count + (number * 31 % 3600)
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(_START + second))
        kind = number // AGENTS % ACTS
        yield Event(
            id=f"{number:08x}-5f3e-4c1a-9b7d-0123456789ab",
            source="aws:main",
            happened=at,
            principal=f"arn:aws:iam::123456789012:role/service/agent-{agent}",
            system="aws:s3",
            action="s3:GetObject" if kind % 2 else "s3:PutObject",
            resource=f"arn:aws:s3:::bucket-{agent % 50}/folder-{kind}/*",
            result=Result.DENIED if number % 10 == 0 else Result.ALLOWED,
            place=f"s3://trail/AWSLogs/123456789012/CloudTrail/2026/file-{number // 500}.json.gz#{number:08x}",
            session=f"session-{second // 86400}-{agent}",
        )


def by_role(who: Who) -> str:
    """The agent that a role is of."""
    return who.principal.rpartition("/")[2]


def moved(who: Who) -> str:
    """As `by_role`, with every tenth agent under another name."""
    name = by_role(who)
    return f"{name}-again" if name.endswith("7") else name


def timed(what: str, do: Callable[[], Any]) -> Any:
    """Does it once and says how long it took."""
    began, busy = time.perf_counter(), time.process_time()
    result = do()
    say(what, f"{time.perf_counter() - began:.2f} s, of it {time.process_time() - busy:.2f} s computing here")
    return result


def often(what: str, do: Callable[[], Any], times: int = 200) -> None:
    """Does it many times and says what the middle and the slow ones took."""
    do()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        do()
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    say(what, f"{median(took):.2f} ms, slowest of a hundred {took[int(len(took) * 0.99) - 1]:.2f} ms")


def say(what: str, figure: str) -> None:
    """A line of the table."""
    sys.stdout.write(f"  {what:<64} {figure}\n")
    sys.stdout.flush()


def measure(url: str, count: int) -> None:
    """Everything, on one backend."""
    with Store.open(url) as store:
        timed(f"put {AGENTS:,} agents and standings", lambda: _put(store))
        timed(f"add {count:,} events", lambda: store.add_events(events(count), {"aws:main": "end"}, assign=by_role))
        say("memory at its highest so far", f"{_memory_mb():.0f} MB")
        timed("the same 10,000 events again: none counted", lambda: store.add_events(_first(count, 10_000)))
        often("sequence(), what a point asks at each call", store.sequence, 2000)
        often("get(Standing, ...)", lambda: store.get(Standing, "agent-17"), 500)
        timed(f"all(KnownAgent): {AGENTS:,}", lambda: store.all(KnownAgent))
        often("uses(agent=...)", lambda: store.uses(agent="agent-17"))
        found = timed("uses(): every one", store.uses)
        say("uses", f"{len(found):,}, {sum(use.allowed + use.denied for use in found):,} events in them")
        often("events(agent=..., limit=100)", lambda: store.events("agent-17"), 20)
        often("events(limit=100)", store.events, 20)
        timed("rebind, nothing changed", lambda: store.rebind(by_role))
        timed("rebind, a tenth of the agents renamed", lambda: store.rebind(moved))
        timed("rebind, each agent's sessions part ways", lambda: store.rebind(lambda who: f"{by_role(who)}-{len(who.session) % 2}"))
        timed("rebuild: everything derived made anew", store.rebuild)
        say("memory at its highest", f"{_memory_mb():.0f} MB")
    path = Path(url.removeprefix("sqlite:///"))
    if path.exists():
        say("size on the disk", f"{path.stat().st_size / 1e6:.0f} MB")


def _put(store: Store) -> None:
    with store.transaction():
        store.put_all(agents(), seen=SEEN)
        store.put_all(
            (Standing(agent=f"agent-{number}", state=AgentState.ACTIVE, since=SEEN, by="dana") for number in range(AGENTS)), seen=SEEN
        )


def _first(count: int, wanted: int) -> Iterator[Event]:
    for number, event in enumerate(events(count)):
        if number >= wanted:
            return
        yield event


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Both backends in turn; or, with a URL, that one."""
    if len(sys.argv) == 3:
        measure(sys.argv[2], int(sys.argv[1]))
        return 0
    count = sys.argv[1] if len(sys.argv) == 2 else str(EVENTS)
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write("SQLite\n")
        failed = _in_a_process(count, f"sqlite:///{folder}/store.sqlite3")
    sys.stdout.write("Postgres\n")
    sys.stdout.flush()
    try:
        from tests.servers import postgres_server
    except ImportError as error:
        sys.stdout.write(f"  not measured: {error}\n")
        return failed
    # The test servers do not wait for the disk; a user's does.
    with postgres_server({"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}) as server:
        return _in_a_process(count, server.new_database("store")) or failed


def _in_a_process(count: str, url: str) -> int:
    sys.stdout.flush()
    return subprocess.run([sys.executable, "-m", "benchmarks.store", count, url], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
