"""What the gateway adds to a tool call, beside a FastMCP proxy in front of the same server, in one run.

The server is made with the protocol's own Python kit; the client is a plain one that writes lines and reads lines, so that little
of what is measured is its own. Rounds alternate between no proxy, the gateway and the peer; medians over all rounds count. The
peer runs in its faster set-up, one session with the server that all calls share; it takes no decision and keeps no log.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PEER = "fastmcp==4.2.3"
CACHE = Path(__file__).parents[1] / ".cache" / "benchmarks"
BIG_BYTES = 5_000_000
IN_FLIGHT = 100

SERVER = '''
from mcp.server.mcpserver import MCPServer
server = MCPServer("files")
@server.tool(structured_output=False)
async def read_text_file(path: str) -> str:
    """Read."""
    return path
@server.tool(structured_output=False)
async def big(size: int) -> str:
    """Much."""
    return "x" * size
server.run()
'''
PROXY = """
import asyncio, sys
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from fastmcp.server import create_proxy
async def main():
    async with Client(StdioTransport(command=sys.argv[1], args=sys.argv[2:])) as client:
        await create_proxy(client).run_stdio_async(show_banner=False)
asyncio.run(main())
"""
REMIT = """\
remit: 1
agent: reader
purpose: Read files.
owner: {{contact: dana@example.com}}
objectives:
  read:
    why: To report.
    can:
      - {{call: "mcp:files", resource: read_text_file, where: {{path: "{folder}/**"}}}}
      - {{call: "mcp:files", resource: big}}
never:
  - {{any: "mcp:files", resource: read_text_file, where: {{path: "{folder}/secret/**"}}}}
  - {{transmit: "*", outside: [example.com]}}
"""


class Talk:
    """A process that speaks MCP, spoken to in lines."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        self._buffer = bytearray()
        self._number = 0
        parameters = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}
        self.send("initialize", parameters)
        self.read()
        self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def send(self, method: str, parameters: dict[str, Any]) -> None:
        self._number += 1
        self._write({"jsonrpc": "2.0", "id": self._number, "method": method, "params": parameters})

    def call(self, tool: str, **arguments: Any) -> None:
        self.send("tools/call", {"name": tool, "arguments": arguments})

    def read(self) -> bytes:
        """The next line; it is not taken apart here."""
        assert self.process.stdout is not None
        begin = 0
        while (end := self._buffer.find(b"\n", begin)) < 0:
            begin = len(self._buffer)
            if not select.select([self.process.stdout], [], [], 60)[0]:
                raise TimeoutError("no answer within a minute")
            block = os.read(self.process.stdout.fileno(), 1 << 20)
            if not block:
                raise EOFError("the server ended")
            self._buffer += block
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def _write(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        rest = memoryview(json.dumps(message).encode() + b"\n")
        while rest:
            rest = rest[os.write(self.process.stdin.fileno(), rest) :]


def peer_python() -> Path | None:
    """Python of the peer's own environment, made once; None where it cannot be installed."""
    folder = CACHE / "fastmcp"
    python = folder / "bin" / "python"
    if not (folder / "made").exists():
        venv.create(folder, with_pip=True, clear=True)
        words = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "-q", PEER]
        try:
            subprocess.run(words, check=True, capture_output=True, timeout=600)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return None
        (folder / "made").touch()
    return python


def one_by_one(talk: Talk, path: str, calls: int) -> list[float]:
    """Seconds of each of so many calls, one after the other."""
    times = []
    for _ in range(calls):
        begin = time.perf_counter()
        talk.call("read_text_file", path=path)
        line = talk.read()
        times.append(time.perf_counter() - begin)
        assert b'"isError":true' not in line, line[:500]
    return times


def all_at_once(talk: Talk, path: str, _calls: int) -> list[float]:
    """Seconds until a hundred calls in flight are all answered."""
    begin = time.perf_counter()
    for _ in range(IN_FLIGHT):
        talk.call("read_text_file", path=path)
    for _ in range(IN_FLIGHT):
        talk.read()
    return [time.perf_counter() - begin]


def big_result(talk: Talk, _path: str, _calls: int) -> list[float]:
    """Seconds of a call with a result of five megabytes."""
    begin = time.perf_counter()
    talk.call("big", size=BIG_BYTES)
    assert len(talk.read()) > BIG_BYTES
    return [time.perf_counter() - begin]


MEASURES: dict[str, Callable[[Talk, str, int], list[float]]] = {
    "one call": one_by_one,
    f"{IN_FLIGHT} calls in flight": all_at_once,
    "a result of 5 MB": big_result,
}


@contextlib.contextmanager
def talks(folder: Path) -> Iterator[dict[str, Talk]]:
    """The server alone, behind the gateway, and behind the peer."""
    (folder / "server.py").write_text(SERVER)
    (folder / "proxy.py").write_text(PROXY)
    (folder / "remit.yaml").write_text(REMIT.format(folder=folder))
    server = [sys.executable, str(folder / "server.py")]
    held = ["--remit", str(folder / "remit.yaml"), "--state", str(folder / "state")]
    commands = {"no proxy": server, "gateway": [sys.executable, "-m", "remit", "gateway", *held, "--", *server]}
    python = peer_python()
    if python is not None:
        commands["FastMCP proxy"] = [str(python), str(folder / "proxy.py"), *server]
    opened: dict[str, Talk] = {}
    try:
        for name, command in commands.items():
            opened[name] = Talk(command)
        yield opened
    finally:
        for talk in opened.values():
            talk.close()


def cold_start(folder: Path, runs: int) -> float:
    """Median seconds from the start of the gateway to its first decision (a denial, which no server delays)."""
    times = []
    command = [
        sys.executable,
        "-m",
        "remit",
        "gateway",
        "--remit",
        str(folder / "remit.yaml"),
        "--state",
        str(folder / "state"),
        "--",
        "cat",
    ]
    for _ in range(runs):
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"none"}}\n')
        process.stdin.flush()
        process.stdout.readline()
        times.append(time.perf_counter() - begin)
        process.communicate()
    return statistics.median(times)


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=200, help="calls one after the other in each round")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        times: dict[str, dict[str, list[float]]] = {}
        with talks(folder) as opened:
            for talk in opened.values():
                one_by_one(talk, f"{folder}/a.txt", 20)
            for _ in range(chosen.rounds):
                for measure, run in MEASURES.items():
                    for who, talk in opened.items():
                        times.setdefault(measure, {}).setdefault(who, []).extend(run(talk, f"{folder}/a.txt", chosen.calls))
        logged = len((folder / "state" / "decisions" / "decisions.jsonl").read_bytes().splitlines())
        start = cold_start(folder, chosen.rounds)
    _show(times, logged, start)


def _show(times: dict[str, dict[str, list[float]]], logged: int, start: float) -> None:
    print(f"{'median, milliseconds':<26}{'alone':>10}{'gateway':>10}{'adds':>10}{'FastMCP':>10}{'adds':>10}{'times as much':>15}")
    for measure, by_whom in times.items():
        alone, ours = (statistics.median(by_whom[who]) * 1000 for who in ("no proxy", "gateway"))
        row = f"{measure:<26}{alone:>10.2f}{ours:>10.2f}{ours - alone:>10.2f}"
        if "FastMCP proxy" in by_whom:
            peer = statistics.median(by_whom["FastMCP proxy"]) * 1000
            # Below what two rounds without a proxy differ by, a ratio says nothing.
            ratio = f"{(peer - alone) / (ours - alone):.1f}" if ours - alone > alone * 0.02 else "in the noise"
            row += f"{peer:>10.2f}{peer - alone:>10.2f}{ratio:>15}"
        print(row)
    print(f"decisions logged: {logged}; start to first decision: {start * 1000:.0f} ms")
    if all("FastMCP proxy" not in by_whom for by_whom in times.values()):
        print(f"the peer ({PEER}) could not be installed")


if __name__ == "__main__":
    main()
