"""What a database says when it fails, in words that hold no secret and no data."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from remit.model.errors import RefusedError
from remit.model.shown import printable
from remit.store.patience import NO_ANSWER

_SQLITE = {
    "SQLITE_FULL": "the disk is full; nothing of this was kept",
    "SQLITE_READONLY": "it may not be written by this user",
    "SQLITE_PERM": "it may not be opened by this user",
    "SQLITE_BUSY": "it is locked by another process; try again when that has ended",
    "SQLITE_LOCKED": "it is locked by another process; try again when that has ended",
    "SQLITE_NOTADB": "it is not a database; name another file, or move this one away",
    "SQLITE_CORRUPT": "it is damaged; restore it from a backup, or move it away and scan again",
    "SQLITE_CANTOPEN": "it cannot be opened; its folder must be there and writable by this user",
    "SQLITE_IOERR": "the disk did not take or give what was asked; nothing of this was kept",
}
_POSTGRES = {
    "28": "the server does not accept this user or password",
    "3D000": "the server has no database of that name",
    "53100": "the server's disk is full; nothing of this was kept",
    "53300": "the server takes no more connections now",
    "42501": "this user may not do that there; a store needs CREATE on its schema, and the tables in it",
    "55P03": "another process is writing to it; try again when that has ended",
    "40": "another process was writing at the same time; try again",
    "57P": "the server is shutting down or starting; try again",
    "25006": "it may only be read: the server is a replica, or its database is read-only",
}
_CONNECTING = {
    "SSL connection has been closed": "the connection broke",
    "SSL SYSCALL error": "the connection broke",
    "unexpected eof": "the connection broke",
    "certificate": "the server's certificate is not accepted, or a file for it is missing",
    "resolve host": "the server cannot be reached: the host's name is not known",
    "translate host name": "the server cannot be reached: the host's name is not known",
    "Connection refused": "the server cannot be reached: nothing listens at that host and port",
    "No such file or directory": "the server cannot be reached: no server stands behind that socket",
    "timeout expired": "the server cannot be reached: it did not answer in time",
    "timed out": "the server cannot be reached: it did not answer in time",
    "No route to host": "the server cannot be reached: there is no way to that host",
    "Network is unreachable": "the server cannot be reached: there is no way to that host",
    "pg_hba.conf": "the server lets nobody in from here as this user (its pg_hba.conf)",
    "SSL": "the server and this side do not agree on encryption (`sslmode`)",
    "invalid port number": "the port in the store's address is not one",
    "invalid URI query parameter": "a parameter of the store's address is not known to the driver",
    "invalid connection option": "a parameter of the store's address is not known to the driver",
    " value: ": "a parameter of the store's address has a value that the driver does not know",
    "closed the connection": "the connection broke",
    "connection is lost": "the connection broke",
    "connection is closed": "the connection broke",
    "Permission denied": "the server cannot be reached: this user may not use that socket",
}
"""What the driver says without an answer of the server -> in words of our own; the first that fits."""
_UNREACHABLE = "the server cannot be reached, or the connection broke"


@contextmanager
def in_words(shown: str) -> Iterator[None]:
    """Turns every failure of a database into RefusedError that names the store and says what would be right."""
    try:
        yield
    except OSError as error:
        raise RefusedError(f"the store `{shown}` cannot be used: {error.strerror or type(error).__name__}") from None
    except Exception as error:
        if not isinstance(error, SQLAlchemyError) and not _is_of_postgres(error):
            raise
        # Without a cause: a driver's own words may repeat addresses, and SQLAlchemy's repeat statements.
        raise RefusedError(f"the store `{shown}` cannot be used: {_said(error)}") from None


def is_broken(error: SQLAlchemyError) -> bool:
    """Whether the connection itself is gone, so that a new one may work; a server that hangs would be waited for twice."""
    return isinstance(error, DBAPIError) and error.connection_invalidated and str(error.orig) != NO_ANSWER


def is_missing(error: SQLAlchemyError) -> bool:
    """Whether a table that was asked for is not there."""
    original = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(original, sqlite3.Error):
        return "no such table" in str(original)
    return getattr(original, "sqlstate", None) == "42P01"


def _is_of_postgres(error: object) -> bool:
    # By name: importing the driver takes as long as a small command.
    return type(error).__module__.partition(".")[0] == "psycopg"


def _said(error: Any) -> str:
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.Error):
        name = getattr(original, "sqlite_errorname", "")
        return next((words for prefix, words in _SQLITE.items() if name.startswith(prefix)), printable(str(original)))
    if _is_of_postgres(original):
        return _said_by_postgres(original)
    return type(error).__name__


def _said_by_postgres(error: Any) -> str:
    if error.sqlstate is None:
        # No answer of a server: what the driver says instead may repeat files and parameters, so its reason is told, and not its text.
        text = str(error)
        if text == NO_ANSWER:
            return f"{NO_ANSWER}; nothing of this was kept, as far as is known"
        if "authentication failed" in text or "no password supplied" in text or 'FATAL:  role "' in text:
            return _POSTGRES["28"]
        if "does not exist" in text and "database" in text:
            return _POSTGRES["3D000"]
        why = next((words for phrase, words in _CONNECTING.items() if phrase in text), _UNREACHABLE)
        return f"{why}; nothing of this was kept"
    words = next((words for prefix, words in _POSTGRES.items() if error.sqlstate.startswith(prefix)), None)
    return words or printable(error.diag.message_primary or f"the server answered {error.sqlstate}")
