"""The web UI beside the demo: `remit serve` on a leash, at its usual port or at a free one."""

from __future__ import annotations

import os
import queue
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

from remit.model.errors import RefusedError
from remit.model.shown import printable

USUAL_PORT = 8686
_HOST = "127.0.0.1"
_START_SECONDS = 60
_END_SECONDS = 15
_OPEN = re.compile(r"open (http://127\.0\.0\.1:\d+/\S*)$")
MESSAGES = "serve.txt"
"""In the folder of the estate: what the service says to people."""


class Face:
    """The running service."""

    def __init__(self, process: subprocess.Popen[str], address: str, messages: Path) -> None:
        self._process = process
        self._messages = messages
        self.address = address
        """The one-time address of the web UI."""

    @property
    def site(self) -> str:
        """The address without what opens it."""
        return "/".join(self.address.split("/")[:3])

    def wait(self) -> None:
        """Returns never but by an interruption; RefusedError when the service ends by itself."""
        self._process.wait()
        raise RefusedError(f"the web UI ended: {_last_line(self._messages)}")


def is_free(port: int) -> bool:
    """Whether a service can listen there now; 0 always can."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((_HOST, port))
        except OSError:
            return False
    return True


@contextmanager
def face(folder: Path, environment: Mapping[str, str], port: int) -> Iterator[Face]:
    """Starts the service on the store that the environment names, and ends it."""
    served = [sys.executable, "-P", "-m", "remit", "serve", "--port", str(port)]
    messages = folder / MESSAGES
    # For this user alone: when an address was used, the service says the next one there.
    with os.fdopen(os.open(messages, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW, 0o600), "wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "remit.demo.leash", *served],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
            start_new_session=True,
        )
    try:
        yield Face(process, _announced(process, messages), messages)
    finally:
        with suppress(OSError):
            process.stdin.close() if process.stdin is not None else None
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _announced(process: subprocess.Popen[str], messages: Path) -> str:
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        assert process.stdout is not None
        is_open = False
        with process.stdout as said:
            for line in said:
                if is_open:
                    # What comes after the start, the next address among it: nobody waits for it here.
                    with suppress(OSError), messages.open("a", encoding="utf-8") as kept:
                        kept.write(line)
                else:
                    is_open = _OPEN.match(line.rstrip("\n")) is not None
                    lines.put(line.rstrip("\n"))
        lines.put(None)

    Thread(target=read, daemon=True).start()
    with suppress(queue.Empty):
        while (line := lines.get(timeout=_START_SECONDS)) is not None:
            if found := _OPEN.match(line):
                return found[1]
    raise RefusedError(f"the web UI did not start: {_last_line(messages)}")


def _last_line(messages: Path) -> str:
    with suppress(OSError):
        lines = messages.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if lines:
            return printable(lines[-1].removeprefix("remit: "), 400)
    return "it said nothing"
