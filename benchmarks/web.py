"""The web UI with 1,000 agents and 1,000,000 events behind it: server time of every page, the first one after a change of the store too.

Smaller or larger: `python -m benchmarks.web EVENTS`. No peer stands beside it: no other tool serves these pages.

Every page is asked over HTTP from a `remit serve` of its own, each kind of page for many agents, findings, plans and decisions.
`after a change` is the first answer after a record was appended that people settle, when what was kept of the store is looked up again.
"""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import quote, urlsplit

import msgspec

from benchmarks.loop import fill
from benchmarks.store import AGENTS, EVENTS, SEEN
from remit.app.current import Current
from remit.app.intent import approve_text
from remit.app.loop import watch
from remit.app.mend import plan_right_size
from remit.app.scan import read_decisions
from remit.model.decision import LoggedDecision, Outcome, Step
from remit.model.event import Event
from remit.model.finding import Finding
from remit.model.plan import Plan
from remit.model.standing import Ownership
from remit.model.times import time_from_text
from remit.store.records import Store

TARGET = 0.3
"""Seconds, at the 95th percentile."""
_TIMES = 40
_CHANGES = 25
_DECISIONS = 5_000
_PLANS = 40
_APPROVED = 100
_REMIT = """\
remit: 1
agent: {agent}
purpose: Read what the service wrote during the night and tell its owners what they have to look at.
owner: {{contact: {owner}}}
objectives:
  read:
    why: The report is about what stands there.
    can:
      - {{read: "aws:s3", resource: "arn:aws:s3:::bucket-{bucket}/*"}}
      - {{call: "mcp:files", resource: read_text_file}}
"""


def furnish(store: Store, folder: Path) -> None:
    """What else stands in the store of an organisation in use: owners, decisions, findings, plans."""
    with store.transaction():
        store.put_all((_owner(number, f"person-{number % 40}@example.com") for number in range(AGENTS // 2)), seen=SEEN)
    current = Current(store, time_from_text(SEEN))
    log = folder / "decisions.jsonl"
    log.write_bytes(b"".join(msgspec.json.encode(_decision(number)) + b"\n" for number in range(_DECISIONS)))
    for number in range(_APPROVED):
        owner = f"person-{number % 40}@example.com"
        text = _REMIT.format(agent=f"agent-{number}", bucket=number % 50, owner=owner).encode()
        approve_text(current, text, "remit.yaml", owner, "dana", SEEN)
    read_decisions(current, "decisions:state/decisions.jsonl", log, SEEN)
    watch(current, SEEN)
    for number in range(_PLANS):
        plan_right_size(current, f"agent-{number * 17 % AGENTS}", SEEN)


def _owner(number: int, person: str) -> Ownership:
    return Ownership(agent=f"agent-{number}", person=person, since=SEEN, by="dana")


def _decision(number: int) -> LoggedDecision:
    is_denied = number % 7 == 0
    return LoggedDecision(
        time=time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(1_787_000_000 + number)),
        id=f"0192f3a1-0000-7000-8000-{number:012d}",
        agent=f"agent:agent-{number * 7919 % AGENTS}",
        system="mcp:files",
        action="read_text_file",
        resource="read_text_file",
        outcome=Outcome.DENY if is_denied else Outcome.ALLOW,
        step=Step.NO_MATCH if is_denied else Step.CAPABILITY,
        line="",
        rule="",
        because="denied: no line of the remit allows it" if is_denied else "objective `read` allows it",
        point="mcp",
        session=f"session-{number // 20}",
    )


@contextmanager
def serving(url: str, folder: Path) -> Iterator[str]:
    """`remit serve` on the store; gives its one-time address."""
    words = [sys.executable, "-m", "remit", "serve", "--store", url, "--port", "0", "--state", str(folder / "state")]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "XDG_STATE_HOME": str(folder)}
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    try:
        assert process.stdout is not None
        address = next(found[1] for line in process.stdout if (found := re.match(r"open (http\S+)", line)))
        yield address
        sys.stdout.write(f"  memory of the service: {_memory_mb(process.pid):.0f} MB\n")
    finally:
        process.terminate()
        process.wait(60)


def _memory_mb(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()) if Path(f"/proc/{pid}/status").exists() else None
    return int(found[1]) / 1024 if found else 0.0


class Reader:
    """A browser that is signed in."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
        self._connection.request("GET", parts.path)
        answer = self._connection.getresponse()
        answer.read()
        self._cookie = (answer.headers["set-cookie"] or "").partition(";")[0]

    def get(self, path: str) -> tuple[float, int]:
        """Seconds until all of a page was there, and its size."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers={"cookie": self._cookie})
        answer = self._connection.getresponse()
        body = answer.read()
        took = time.perf_counter() - began
        if answer.status != 200:
            raise SystemExit(f"{path} was answered with {answer.status}: {re.sub('<[^>]+>', ' ', body.decode())[:800]}")
        return took, len(body)


def pages(store: Store) -> dict[str, list[str]]:
    """Every kind of page, with addresses of it."""
    agents = [f"agent-{number * 31 % AGENTS}" for number in range(_TIMES)]
    findings = [finding.id for finding in store.all(Finding)][:_TIMES]
    plans = [plan.id for plan in store.all(Plan)][:_TIMES]
    decisions = [event.id for event in _decided(store)]
    planned = [plan.agent for plan in store.all(Plan)][:_TIMES]
    return {
        "/": ["/"],
        "/agents": ["/agents", "/agents?page=2", "/agents?page=9"],
        "/agents, that can": ["/agents?can=delete", "/agents?can=delete&on=bucket-3", "/agents?on=folder-7", "/agents?can=pay&on=nothing"],
        "/agents/{slug}": [f"/agents/{slug}" for slug in agents],
        "/agents/{slug}, planned": [f"/agents/{slug}" for slug in planned],
        "/agents/{slug}/draft": [f"/agents/{slug}/draft" for slug in agents],
        "/agents/{slug}/remit": [f"/agents/agent-{number}/remit" for number in range(_TIMES)],
        "/agents/{slug}/quarantine": [f"/agents/{slug}/quarantine" for slug in agents],
        "/agents/{slug}/retire": [f"/agents/{slug}/retire" for slug in agents[:1]],
        "/findings": ["/findings", "/findings?page=2"],
        "/findings/{id}": [f"/findings/{quote(name, safe='')}" for name in findings],
        "/plans": ["/plans"],
        "/plans/{id}": [f"/plans/{quote(name, safe='')}" for name in plans],
        "/decisions": ["/decisions"],
        "/decisions/{id}": [f"/decisions/{name}" for name in decisions],
        "/connections": ["/connections"],
        "/connections/{id}": ["/connections/aws%3Amain", "/connections/code%3Ashop"],
        "/search": [f"/search?q={word}" for word in ("night", "bucket-3", "role", "nothing-like-it", "s3")],
        "/search, a question": ["/search?q=delete", "/search?q=who+can+delete+bucket-3"],
        "/jobs": ["/jobs"],
    }


def _decided(store: Store) -> list[Event]:
    return store.decisions(limit=_TIMES)


def measure(reader: Reader, store: Store) -> bool:
    """The table; whether every page keeps to the target."""
    took, _ = reader.get("/")
    sys.stdout.write(f"  the first page of all, which looks everything up: {took:.2f} s\n\n")
    sys.stdout.write(f"  {'page':<30} {'p50':>8} {'p95':>8} {'worst':>8}   {'after a change':>14} {'worst':>8}   {'size':>9}\n")
    kept = True
    for name, addresses in pages(store).items():
        times, size = _asked(reader, addresses)
        renewed = _after_changes(reader, store, addresses)
        kept = kept and _at(times, 95) < TARGET and _at(renewed, 95) < TARGET
        asked = f"{_ms(median(times))} {_ms(_at(times, 95))} {_ms(times[-1])}"
        sys.stdout.write(f"  {name:<30} {asked}   {_ms(median(renewed)):>14} {_ms(renewed[-1])}   {size:>7,} B\n")
        sys.stdout.flush()
    return kept


def _asked(reader: Reader, addresses: Sequence[str]) -> tuple[list[float], int]:
    answers = [reader.get(addresses[number % len(addresses)]) for number in range(_TIMES)]
    return sorted(took for took, _ in answers), max(size for _, size in answers)


def _after_changes(reader: Reader, store: Store, addresses: Sequence[str]) -> list[float]:
    found = []
    for number in range(_CHANGES):
        store.put(_owner(number, f"person-{time.time_ns()}@example.com"), seen=SEEN)
        found.append(reader.get(addresses[number % len(addresses)])[0])
    return sorted(found)


def _at(times: Sequence[float], percent: int) -> float:
    return times[min(len(times) - 1, len(times) * percent // 100)]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:>5.0f} ms"


def main() -> int:
    """Fills a store, serves it, asks for every page."""
    count = int(sys.argv[1]) if len(sys.argv) == 2 else EVENTS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'store.sqlite3'}"
        with Store.open(url) as store:
            fill(store, count)
            furnish(store, folder)
            sys.stdout.write(f"{AGENTS:,} agents, {count:,} events, {len(store.all(Finding)):,} findings, {_PLANS} plans\n")
            sys.stdout.flush()
            with serving(url, folder) as address:
                kept = measure(Reader(address), store)
    sys.stdout.write(f"every page under {TARGET * 1000:.0f} ms at the 95th percentile: {'yes' if kept else 'NO'}\n")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
