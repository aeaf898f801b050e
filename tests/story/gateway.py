"""A gateway as a client starts it, and servers to put behind it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

WAIT = 30.0
"""Seconds after which a test gives up; nothing takes a tenth of it."""

REMIT = """remit: 1
agent: reader
purpose: Read notes and report on them.
owner: {{contact: dana@example.com}}
objectives:
  read:
    why: The report is about the notes.
    can:
      - {{call: "mcp:notes", resource: read_note, where: {{path: "{data}/**"}}}}
      - {{call: "mcp:notes", resource: [word]}}
      - {{call: "mcp:notes", resource: resources/read, where: {{uri: "note://open/*"}}}}
  tell:
    why: The owner gets the report.
    can:
      - {{transmit: "mcp:notes", resource: send_mail}}
never:
  - {{any: "mcp:notes", resource: read_note, where: {{path: "{data}/secret/**"}}}}
"""

SDK_SERVER = '''
import sys
from pathlib import Path
from mcp.server.mcpserver import MCPServer
server = MCPServer("notebook")
calls = Path(sys.argv[1])
def note(words):
    with calls.open("a") as file:
        file.write(words + "\\n")
@server.tool()
def read_note(path: str) -> str:
    """Read a note."""
    note("read_note " + path)
    return Path(path).read_text()
@server.tool()
def write_note(path: str, text: str) -> str:
    """Write a note."""
    note("write_note " + path)
    Path(path).write_text(text)
    return "written"
@server.tool()
def send_mail(to: str, body: str) -> str:
    """Send a mail."""
    note("send_mail " + to)
    return "sent"
@server.tool()
def big(size: int) -> str:
    """Much text."""
    return "x" * size
@server.resource("note://{folder}/{name}")
def resource(folder: str, name: str) -> str:
    """A note."""
    note("resource " + folder)
    return "resource " + name
@server.prompt()
def summary(what: str) -> str:
    """How to summarise."""
    return "Summarise " + what
server.run()
'''

PLAIN_SERVER = """
import json, os, signal, sys
Path = __import__("pathlib").Path
Path(sys.argv[1]).write_text(str(os.getpid()))
for line in sys.stdin:
    message = json.loads(line)
    name = message.get("params", {}).get("name")
    if name == "crash": os._exit(7)
    if name == "stall":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True: signal.pause()
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": {"content": [], "saw": message}}), flush=True)
"""


class World:
    """A folder with notes, a remit, a server and the gateway's state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        (self.data / "secret").mkdir(parents=True)
        (self.data / "a.txt").write_text("first note")
        (self.data / "secret" / "key.txt").write_text("the key")
        self.remit = folder / "remit.yaml"
        self.write_remit()
        self.calls = folder / "calls.txt"
        self.calls.write_text("")
        (folder / "sdk_server.py").write_text(SDK_SERVER)
        (folder / "plain_server.py").write_text(PLAIN_SERVER)
        self.pid_file = folder / "pid"

    def write_remit(self, more: str = "") -> None:
        self.remit.write_text(REMIT.format(data=self.data).replace("[word]", "big") + more)

    def arguments(self, *options: str, server: str = "sdk_server.py", remit: Path | None = None) -> list[str]:
        """Words after `python`."""
        seen = self.calls if server == "sdk_server.py" else self.pid_file
        held = ["--remit", str(remit or self.remit), "--state", str(self.folder / "state")]
        return ["-m", "remit", "gateway", *held, *options, "--", sys.executable, str(self.folder / server), str(seen)]

    def logged(self) -> list[dict[str, Any]]:
        """Lines of the decision log."""
        log = self.folder / "state" / "decisions" / "decisions.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()]

    def start(self, *options: str, **how: Any) -> Spoken:
        """A gateway in front of the plain server, spoken to in lines."""
        return Spoken(self, [sys.executable, *self.arguments(*options, server="plain_server.py", **how)])


class Spoken:
    """A gateway process, spoken to in lines of JSON."""

    def __init__(self, world: World, command: list[str]) -> None:
        self._world = world
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def send(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def call(self, tool: str, identifier: int = 1, **arguments: Any) -> None:
        params = {"name": tool, "arguments": arguments}
        self.send(json.dumps({"jsonrpc": "2.0", "id": identifier, "method": "tools/call", "params": params}).encode())

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], WAIT)[0], "no answer"
        return json.loads(self.process.stdout.readline())

    def ask(self, tool: str, identifier: int = 1, **arguments: Any) -> dict[str, Any]:
        self.call(tool, identifier, **arguments)
        return self.answer()

    def end(self, *, leave: bool = True) -> tuple[int, str]:
        """Exit code and standard error; the server must be gone."""
        if leave and self.process.stdin is not None:
            self.process.stdin.close()
            self.process.stdin = None
        _, errors = self.process.communicate(timeout=WAIT)
        if self._world.pid_file.exists():
            assert is_gone(int(self._world.pid_file.read_text()))
        return self.process.returncode, errors.decode()


def is_gone(pid: int) -> bool:
    """Whether a process has ended, or ends within a moment."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 3.0)[0])
    finally:
        os.close(descriptor)


def denial(answer: dict[str, Any]) -> str:
    """The text of a denied call."""
    assert answer["result"]["isError"] is True, answer
    return answer["result"]["content"][0]["text"]
