"""`remit serve` as a process of its own, for stories about it; it is asked over real HTTP on loopback."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

REMIT = """\
remit: 1
agent: {agent}
purpose: Explain cost anomalies.
owner: {{contact: dana@example.com}}
objectives:
  explain:
    why: Find the resource behind the difference.
    can:
      - {{read: "aws:s3", resource: "arn:aws:s3:::{bucket}/*"}}
      - {{call: "mcp:files", resource: read_text_file, where: {{path: "/data/**"}}}}
never:
  - {{any: "aws:iam"}}
mode: {mode}
"""


def remit_text(agent: str = "cost-triage", bucket: str = "billing-exports", mode: str = "enforce") -> str:
    return REMIT.format(agent=agent, bucket=bucket, mode=mode)


def question(agent: str = "cost-triage", action: str = "read", bucket: str = "billing-exports", **more: Any) -> dict[str, Any]:
    return {
        "subject": {"type": "agent", "id": agent},
        "action": {"name": action},
        "resource": {"type": "aws:s3", "id": f"arn:aws:s3:::{bucket}/a.csv"},
        **more,
    }


class Served:
    """A running service."""

    def __init__(self, process: subprocess.Popen[str], port: int, state: Path, announced: str) -> None:
        self.process = process
        self.port = port
        self.state = state
        self.announced = announced
        self.errors: list[str] = []
        assert process.stderr is not None
        self._reader = threading.Thread(target=lambda: self.errors.extend(process.stderr or []), daemon=True)
        self._reader.start()

    def send(
        self, method: str, path: str, body: bytes | dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status, and the body as JSON where it is JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            sent = json.dumps(body).encode() if isinstance(body, dict) else body
            connection.request(method, path, sent, {"content-type": "application/json", **(headers or {})})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if answer.headers.get_content_type() == "application/json" else text.decode()

    def decide(self, **asked: Any) -> dict[str, Any]:
        """The answer to one evaluation."""
        status, answer = self.send("POST", "/access/v1/evaluation", question(**asked))
        assert status == 200, answer
        return dict(answer)

    def allows(self, **asked: Any) -> bool:
        return self.decide(**asked)["decision"] is True

    def log(self) -> list[dict[str, Any]]:
        lines = (self.state / "decisions/decisions.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines if line]

    @property
    def token(self) -> str:
        return (self.state / "operator-token").read_text().strip()

    def until(self, holds: Callable[[], bool], attempts: int = 200) -> bool:
        """Whether something comes to hold within about five seconds."""
        ended = threading.Event()
        return any(holds() or ended.wait(0.025) for _ in range(attempts))

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(20)
        self._reader.join(5)
        return code


def arguments(remit: Path, state: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "remit", "serve", "--decisions-only", "--remit", str(remit), "--state", str(state), "--port", "0", *more]


def store_arguments(store: str, state: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "remit", "serve", "--store", store, "--state", str(state), "--port", "0", *more]


@contextlib.contextmanager
def serving(remit: Path, state: Path, *more: str, before: Callable[[], None] | None = None) -> Iterator[Served]:
    """Starts the service and waits until it says where it listens; ends it afterwards."""
    with started(arguments(remit, state, *more), state, "try:", before=before) as running:
        yield running


@contextlib.contextmanager
def serving_store(store: str, state: Path, *more: str, environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """As `serving`, the whole service on a store."""
    with started(store_arguments(store, state, *more), state, "open http", environment=environment) as running:
        yield running


@contextlib.contextmanager
def started(
    words: list[str],
    state: Path,
    last: str,
    *,
    before: Callable[[], None] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Served]:
    """A service, once it has said the line that begins with `last`."""
    process = subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "", **(environment or {})},
        preexec_fn=before,
    )
    try:
        assert process.stdout is not None
        announced = ""
        while line := process.stdout.readline():
            announced += line
            if line.startswith(last):
                break
        found = re.search(r"listening on http://[^ ]+:(\d+)", announced)
        if found is None:
            process.wait(20)
            raise AssertionError(f"it did not start: {announced}{process.stderr.read() if process.stderr else ''}")
        yield Served(process, int(found[1]), state, announced)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(20)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                with contextlib.suppress(ValueError):
                    pipe.close()


def refused(remit: Path, state: Path, *more: str) -> tuple[int, str]:
    """Exit code and messages of a start that is expected to fail."""
    ended = subprocess.run(arguments(remit, state, *more), capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.returncode, ended.stderr


def raw(port: int, sent: bytes, *, is_half_closed: bool = False) -> bytes:
    """What comes back for bytes that no HTTP client would send."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        received = b""
        with contextlib.suppress(OSError):
            connection.sendall(sent)
            if is_half_closed:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                received += part
        return received
