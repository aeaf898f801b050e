"""One holder at a time over processes, released when its process dies, however it dies.

A file lock beside a file of SQLite (the kernel's, so no process can leave it behind), an advisory lock on a connection of its own for
Postgres. Who holds it is told for people alone; the lock never depends on it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from remit.model.errors import RefusedError
from remit.model.shown import printable

_RETRY_S = 0.05
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}\Z")
Check = Callable[[], None]
"""Raises RefusedError when the lock was lost."""


def checked_name(name: str) -> str:
    """A lock's name: it becomes part of a file's name."""
    if not _NAME.match(name):
        raise ValueError(f"`{name}` cannot name a lock: lower case letters, digits and `-`")
    return name


@contextmanager
def file_lock(path: Path, name: str, since: str, wait_s: float) -> Iterator[Check]:
    """Holds the lock file; raises RefusedError that names the holder when it is not to be had within `wait_s`."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + wait_s
        while not _is_taken(descriptor):
            if time.monotonic() >= deadline:
                raise _refused(name, os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip())
            time.sleep(_RETRY_S)
        with contextlib.suppress(OSError):  # who holds it is for people alone: a full disk is no reason not to hold it
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()} since {since}\n".encode(), 0)
        try:
            yield lambda: None
        finally:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def advisory_lock(engine: Engine, name: str, since: str, wait_s: float) -> Iterator[Check]:
    """Holds an advisory lock of Postgres on a connection of its own; as `file_lock`. A connection that broke has lost it."""
    number = int.from_bytes(hashlib.sha256(f"remit:{name}".encode()).digest()[:8], "big", signed=True)
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        deadline = time.monotonic() + wait_s
        while not connection.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", (number,)).scalar():
            if time.monotonic() >= deadline:
                raise _refused(name, _holder(connection, number))
            time.sleep(_RETRY_S)
        _say_who(connection, f"process {os.getpid()} on {socket.gethostname()[:12]} since {since}")

        def check() -> None:
            try:
                connection.exec_driver_sql("SELECT 1")
            except SQLAlchemyError:
                raise RefusedError(
                    f"the connection that held the store for `{name}` broke, so another may hold it now: run it again"
                ) from None

        yield check
    finally:
        # Closed for good, not put back: the lock, and the words about it, end with the connection.
        connection.invalidate()
        connection.close()


def _say_who(connection: Connection, words: str) -> None:
    connection.exec_driver_sql("SELECT set_config('application_name', %s, false)", (words[:63],))


def _holder(connection: Connection, number: int) -> str:
    # An advisory lock of 64 bits stands in pg_locks as two halves, both unsigned.
    high, low = (number >> 32) & 0xFFFFFFFF, number & 0xFFFFFFFF
    found = connection.exec_driver_sql(
        "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted "
        "AND l.classid::bigint = %s AND l.objid::bigint = %s AND l.objsubid = 1",
        (high, low),
    ).scalar()
    return str(found or "")


def _refused(name: str, holder: str) -> RefusedError:
    by = f", {printable(holder)}" if holder else ""
    return RefusedError(f"another `{name}` is at work on this store{by}: try again when it has ended")
