"""`suspended.json`: which agents are quarantined, for points that decide from remit files alone.

Decides how a quarantine survives a restart and reaches other processes on the same state folder.

Invariants:
- the file is replaced whole, and is on the disk before a quarantine is answered;
- a file that cannot be read is an error, never an empty list: nobody starts, and a point that is running denies.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from remit.model.errors import RefusedError
from remit.store.decisions import make_private_folder

SCHEMA_VERSION = 1
"""Version of the stored form."""
FILE_NAME = "suspended.json"


class Suspension(msgspec.Struct, frozen=True, kw_only=True):
    """One quarantined agent."""

    because: str
    """The words of whoever ran the quarantine; hostile text."""
    since: str
    """RFC 3339, UTC."""


class _Stored(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    v: int
    suspended: dict[str, Suspension]
    """By slug."""


def read_suspended(path: Path) -> dict[str, Suspension]:
    """The quarantined agents by slug; an absent file is none, an unreadable one raises RefusedError."""
    try:
        stored = msgspec.json.decode(path.read_bytes(), type=_Stored)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise RefusedError(f"`{path}` cannot be read, so it is not known who is quarantined: {error.strerror or error}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(f"`{path}` is damaged, so it is not known who is quarantined: {error}") from error
    if stored.v != SCHEMA_VERSION:
        raise RefusedError(f"`{path}` has form {stored.v}, and this version of remit reads {SCHEMA_VERSION}")
    return stored.suspended


def write_suspended(path: Path, suspended: Mapping[str, Suspension]) -> None:
    """Replaces the file and waits for the disk; raises RefusedError when that cannot be done."""
    payload = msgspec.json.format(msgspec.json.encode(_Stored(v=SCHEMA_VERSION, suspended=dict(sorted(suspended.items())))), indent=2)
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        make_private_folder(path.parent)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(payload + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise RefusedError(f"`{path}` cannot be written: {error.strerror or error}") from error
