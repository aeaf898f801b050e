"""The gateway between two real pipes and a real server process: whoever ends first, nothing is left behind."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from remit.contracts.point import Session
from remit.model.decision import Decision, Outcome, Request, Step
from remit.model.errors import RefusedError
from remit.points.mcp.gateway import Gateway
from remit.points.mcp.lines import Overlong, read_lines, write_line
from remit.points.mcp.pins import Pins
from remit.points.mcp.process import Patience, Relay

WAIT = 20.0
"""Seconds after which a test gives up; nothing here takes a tenth of it."""
SHORT = Patience(answers=0.3, starting=5.0, leaving=0.3, terminating=0.3)

SERVER = """
import json, os, select, signal, subprocess, sys
print("ready", os.getpid(), file=sys.stderr, flush=True)
open(sys.argv[1], "w").write(str(os.getpid()))
def answer(message, result):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}) + "\\n")
    sys.stdout.flush()
def text(words):
    return {"content": [{"type": "text", "text": words}]}
for line in sys.stdin:
    message = json.loads(line)
    name = message.get("params", {}).get("name")
    arguments = message.get("params", {}).get("arguments", {})
    if name == "echo": answer(message, text(arguments["text"]))
    elif name == "big": answer(message, text("x" * arguments["size"]))
    elif name == "crash": os._exit(arguments.get("code", 3))
    elif name == "kill": os.kill(os.getpid(), signal.SIGKILL)
    elif name == "stall":
        while True: signal.pause()
    elif name == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        answer(message, text("deaf"))
        while True: signal.pause()
    elif name == "child":
        child = subprocess.Popen([sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); signal.pause()"])
        answer(message, text(str(child.pid)))
    elif name == "orphan":
        child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        answer(message, text(str(child.pid)))
        sys.exit(0)
    elif name == "rubbish":
        sys.stdout.write("Traceback (most recent call last)\\n[1,2]\\n\\x00\\xff\\n" + "y" * 300000 + "\\n")
        answer(message, text("after rubbish"))
    elif name == "endless":
        for _ in range(70): sys.stdout.write("z" * 1000000)
        sys.stdout.write("\\n")
        answer(message, text("after the endless line"))
    elif name == "chatter":
        for _ in range(8):
            select.select([], [], [], 0.15)
            print(json.dumps({"jsonrpc": "2.0", "method": "notifications/progress", "params": {}}), flush=True)
        answer(message, text("at last"))
    elif name == "close":
        os.close(1)
        while True: signal.pause()
    elif name == "ask":
        sys.stdout.write('{"jsonrpc":"2.0","id":1,"method":"roots/list"}\\n')
        sys.stdout.flush()
        answer(message, text(next(sys.stdin)))
    elif message.get("method") == "ping": answer(message, {})
"""


class Everything:
    """A `Decide` that allows every tool but one."""

    def __call__(self, requests: Sequence[Request], session: Session | None = None) -> list[Decision]:
        return [
            Decision(outcome=Outcome.DENY if request.action == "forbidden" else Outcome.ALLOW, step=Step.CAPABILITY, because="x")
            for request in requests
        ]

    def open_session(self, agent: str, session: str, task: str | None) -> Session:
        raise NotImplementedError

    def shows(self, agent: str, system: str, action: str) -> bool:
        return True


class Quiet:
    id = "one"
    task = None

    def sent(self, request: Request) -> None: ...

    def received(self, request: Request, result: Any) -> None: ...


class Running:
    """A relay in a thread, with the client's ends of its pipes."""

    def __init__(self, folder: Path, command: list[str] | None = None, patience: Patience = SHORT) -> None:
        (folder / "server.py").write_text(SERVER)
        self.pid_file = folder / "pid"
        self.told: list[str] = []
        client_in, self.to_gateway = os.pipe()
        self.from_gateway, client_out = os.pipe()
        self._inner = [client_in, client_out]
        self._outer = [self.to_gateway, self.from_gateway]
        gateway = Gateway(
            Everything(),
            agent="reader",
            system="mcp:files",
            session=Quiet(),
            pins=Pins("mcp:files", None, self.told.append),
            report=self.told.append,
        )
        relay = Relay(
            command or [sys.executable, str(folder / "server.py"), str(self.pid_file)],
            client_in=client_in,
            client_out=client_out,
            patience=patience,
            report=self.told.append,
        )
        self.code: int | None = None

        def run() -> None:
            self.code = relay.run(gateway)
            for descriptor in self._inner:
                os.close(descriptor)
            self._inner = []

        self._thread = threading.Thread(target=run)
        self._thread.start()
        self._lines = read_lines(self.from_gateway, 100 << 20)

    def send(self, line: bytes | dict[str, Any]) -> None:
        write_line(self.to_gateway, line if isinstance(line, bytes) else json.dumps(line).encode())

    def call(self, tool: str, identifier: int | str = 1, **arguments: Any) -> None:
        self.send({"jsonrpc": "2.0", "id": identifier, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})

    def next(self) -> dict[str, Any]:
        line = next(self._lines)
        assert not isinstance(line, Overlong)
        return json.loads(line)

    def text(self) -> str:
        return self.next()["result"]["content"][0]["text"]

    def leave(self) -> None:
        if self.to_gateway in self._outer:
            self._outer.remove(self.to_gateway)
            os.close(self.to_gateway)

    def vanish(self) -> None:
        for descriptor in self._outer:
            os.close(descriptor)
        self._outer = []

    def end(self) -> int:
        """Waits for the gateway, and makes sure that the server is gone."""
        self._thread.join(WAIT)
        assert not self._thread.is_alive(), "the gateway did not end"
        assert self.code is not None
        if self.pid_file.exists():
            assert is_gone(int(self.pid_file.read_text())), "the server is still there"
        return self.code


def pid_when_written(pid_file: Path) -> int:
    """The process id in a file that a server writes at its start."""
    for _ in range(2000):
        if pid_file.exists() and (text := pid_file.read_text()):
            return int(text)
        select.select([], [], [], 0.01)
    raise AssertionError("the server did not start")


def is_gone(pid: int) -> bool:
    """Whether a process has ended (or ends at once: a process that was killed needs a moment)."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 2.0)[0])
    finally:
        os.close(descriptor)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    one = Running(tmp_path)
    yield one
    one.vanish()
    one.end()


def test_calls_go_through_and_the_end_of_the_client_is_the_end_of_all(running: Running):
    running.call("echo", 1, text="héllo")
    assert running.text() == "héllo"
    running.call("forbidden", 2)
    assert running.next()["result"]["isError"]
    running.leave()
    assert running.end() == 0


def test_what_was_asked_before_the_client_closed_its_side_is_answered(running: Running):
    for number in range(20):
        running.call("echo", number, text=str(number))
    running.leave()
    assert [running.text() for _ in range(20)] == [str(number) for number in range(20)]
    assert running.end() == 0


def test_answers_that_take_long_are_waited_for_as_long_as_the_server_says_anything(tmp_path: Path):
    running = Running(tmp_path, patience=Patience(answers=1.0, leaving=0.3, terminating=0.3))
    running.call("chatter", 1)
    running.leave()
    assert [running.next()["method"] for _ in range(8)] == ["notifications/progress"] * 8
    assert running.text() == "at last"
    assert running.end() == 0
    running.vanish()


def test_a_hundred_calls_in_flight_are_each_answered_once(running: Running):
    for number in range(100):
        running.call("echo", f"c{number}", text=f"t{number}")
    answers = [running.next() for _ in range(100)]
    assert {answer["id"]: answer["result"]["content"][0]["text"] for answer in answers} == {f"c{n}": f"t{n}" for n in range(100)}


def test_a_result_of_five_megabytes_comes_whole(running: Running):
    running.call("big", 1, size=5_000_000)
    assert running.text() == "x" * 5_000_000


def test_a_line_of_twenty_megabytes_is_refused_and_the_session_goes_on(running: Running):
    running.send(
        b'{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"echo","arguments":{"text":"' + b"x" * 20_000_000 + b'"}}}'
    )
    answer = running.next()
    assert (answer["id"], answer["error"]["code"]) == (5, -32600)
    running.call("echo", 6, text="still here")
    assert running.text() == "still here"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"GET / HTTP/1.1", -32700),
        (b"\x00\x01\x02\xff", -32700),
        (b'[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"crash"}}]', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"crash"}}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}", -32600),
    ],
    ids=["text", "binary", "batch", "duplicate", "nesting"],
)
def test_what_is_not_understood_never_reaches_the_server_and_the_session_goes_on(running: Running, line: bytes, code: int):
    running.send(line)
    assert running.next()["error"]["code"] == code
    running.call("echo", 6, text="still here")
    assert running.text() == "still here"


def test_a_server_that_writes_rubbish_is_understood_where_it_speaks(running: Running):
    running.call("rubbish", 1)
    assert running.text() == "after rubbish"
    running.leave()
    assert running.end() == 0
    assert "4 lines of the server were dropped" in running.told


def test_a_line_of_the_server_without_end_is_dropped(running: Running):
    running.call("endless", 1)
    assert running.text() == "after the endless line"
    assert "dropped" in running.told[0]


def test_requests_of_the_server_reach_the_client_and_answers_come_back(running: Running):
    running.call("ask", 7)
    assert running.next() == {"jsonrpc": "2.0", "id": 1, "method": "roots/list"}
    running.send(b'{"jsonrpc":"2.0","id":1,"result":{"roots":[]}}')
    assert json.loads(running.text()) == {"jsonrpc": "2.0", "id": 1, "result": {"roots": []}}


# --- a server that ends --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tool", "how"), [("crash", "ended with exit code 3"), ("kill", "was ended by SIGKILL"), ("close", "closed its output")]
)
def test_calls_that_wait_are_answered_when_the_server_is_gone(running: Running, tool: str, how: str):
    running.call("echo", 0, text="before")
    running.call(tool, 1)
    running.call("echo", 2, text="never")
    assert running.text() == "before"
    errors = [running.next(), running.next()]
    assert {error["id"] for error in errors} == {1, 2}
    assert all(how in error["error"]["message"] for error in errors)
    assert running.end() == 1
    assert how in running.told[-1]


def test_a_client_that_does_not_read_holds_up_no_end_of_the_server(tmp_path: Path):
    running = Running(tmp_path)
    for number in range(4):
        running.call("big", number, size=1_000_000)
    server = pid_when_written(running.pid_file)
    os.kill(server, signal.SIGKILL)
    assert is_gone(server)
    running._thread.join(WAIT)
    assert running.code == 1
    running.vanish()


def test_a_server_that_ends_of_itself_without_fault_ends_the_gateway_with_a_message(tmp_path: Path):
    running = Running(tmp_path, [sys.executable, "-c", "print('{}')"])
    assert running.end() == 1
    assert "ended with exit code 0" in running.told[-1]
    running.vanish()


def test_a_server_that_cannot_be_started_is_refused(tmp_path: Path):
    gateway = Gateway(Everything(), agent="a", system="mcp:x", session=Quiet(), pins=Pins("mcp:x", None, print))
    for command, why in ((["/no/such/server"], "no such file"), ([str(tmp_path)], "permission denied"), (["a\0b"], "null byte")):
        with pytest.raises(RefusedError, match=why):
            Relay(command).run(gateway)


def test_what_a_server_leaves_behind_in_its_group_is_ended_with_it(running: Running):
    running.call("orphan", 1)
    orphan = int(running.text())
    assert running.end() == 1
    assert is_gone(orphan)


@pytest.mark.parametrize("side", ["from_client", "from_server"])
def test_a_fault_of_our_own_ends_the_session_and_is_told(running: Running, side: str, monkeypatch: pytest.MonkeyPatch):
    running.call("echo", 0, text="before")
    assert running.text() == "before"

    def fail(_self: Gateway, _line: bytes) -> None:
        raise KeyError("surprise\x1b")

    monkeypatch.setattr(Gateway, side, fail)
    running.call("echo", 1, text="never")
    assert running.end() == 1
    assert "KeyError" in running.told[-1]
    assert "\x1b" not in running.told[-1]


# --- a client that leaves --------------------------------------------------------------------------------------------------------


def test_a_server_that_never_says_anything_is_not_waited_for_for_ever(tmp_path: Path):
    command = [sys.executable, "-c", "import signal; signal.pause()"]
    running = Running(tmp_path, command, Patience(answers=0.1, starting=0.3, leaving=0.1, terminating=0.3))
    running.call("echo", 1, text="x")
    running.leave()
    assert running.end() == 0
    running.vanish()


@pytest.mark.parametrize("tool", ["stall", "deaf"])
def test_a_client_may_leave_a_server_that_stalls_or_ignores_signals(running: Running, tool: str):
    running.call("echo", 0, text="here")
    assert running.text() == "here"
    running.call(tool, 1)
    if tool == "deaf":
        assert running.text() == "deaf"
    running.leave()
    assert running.end() == 0


def test_a_child_of_the_server_that_ignores_signals_is_ended_too(running: Running):
    running.call("child", 1)
    child = int(running.text())
    running.leave()
    assert running.end() == 0
    assert is_gone(child)


def test_a_client_that_vanishes_while_the_server_takes_nothing_is_noticed(tmp_path: Path):
    running = Running(tmp_path)
    running.call("stall", 0)
    # More than pipes hold: the gateway is held up by the server, and the client by the gateway.
    payload = "p" * 1_000_000

    def fill() -> None:
        try:
            for number in range(1, 50):
                running.call("echo", number, text=payload)
        except OSError:
            pass

    thread = threading.Thread(target=fill)
    thread.start()
    os.close(running.from_gateway)
    running._outer.remove(running.from_gateway)
    assert running.end() == 0
    thread.join(WAIT)
    running.vanish()


def test_a_client_that_closes_its_side_while_the_server_takes_nothing_is_noticed(tmp_path: Path):
    running = Running(tmp_path)
    running.call("stall", 0)
    for number in range(1, 12):
        os.set_blocking(running.to_gateway, False)
        line = json.dumps({"jsonrpc": "2.0", "id": number, "method": "ping", "params": {"x": "p" * 200_000}}).encode() + b"\n"
        try:
            rest = memoryview(line)
            while rest:
                select.select([], [running.to_gateway], [], 0.2)
                rest = rest[os.write(running.to_gateway, rest) :]
        except BlockingIOError:
            break
    running.leave()
    assert running.end() == 0
    running.vanish()


def test_a_client_that_reads_nothing_does_not_keep_the_gateway_alive(running: Running):
    running.call("big", 1, size=5_000_000)
    running.vanish()
    assert running.end() == 0
