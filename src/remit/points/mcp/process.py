"""The gateway's process: starts the server, moves lines both ways, and leaves nothing behind.

Invariants:
- whichever side ends first, however it ends, the server's whole process group is gone before `run` returns;
- a server that ends while calls wait has each answered with an error, and `run` says how the server ended;
- nothing is buffered beyond a line: a side that does not read holds up the other, as it would without a gateway.

Two threads move lines and block in the system while they wait; the caller's thread watches for the ends. One lock stands around
`Gateway`, so decisions are made one at a time.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import msgspec

from remit.model.errors import RefusedError
from remit.model.shown import printable
from remit.points.mcp.gateway import MAX_CLIENT_BYTES, MAX_SERVER_BYTES, Gateway, Out
from remit.points.mcp.lines import read_lines, write_line

_SET_PIPE_SIZE = getattr(fcntl, "F_SETPIPE_SZ", None)
_PIPE_BYTES = 1 << 20
_PR_SET_PDEATHSIG = 1
_EXIT_CODES = {"SIGINT": 130, "fault": 1}
_Handler = Callable[[int, FrameType | None], Any] | int | None


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long an ending may take, in seconds. MCP clients wait about two seconds themselves before they use force."""

    answers: float = 2.0
    """After the client closed its side: how long the server may be silent while answers are still due. A client that is gone
    altogether is not waited for."""
    starting: float = 6.0
    """The same for a server that has not said anything yet."""
    leaving: float = 1.0
    """After the server's input was closed: for the server to end by itself."""
    terminating: float = 1.0
    """After SIGTERM: before SIGKILL."""


class _Ended(msgspec.Struct, frozen=True):
    who: str
    """`client`, `output` (of the client), `server`, `fault` (of ours), or a signal's name."""


class Relay:
    """One server process between two descriptors."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        client_in: int = 0,
        client_out: int = 1,
        patience: Patience | None = None,
        report: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self._command = list(command)
        self._client_in = client_in
        self._client_out = client_out
        self._patience = patience or Patience()
        self._report = report
        self._lock = threading.Lock()
        self._output_lock = threading.Lock()
        self._ends: queue.SimpleQueue[_Ended] = queue.SimpleQueue()
        self._answered = threading.Event()
        self._drained = threading.Event()
        self._is_leaving = False
        self._is_stopped = False
        self._over = -1
        self._lines_read = 0
        self._heard = 0.0
        self._client_ended = threading.Event()
        self._server: subprocess.Popen[bytes]

    def run(self, gateway: Gateway) -> int:
        """Serves until one side ends; the exit code of the command. Raises RefusedError when the server cannot be started."""
        self._server = self._start()
        self._over, over = os.pipe()
        before = self._catch_signals()
        moves = (self._from_client, self._from_server, self._watch_server, self._watch_client)
        # Daemons: a client that neither reads nor leaves must not keep this process alive.
        threads = [threading.Thread(target=move, args=(gateway,), daemon=True) for move in moves]
        try:
            for thread in threads:
                thread.start()
            return self._finish(gateway, self._ends.get())
        finally:
            self._stop()
            os.close(over)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._let_go(threads)

    def _let_go(self, threads: Sequence[threading.Thread]) -> None:
        """Closes the pipes when the threads have ended; one may be held up by a client that does not read, and is not waited for."""
        closing = threading.Thread(target=self._close_after, args=(threads,), daemon=True)
        closing.start()
        closing.join(self._patience.leaving)

    def _close_after(self, threads: Sequence[threading.Thread]) -> None:
        for thread in threads:
            thread.join()
        os.close(self._over)
        for pipe in (self._server.stdin, self._server.stdout):
            if pipe is not None:
                pipe.close()

    # --- moving lines --------------------------------------------------------------------------------------------------------

    def _from_client(self, gateway: Gateway) -> None:
        try:
            for line in read_lines(self._client_in, MAX_CLIENT_BYTES, self._over):
                self._lines_read += 1
                with self._lock:
                    out = gateway.from_client(line)
                self._pass(out)
        except OSError:
            pass  # the client left in the middle of a read: the same as an end
        except Exception as error:  # noqa: BLE001 - INVARIANT (total): a thread that fails ends the session, it never hangs
            self._fail(error)
        self._client_ended.set()
        self._ends.put(_Ended("client"))

    def _from_server(self, gateway: Gateway) -> None:
        assert self._server.stdout is not None
        try:
            for line in read_lines(self._server.stdout.fileno(), MAX_SERVER_BYTES):
                self._heard = time.monotonic()
                with self._lock:
                    out = gateway.from_server(line)
                    is_answered = gateway.in_flight == 0 if self._is_leaving else False
                self._pass(out)
                if is_answered:
                    self._answered.set()
        except OSError:
            pass  # the server's output broke: the same as an end
        except Exception as error:  # noqa: BLE001 - INVARIANT (total): see above
            self._fail(error)
        self._drained.set()
        self._ends.put(_Ended("server"))

    def _fail(self, error: Exception) -> None:
        self._report(f"the session ends: {type(error).__name__}: {printable(str(error))}")
        self._ends.put(_Ended("fault"))

    def _pass(self, out: Out) -> None:
        if out.to_server is not None:
            assert self._server.stdin is not None
            try:
                write_line(self._server.stdin.fileno(), out.to_server)
            except (OSError, ValueError):
                self._ends.put(_Ended("server"))
        if out.to_client is not None:
            self._tell_client(out.to_client)

    def _tell_client(self, line: bytes) -> None:
        try:
            with self._output_lock:
                write_line(self._client_out, line)
        except OSError:
            self._ends.put(_Ended("output"))

    def _tell_all(self, lines: Sequence[bytes]) -> None:
        for line in lines:
            self._tell_client(line)

    # --- watching for ends ---------------------------------------------------------------------------------------------------

    def _watch_server(self, _gateway: Gateway) -> None:
        self._server.wait()
        # What it wrote last may still stand in the pipe, and a process that it left behind may hold the pipe open for ever.
        self._drained.wait(self._patience.leaving)
        self._ends.put(_Ended("server"))

    def _watch_client(self, _gateway: Gateway) -> None:
        """Notices a client that is gone while the threads are held up by a server that does not read."""
        poll = select.poll()
        poll.register(self._over, 0)
        poll.register(self._client_out, 0)
        if self._client_in != self._client_out:
            poll.register(self._client_in, 0)
        while True:
            for descriptor, event in poll.poll():
                if descriptor == self._over:
                    return
                if descriptor == self._client_out or event & select.POLLNVAL:
                    self._ends.put(_Ended("output"))
                    return
                poll.unregister(descriptor)
                if self._is_held_up():
                    self._ends.put(_Ended("output"))
                    return

    def _is_held_up(self) -> bool:
        """The client has closed its side: whether its last lines wait for a server that takes none."""
        while True:
            before = self._lines_read
            if self._client_ended.wait(self._patience.answers):
                return False
            if self._lines_read == before:
                return True

    def _catch_signals(self) -> dict[signal.Signals, _Handler]:
        if threading.current_thread() is not threading.main_thread():
            return {}

        def end(number: int, _frame: FrameType | None) -> None:
            self._ends.put(_Ended(signal.Signals(number).name))

        return {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}

    # --- the end -------------------------------------------------------------------------------------------------------------

    def _finish(self, gateway: Gateway, ended: _Ended) -> int:
        if ended.who == "client":
            ended = self._let_answers_out(gateway) or ended
        if ended.who == "server":
            return self._server_ended(gateway)
        self._close_input()
        is_failed = ended.who == "client" and self._failed_at_start()
        self._stop()
        if ended.who == "client":
            self._drained.wait(self._patience.leaving)
        self._tell_dropped(gateway)
        if is_failed:
            self._report(self._how_server_ended())
        return 1 if is_failed else _EXIT_CODES.get(ended.who, 0)

    def _failed_at_start(self) -> bool:
        """Lets the server end by itself once its input is closed; whether it failed and never said a word: it did not start, then."""
        is_alive = self._is_alive_after(self._patience.leaving)
        # What it wrote last may still stand in the pipe.
        self._drained.wait(0.0 if is_alive else self._patience.leaving)
        return not is_alive and self._server.returncode != 0 and not self._heard

    def _let_answers_out(self, gateway: Gateway) -> _Ended | None:
        """The client has said its last word: what it asked may still be answered, unless something else ends meanwhile."""
        with self._lock:
            self._is_leaving = True
            waiting = gateway.in_flight
        if not waiting:
            return None
        begin = time.monotonic()
        while not self._answered.is_set():
            patience = self._patience.answers if self._heard else self._patience.starting
            if time.monotonic() > max(begin, self._heard) + patience:
                break
            with contextlib.suppress(queue.Empty):
                return self._ends.get(timeout=0.02)
        return None

    def _server_ended(self, gateway: Gateway) -> int:
        is_alive = self._server.poll() is None and self._is_alive_after(self._patience.leaving)
        self._stop()
        how = self._how_server_ended(is_alive=is_alive)
        with self._lock:
            lines = gateway.unanswered(f"{how} before it answered")
        # In a thread of its own: a client that does not read must not hold up the end.
        telling = threading.Thread(target=self._tell_all, args=(lines,), daemon=True)
        telling.start()
        telling.join(self._patience.answers)
        self._tell_dropped(gateway)
        self._report(how)
        return 1

    def _how_server_ended(self, *, is_alive: bool = False) -> str:
        how = "closed its output" if is_alive else _how_it_ended(self._server.returncode)
        return f"the server `{printable(self._command[0])}` {how}"

    def _tell_dropped(self, gateway: Gateway) -> None:
        if gateway.dropped > 1:
            self._report(f"{gateway.dropped} lines of the server were dropped")

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            server = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, process_group=0, preexec_fn=_ending_with_parent()
            )
        except (OSError, ValueError) as error:
            why = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
            if isinstance(error, FileNotFoundError) and "/" not in self._command[0]:
                why = "no program of this name is on the PATH"
            raise RefusedError(f"the server `{printable(self._command[0])}` cannot be started: {why}") from error
        for pipe in (server.stdin, server.stdout):
            if pipe is not None and _SET_PIPE_SIZE is not None:
                with contextlib.suppress(OSError):
                    fcntl.fcntl(pipe.fileno(), _SET_PIPE_SIZE, _PIPE_BYTES)
        return server

    def _close_input(self) -> None:
        # A thread may be writing to it: the descriptor is replaced, not freed, so that no other file can take its number.
        assert self._server.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
            os.dup2(nowhere, self._server.stdin.fileno(), inheritable=False)
            os.close(nowhere)

    def _stop(self) -> None:
        """Ends the server and everything it started in its group."""
        if self._is_stopped:
            return
        self._is_stopped = True
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + self._patience.terminating
        self._is_alive_after(self._patience.terminating)
        self._wait_for_group(deadline)
        self._signal(signal.SIGKILL)
        self._server.wait()

    def _is_alive_after(self, seconds: float) -> bool:
        try:
            self._server.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._server.pid, number)

    def _wait_for_group(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            try:
                os.killpg(self._server.pid, 0)
            except (ProcessLookupError, PermissionError):
                return
            select.select([], [], [], 0.01)


def _ending_with_parent() -> Callable[[], None] | None:
    """On Linux the server is sent SIGTERM when this process is killed without a chance to end it."""
    if not sys.platform.startswith("linux") or threading.active_count() > 1:
        return None  # a fork beside other threads may hang; the command starts the server before any thread
    import ctypes  # here: the import is needed for this one call of the system

    try:
        set_option = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None
    parent = os.getpid()

    def prepare() -> None:
        set_option(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def _how_it_ended(code: int | None) -> str:
    if code is None:
        return "did not end"
    if code < 0:
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return f"ended with exit code {code}"


def report_to_stderr(text: str) -> None:
    """One line for people, on standard error; a standard error that is gone is no reason to end."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"remit gateway: {text}\n")
        sys.stderr.flush()
