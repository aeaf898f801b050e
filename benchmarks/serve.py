"""The decision service beside Cerbos: the same question over the same protocol, both with their decision log on.

Aim: five times the requests a second, a quarter of the median. Runs alternate, so that both meet the same machine; the median of
the runs counts. Cerbos is asked by AuthZEN and by its own protocol, and the faster of the two is compared with.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.load import CONNECTIONS, Measured, generator, measure

CERBOS = "cerbos@0.51.0"
CACHE = Path(__file__).parents[1] / ".cache" / "benchmarks"
EVALUATION = "/access/v1/evaluation"
RESOURCE = "arn:aws:s3:::billing-exports/2026/07/28.csv"
QUESTION = {
    "subject": {"type": "agent", "id": "cost-triage", "properties": {"cerbos.roles": ["agent"]}},
    "action": {"name": "read"},
    "resource": {"type": "aws:s3", "id": RESOURCE},
}
NATIVE = {
    "requestId": "1",
    "principal": {"id": "cost-triage", "roles": ["agent"]},
    "resources": [{"actions": ["read"], "resource": {"kind": "aws:s3", "id": RESOURCE}}],
}
REMIT = """\
remit: 1
agent: cost-triage
purpose: Explain daily cloud-cost anomalies.
owner: {contact: dana@example.com}
objectives:
  explain:
    why: Find the resource behind the difference.
    can:
      - {read: "aws:ce", resource: "*"}
      - {read: "aws:s3", resource: "arn:aws:s3:::billing-exports/*"}
never:
  - {any: "aws:iam"}
"""
POLICY = """\
apiVersion: api.cerbos.dev/v1
resourcePolicy:
  version: default
  resource: "aws:s3"
  rules:
    - {actions: ["read"], effect: EFFECT_ALLOW, roles: ["agent"],
       condition: {match: {expr: 'R.id.startsWith("arn:aws:s3:::billing-exports/")'}}}
"""


def cerbos_binary() -> Path | None:
    """The server from the npm package, installed into the cache once; None where there is no npm."""
    folder = CACHE / "cerbos"
    found = sorted(folder.glob("node_modules/@cerbos/cerbos-*/cerbos-*"))
    if found:
        return found[0]
    if shutil.which("npm") is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    words = ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", str(folder), CERBOS]
    subprocess.run(words, check=True, capture_output=True, timeout=300)
    return next(iter(sorted(folder.glob("node_modules/@cerbos/cerbos-*/cerbos-*"))), None)


def ask(port: int, path: str, question: Any) -> Any:
    """One answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection):
        connection.request("POST", path, json.dumps(question), {"content-type": "application/json"})
        return json.loads(connection.getresponse().read())


@contextlib.contextmanager
def running(words: list[str], **more: Any) -> Iterator[subprocess.Popen[str]]:
    """A process that ends with the block."""
    process = subprocess.Popen(words, text=True, **more)
    try:
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        if process.poll() is None:
            process.kill()
            process.wait(10)


@contextlib.contextmanager
def remit(folder: Path) -> Iterator[int]:
    """Our service; yields its port."""
    (folder / "remits").mkdir()
    (folder / "remits/cost-triage.yaml").write_text(REMIT)
    words = [sys.executable, "-m", "remit", "serve", "--decisions-only", "--remit", str(folder / "remits")]
    with running([*words, "--state", str(folder / "state"), "--port", "0"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"listening on http://127\.0\.0\.1:(\d+)", line):
                yield int(found[1])
                return
        raise SystemExit("remit serve did not start")


@contextlib.contextmanager
def cerbos(binary: Path, folder: Path) -> Iterator[int]:
    """Cerbos with its decision log in a file; yields its port."""
    (folder / "policies").mkdir()
    (folder / "policies/s3.yaml").write_text(POLICY)
    port = 13592
    settings = {
        "server": {"httpListenAddr": f"127.0.0.1:{port}", "grpcListenAddr": f"127.0.0.1:{port + 1}"},
        "storage": {"driver": "disk", "disk": {"directory": str(folder / "policies"), "watchForChanges": False}},
        "telemetry": {"disabled": True},
        "audit": {
            "enabled": True,
            "accessLogsEnabled": False,
            "decisionLogsEnabled": True,
            "backend": "file",
            "file": {"path": str(folder / "audit.log")},
        },
    }
    (folder / "cerbos.json").write_text(json.dumps(settings))
    words = [str(binary), "server", "--config", str(folder / "cerbos.json"), "--log-level=error"]
    with running(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        for _ in range(100):
            with contextlib.suppress(OSError):
                ask(port, EVALUATION, QUESTION)
                yield port
                return
            time.sleep(0.1)
        raise SystemExit("cerbos did not start")


def main(words: list[str] | None = None) -> int:
    """Measures and prints; 0 also where the aim is missed, because a benchmark reports."""
    parser = argparse.ArgumentParser(prog="benchmarks.serve", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4, help="length of one run")
    parser.add_argument("--runs", type=int, default=5, help="runs of each")
    chosen = parser.parse_args(words)
    binary = cerbos_binary()
    asked: list[tuple[str, int, str, Any]] = []
    with contextlib.ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)]
        port = stack.enter_context(remit(folders[0]))
        asked.append(("remit, AuthZEN", port, EVALUATION, QUESTION))
        if binary is None:
            print("cerbos cannot be installed here: there is no npm; remit is measured alone")
        else:
            peer = stack.enter_context(cerbos(binary, folders[1]))
            asked.append(("cerbos, AuthZEN", peer, EVALUATION, QUESTION))
            asked.append(("cerbos, its own", peer, "/api/check/resources", NATIVE))
        for name, port, path, question in asked:
            answer = json.dumps(ask(port, path, question))
            if '"decision": true' not in answer and "EFFECT_ALLOW" not in answer:
                raise SystemExit(f"{name} does not allow the question: {answer}")
        runs: dict[str, list[Measured]] = {name: [] for name, *_ in asked}
        for _ in range(chosen.runs):
            for name, port, path, question in asked:
                runs[name].append(measure(port, path, json.dumps(question).encode(), chosen.seconds))
    _report(runs, chosen.runs, chosen.seconds)
    return 0


def _report(runs: dict[str, list[Measured]], count: int, seconds: float) -> None:
    load = f"1 minute load {os.getloadavg()[0]:.1f}"
    print(f"{count} runs of {seconds:.0f} s each, {CONNECTIONS} connections, {generator()}, {os.cpu_count()} processors, {load}")
    print(f"{'':18}{'requests/s':>12}{'p50 us':>9}{'p99 us':>9}{'errors':>8}")
    summary = {}
    for name, measured in runs.items():
        per_second = statistics.median(run.per_second for run in measured)
        p50 = statistics.median(run.p50 for run in measured)
        p99 = statistics.median(run.p99 for run in measured)
        summary[name] = (per_second, p50)
        print(f"{name:18}{per_second:12,.0f}{p50 * 1e6:9,.0f}{p99 * 1e6:9,.0f}{sum(run.errors for run in measured):8}")
    peers = [figures for name, figures in summary.items() if name.startswith("cerbos")]
    if peers:
        ours = summary["remit, AuthZEN"]
        fastest, quickest = max(peer[0] for peer in peers), min(peer[1] for peer in peers)
        print(f"remit answers {ours[0] / fastest:.1f} times the requests a second (aim 5)")
        print(f"at {ours[1] / quickest:.2f} of the median (aim 0.25)")


if __name__ == "__main__":
    sys.exit(main())
