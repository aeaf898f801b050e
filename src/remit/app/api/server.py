"""Runs the decision service: joins the parts, takes the address, follows the files, and stops in good order.

Invariants:
- only a loopback address is served;
- one state folder has one service, because each would write `suspended.json` over the other's;
- a request that has arrived when the stop comes is answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import functools
import gc
import ipaddress
import logging
import os
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import IO

import msgspec
import uvicorn

from remit.app.api.agents import Operations
from remit.app.api.application import application
from remit.app.api.fresh import FreshRemits
from remit.app.api.guard import Application, Guard
from remit.app.api.health import Readiness
from remit.app.api.metrics import CountedDecide, Metrics, WatchedLog
from remit.app.api.protocol import DecisionProtocol
from remit.app.remits import Remits
from remit.app.wiring import Decider
from remit.model.errors import RefusedError
from remit.points.authzen.service import Service
from remit.store.decisions import make_private_folder

TOKEN_FILE = "operator-token"  # noqa: S105 - the name of the file
LOCK_FILE = "serve.lock"
_SWEEP_SECONDS = 1.0
_STOP_SECONDS = 5
_COLLECT_AFTER = 20_000
"""New objects until the collector looks for cycles; a decision leaves none."""


class Address(msgspec.Struct, frozen=True):
    """Where the service listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """`http://127.0.0.1:8686`."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"


def loopback(host: str) -> str:
    """The loopback address that a host stands for; raises RefusedError for every other."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError as error:
        raise RefusedError(f"`{host}` is no address; serve listens on a loopback address such as 127.0.0.1") from error
    if not address.is_loopback:
        raise RefusedError(f"`{host}` is not a loopback address; without TLS and sign-in, only programs of this machine may ask")
    return str(address)


def listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections already; raises RefusedError when the address is taken."""
    taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
        taken.listen(2048)
    except (OSError, OverflowError) as error:
        taken.close()
        why = (getattr(error, "strerror", None) or str(error)).lower()
        advice = "; `--port N` listens elsewhere, `--port 0` at any port that is free" if port else ""
        raise RefusedError(f"cannot listen on {Address(host, port).url}: {why}{advice}") from error
    return taken


@contextlib.contextmanager
def only_service(state: Path) -> Iterator[None]:
    """Holds the state folder for this service; raises RefusedError when another one has it."""
    lock: IO[bytes] | None = None
    try:
        make_private_folder(state)
        lock = (state / LOCK_FILE).open("ab")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        assert lock is not None
        lock.close()
        raise RefusedError(f"another `remit serve` uses the state folder `{state}`; give this one its own by `--state`") from error
    except OSError as error:
        raise RefusedError(f"the state folder `{state}` cannot be used: {error.strerror or error}") from error
    with lock:
        yield


def fresh_token(state: Path) -> str:
    """A new operator's token, in a file that only this user may read; the one of the last run is void."""
    token = secrets.token_urlsafe(32)
    beside = state / f"{TOKEN_FILE}.new"
    try:
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(token + "\n")
        beside.replace(state / TOKEN_FILE)
    except OSError as error:
        raise RefusedError(f"`{state / TOKEN_FILE}` cannot be written: {error.strerror or error}") from error
    return token


def run(remits: Remits, log: WatchedLog, token: str, address: Address, taken: socket.socket, report: Callable[[str], None]) -> bool:
    """Serves until a signal; true when it was an interrupt from the keyboard."""
    fresh = FreshRemits(remits, report)
    decide = CountedDecide(Decider(fresh.policy, log, point="authzen"))
    service = Service(decide)
    guard = Guard(address.host)
    metrics = Metrics(decide, log, lambda: remits.policy)
    app = application(service, guard, Operations(remits, token, fresh.look), Readiness(fresh.policy, log), metrics)
    return serve_application(app, service, guard, taken, fresh.follow)


def serve_application(
    app: Application, service: Service, guard: Guard, taken: socket.socket, follow: Callable[[], Awaitable[None]]
) -> bool:
    """Serves an application until a signal, with `follow` beside it; true when it was an interrupt from the keyboard."""
    # What uvicorn would say about bad requests is said to the client; a flood of them must not flood the terminal.
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())
    config = uvicorn.Config(
        app,
        http=functools.partial(DecisionProtocol, service=service, guard=guard),  # type: ignore[arg-type]
        loop="uvloop",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nobody stands in front, and a client that said so could say who it is
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    server = _Server(config, follow)
    # What stands now stays until the end: the collector need not look at it with every few hundred decisions.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
    server.run(sockets=[taken])
    return server.is_interrupted


class _Server(uvicorn.Server):
    """uvicorn's server with our signals and our tasks beside it."""

    def __init__(self, config: uvicorn.Config, follow: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._follow = follow
        self.is_interrupted = False

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stops in good order; a signal is not raised again afterwards, so that a stop on purpose ends with 0."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop, number)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to follow the files and to sweep the connections."""
        await super().startup(sockets)
        self._beside = [asyncio.ensure_future(self._follow()), asyncio.ensure_future(self._sweep())]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answers what has arrived, then ends."""
        await super().shutdown(sockets)
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)

    def _stop(self, number: int) -> None:
        self.is_interrupted = self.is_interrupted or number == signal.SIGINT
        self.force_exit = self.should_exit and number == signal.SIGINT
        self.should_exit = True

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, DecisionProtocol):
                    connection.close_if_stale(now)
