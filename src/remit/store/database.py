"""A database that holds a store: connections, transactions, and the one schema that this version of Remit writes.

Invariants:
- there is one writer at a time, over all processes, so that sequences grow in the order in which they become visible;
- a schema of a newer Remit is refused; an older one is brought up in one transaction, by whichever process comes first;
- a file is made for its owner alone.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from errno import EISDIR
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from remit.model.errors import RefusedError
from remit.store.address import Address
from remit.store.decisions import make_private_folder
from remit.store.faults import in_words, is_broken, is_missing
from remit.store.patience import be_patient
from remit.store.tables import REVISION, VERSION_TABLE, metadata

WRITER_LOCK = 0x72656D6974
"""Number of the advisory lock of Postgres that makes one writer."""
ANSWERS_WITHIN_S = 60.0
_RETRY_S = 0.05
T = TypeVar("T")


class Database:
    """Connections to one store. Safe for several threads; each has at most one transaction."""

    def __init__(self, address: Address, wait_s: float, *, must_exist: bool = False, answers_within_s: float = ANSWERS_WITHIN_S) -> None:
        """`wait_s` is how long a writer waits for another one; with `must_exist` no file is made where there is none.

        A server that says nothing for `answers_within_s` is given up: it hangs.
        """
        self.address = address
        self.wait_s = wait_s
        self._local = threading.local()
        self._guards: list[Callable[[], None]] = []
        self._file: tuple[int, int] | None = None
        with in_words(address.shown):
            if must_exist and address.path is not None and not address.path.exists():
                raise RefusedError(f"the store `{address.shown}` is not there: put it back where it was, or name another")
            if address.path is not None:
                _make_file(address.path)
            self.engine = _engine(address, wait_s)
            if address.path is None:
                be_patient(self.engine, max(answers_within_s, wait_s + 1.0))
            self._reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")
            try:
                self._prepare()
            except BaseException:
                self.engine.dispose()
                raise
            if address.path is not None:
                self._file = _identity(address.path)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of SQLite."""
        return self.address.path is not None

    def in_words(self) -> AbstractContextManager[None]:
        """Failures of the database as RefusedError."""
        return in_words(self.address.shown)

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()

    def read(self, ask: Callable[[Connection], T]) -> T:
        """What a question gives: in the transaction of this thread, else by itself. A broken connection is replaced once."""
        with in_words(self.address.shown):
            self._check_file()
            open_one: Connection | None = getattr(self._local, "connection", None)
            if open_one is not None:
                return ask(open_one)
            try:
                with self._reading.connect() as connection:
                    return ask(connection)
            except SQLAlchemyError as error:
                if not is_broken(error):
                    raise
            with self._reading.connect() as connection:
                return ask(connection)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """The one writer: all of it is kept or nothing. Inside a transaction of this thread it is part of that."""
        open_one: Connection | None = getattr(self._local, "connection", None)
        if open_one is not None:
            try:
                with in_words(self.address.shown):
                    yield open_one
            except BaseException:
                self._local.is_doomed = True
                raise
            return
        with in_words(self.address.shown):
            self._check_file()
            for guard in self._guards:
                guard()
            connection = self._begin()
            self._local.connection, self._local.is_doomed = connection, False
            try:
                yield connection
                if self._local.is_doomed:
                    # Whoever caught the failure of a part must not keep the rest of it.
                    raise RefusedError(f"the store `{self.address.shown}` kept nothing of this: a part of it had failed")
                connection.commit()
            except BaseException:
                _undo(connection)
                raise
            finally:
                self._local.connection = None
                connection.close()

    @contextmanager
    def guarded(self, check: Callable[[], None]) -> Iterator[None]:
        """While it is open, nothing is written unless `check` passes (it raises RefusedError)."""
        self._guards.append(check)
        try:
            yield
        finally:
            self._guards.remove(check)

    def _begin(self) -> Connection:
        try:
            return self._begun()
        except SQLAlchemyError as error:
            if not is_broken(error):
                raise
        return self._begun()

    def _begun(self) -> Connection:
        connection = self.engine.connect()
        try:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(self.wait_s * 1000)}")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")
        except BaseException:
            _undo(connection)
            connection.close()
            raise
        return connection

    def _check_file(self) -> None:
        # A file that was moved away under a running point would be read for ever, and a quarantine in its successor never be seen.
        if self._file is not None and self.address.path is not None and _identity(self.address.path) != self._file:
            raise RefusedError(f"the store `{self.address.shown}` is not the file any more that was opened: start again")

    # --- schema ----------------------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        if self.is_sqlite:
            self._use_wal()
        with self.engine.connect() as connection:
            if _revision(connection) == REVISION:
                return
        connection = self._alone()
        try:
            # Another process may have brought it up while this one waited.
            if _revision(connection) != REVISION:
                self._check_is_ours(connection)
                _bring_up(connection)
            connection.commit()
        except BaseException:
            _undo(connection)
            raise
        finally:
            # Closed for good: a lock of the session ends with it.
            connection.invalidate()
            connection.close()

    def _alone(self) -> Connection:
        """A transaction that began after every other writer's ended."""
        if self.is_sqlite:
            return self._begun()
        # Not of the engine whose patience ends: whoever brings a large store up may say nothing for long.
        connection = _engine(self.address, self.wait_s).connect()
        try:
            connection.exec_driver_sql(f"SET lock_timeout = {int(self.wait_s * 1000)}")
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({WRITER_LOCK})")
            # A transaction that began before would go on without the tables that another process made meanwhile.
            connection.commit()
        except BaseException:
            connection.invalidate()
            connection.close()
            raise
        return connection

    def _use_wal(self) -> None:
        deadline = time.monotonic() + self.wait_s
        while True:
            try:
                with self.engine.connect() as connection:
                    if connection.exec_driver_sql("PRAGMA journal_mode").scalar() != "wal":
                        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                    return
            except OperationalError as error:
                # Going over to WAL is refused at once, not waited for, while another process does the same.
                if getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY") and time.monotonic() < deadline:
                    time.sleep(_RETRY_S)
                    continue
                raise

    def _check_is_ours(self, connection: Connection) -> None:
        found = _revision(connection)
        if found is not None and not _is_known(found):
            raise RefusedError(
                f"the store `{self.address.shown}` was written by a newer remit (its form is `{found[:40]}`, "
                f"this one writes `{REVISION}`): use that one, or another store"
            )
        if found is None:
            foreign = [name for name in inspect(connection).get_table_names() if self.is_sqlite or name in metadata.tables]
            if foreign:
                raise RefusedError(f"`{self.address.shown}` is a database of something else, not a store of remit: name another one")


def _engine(address: Address, wait_s: float) -> Engine:
    if address.path is None:
        arguments: dict[str, Any] = {
            "connect_timeout": max(2, int(wait_s)),
            "application_name": "remit",
            "keepalives_idle": 30,
            "keepalives_interval": 10,
        }
        arguments = {name: value for name, value in arguments.items() if name not in address.url.query}
        arguments |= address.arguments
        return create_engine(address.url, hide_parameters=True, connect_args=arguments, pool_size=2, max_overflow=8)
    engine = create_engine(address.url, hide_parameters=True, connect_args={"timeout": wait_s})

    @event.listens_for(engine, "connect")
    def _settle(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions are begun here, never by the driver
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")

    return engine


def _make_file(path: Path) -> None:
    if path.is_dir():
        raise IsADirectoryError(EISDIR, "it is a folder; name a file in it")
    make_private_folder(path.parent)
    # INVARIANT (never opened beside SQLite): closing a file drops every lock that this process has on it, those of SQLite too, and another
    # process then takes the log away from under its readers. So a file that is there is not touched.
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _undo(connection: Connection) -> None:
    try:
        connection.rollback()
    except SQLAlchemyError:
        connection.invalidate()


def _revision(connection: Connection) -> str | None:
    version = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a constant
    if connection.dialect.name == "postgresql" and connection.execute(select(text(f"to_regclass('{VERSION_TABLE}')"))).scalar() is None:
        return None  # asked first: a failed statement would end the transaction
    try:
        return connection.execute(version).scalar()
    except SQLAlchemyError as error:
        if is_missing(error):
            return None
        raise


def _script() -> Any:
    from alembic.config import Config  # here: a store of the right form needs none of it

    settings = Config()
    settings.set_main_option("script_location", "remit.store:migrations")
    settings.set_main_option("path_separator", "os")
    return settings


def _is_known(revision: str) -> bool:
    from alembic.script import ScriptDirectory

    return revision in {script.revision for script in ScriptDirectory.from_config(_script()).walk_revisions()}


def _bring_up(connection: Connection) -> None:
    from alembic import command

    settings = _script()
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")
