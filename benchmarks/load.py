"""Load for an HTTP service on loopback: keep-alive connections that each ask again as soon as they are answered.

`wrk` is used where it is installed; else a generator of raw sockets, which is slower itself and therefore flatters nobody.
"""

from __future__ import annotations

import re
import selectors
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import msgspec

CONNECTIONS = 16
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of load showed."""

    per_second: float
    p50: float
    """Seconds."""
    p99: float
    errors: int


def generator() -> str:
    """Which generator `measure` uses."""
    return "wrk" if shutil.which("wrk") else "raw sockets"


def measure(port: int, path: str, body: bytes, seconds: float) -> Measured:
    """Asks the same question over and over for so long."""
    return _by_wrk(port, path, body, seconds) if shutil.which("wrk") else _by_sockets(port, path, body, seconds)


def _by_wrk(port: int, path: str, body: bytes, seconds: float) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "question.lua"
        quoted = body.decode().replace("\\", "\\\\").replace("'", "\\'")
        script.write_text(f"wrk.method='POST'\nwrk.headers['content-type']='application/json'\nwrk.body='{quoted}'\n")
        words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--latency", "-s", str(script), f"http://127.0.0.1:{port}{path}"]
        said = subprocess.run(words, capture_output=True, text=True, timeout=seconds + 30, check=True).stdout
    per_second = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert per_second is not None, said
    counts = re.findall(r"Non-2xx or 3xx responses: (\d+)|(?:connect|read|write|timeout) (\d+)", said)
    wrong = sum(int(first or second) for first, second in counts)
    return Measured(per_second=float(per_second[1]), p50=_percentile(said, 50), p99=_percentile(said, 99), errors=wrong)


def _percentile(said: str, which: int) -> float:
    found = re.search(rf"^\s+{which}%\s+([\d.]+)(us|ms|s)", said, re.MULTILINE)
    assert found is not None, said
    return float(found[1]) * _UNITS[found[2]]


def _by_sockets(port: int, path: str, body: bytes, seconds: float) -> Measured:
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    asked: dict[socket.socket, float] = {}
    latencies: list[float] = []
    errors = 0
    with selectors.DefaultSelector() as ready:
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", port))
            ready.register(connection, selectors.EVENT_READ)
            asked[connection] = time.perf_counter()
            connection.sendall(request)
        begun = time.perf_counter()
        while time.perf_counter() - begun < seconds:
            for key, _ in ready.select(1):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                errors += not connection.recv(65536).startswith(b"HTTP/1.1 200")  # an answer fits into one read
                now = time.perf_counter()
                latencies.append(now - asked[connection])
                asked[connection] = now
                connection.sendall(request)
        spent = time.perf_counter() - begun
        for connection in asked:
            connection.close()
    latencies.sort()
    return Measured(
        per_second=len(latencies) / spent,
        p50=latencies[len(latencies) // 2],
        p99=latencies[len(latencies) * 99 // 100],
        errors=errors,
    )
