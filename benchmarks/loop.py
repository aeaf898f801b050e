"""The commands on a store with 1,000 agents, 1,000 AWS roles and 1,000,000 events: time and memory of each, as a user waits for it.

Smaller or larger: `python -m benchmarks.loop EVENTS`.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from statistics import median

from benchmarks.store import AGENTS, EVENTS, SEEN, agents, by_role, events
from remit.model.access import NativeObject
from remit.model.agent import AgentState
from remit.model.connection import Connection
from remit.model.evidence import Gap
from remit.model.identity import Because, Bound
from remit.model.ledger import Inventory, Ledger, Reading, Scan
from remit.model.place import Place
from remit.model.standing import Standing
from remit.store.records import Store

_POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::bucket-%d/*"},'
    '{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
)
_TIMES = 5


def roles() -> Iterator[NativeObject]:
    """A role for each agent, with a policy that is broader than its need."""
    for number in range(AGENTS):
        text = _POLICY % (number % 50)
        arn = f"arn:aws:iam::123456789012:role/service/agent-{number}"
        body = {
            "Arn": arn,
            "RoleName": f"agent-{number}",
            "Path": "/service/",
            "CreateDate": SEEN,
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            "InlinePolicies": [{"PolicyName": "access", "PolicyDocument": json.loads(text), "PolicyText": text}],
            "AttachedPolicies": [],
            "PermissionsBoundary": None,
            "Tags": {},
        }
        yield NativeObject(connection="aws:main", kind="iam:role", id=arn, body=body)


def fill(store: Store, count: int) -> None:
    """What a scan of a large organisation leaves in the store."""
    ledger = Ledger(files_read=AGENTS * 10, bytes_read=10_000_000, skipped=(), unresolved=())
    gaps: tuple[Gap, ...] = ()
    with store.transaction():
        for connection in (
            Connection(id="code:shop", kind="code", name="shop", settings={"path": "/nowhere"}, since=SEEN),
            Connection(id="aws:main", kind="aws", name="main", settings={"trail": "s3://trail/AWSLogs"}, since=SEEN),
        ):
            store.put(connection, seen=SEEN)
            store.put(Scan(connection=connection.id, at=SEEN, objects=AGENTS, gaps=gaps), seen=SEEN)
            store.put(
                Reading(connection=connection.id, inventory=Inventory(agents=(), mcp_servers=(), secrets=(), ledger=ledger)), seen=SEEN
            )
        store.put_all(agents(), seen=SEEN)
        slugs = [f"agent-{number}" for number in range(AGENTS)]
        store.put_all((Standing(agent=slug, state=AgentState.DISCOVERED, since=SEEN, by="remit") for slug in slugs), seen=SEEN)
        store.put_all(roles(), seen=SEEN)
        store.put_all((_bound(number) for number in range(AGENTS)), seen=SEEN)
    store.add_events(events(count), {"aws:main": "end"}, assign=by_role)


def _bound(number: int) -> Bound:
    place = Place(f"services/agent_{number}/main.tf", 4)
    return Bound(
        agent=f"agent-{number}",
        principal=f"arn:aws:iam::123456789012:role/service/agent-{number}",
        because=(Because(place=place, text="its task role"),),
    )


def measured(words: list[str], url: str) -> None:
    """Runs a command some times, and says how long it took and what memory it needed."""
    took = []
    environment = {**os.environ, "REMIT_STORE": url}
    for _ in range(_TIMES):
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "remit", *words], env=environment, capture_output=True, check=False)
        took.append(time.perf_counter() - began)
        if done.returncode:
            sys.stderr.write(done.stderr.decode())
            raise SystemExit(1)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    size = len(done.stdout)
    sys.stdout.write(
        f"  remit {' '.join(words):<36} {median(took):.2f} s (slowest {max(took):.2f}), at most {memory:.0f} MB, {size:,} bytes\n"
    )
    sys.stdout.flush()


def main() -> int:
    """Fills a store, then asks it as a user does."""
    count = int(sys.argv[1]) if len(sys.argv) == 2 else EVENTS
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/store.sqlite3"
        with Store.open(url) as store:
            fill(store, count)
        sys.stdout.write(f"{AGENTS:,} agents, {count:,} events\n")
        for line in ("--version", "agent agent-17 --json", "agent agent-17", "agents --json", "agents", "findings", "plan agent-17 --json"):
            measured(line.split(), url)
    return 0


if __name__ == "__main__":
    sys.exit(main())
