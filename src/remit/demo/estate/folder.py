"""The folder of a run: held by one demo at a time, emptied of the run before, never one that holds anything else.

A run's world ends with its servers, so what an earlier run left behind is of no use to the next one and is cleared away.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import ENOENT, ENOTEMPTY
from pathlib import Path

from remit.demo.estate.database import stop_left_behind
from remit.model.errors import RefusedError
from remit.model.shown import printable

MARK = ".remit-demo"
"""The file that says that a folder is a demo's; it is locked while one runs."""
POSTGRES = "postgres"
_LEAST_FREE = 300 << 20
_MOST_TRIES = 20


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """An empty folder that nobody else's demo uses meanwhile; RefusedError says why it cannot be had."""
    shown = printable(str(folder), 1000)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder = folder.resolve()
        if folder.stat().st_uid != os.geteuid():
            # Its owner could put links there, and write what `source environment` reads.
            raise RefusedError(f"`{shown}` belongs to another user: give a folder of your own")
        mark = folder / MARK
        if not mark.exists() and any(folder.iterdir()):
            raise RefusedError(f"`{shown}` is not empty, and is no folder of a demo: give another one")
        lock = os.open(mark, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise RefusedError(f"the demo cannot use `{shown}`: {error.strerror}; give a folder that can be written to") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RefusedError(
                f"a demo runs already{_told(lock)}: end it there with Ctrl-C, or start this one beside it with `--folder FOLDER`"
            ) from error
        _make_ready(folder)
        if shutil.disk_usage(folder).free < _LEAST_FREE:
            raise RefusedError(f"less than {_LEAST_FREE >> 20} MB are free where `{shown}` stands: make room, or give another folder")
        yield folder
    finally:
        os.close(lock)


def note(folder: Path, address: str) -> None:
    """Writes into the mark where this demo is to be found, for a second one."""
    (folder / MARK).write_text(json.dumps({"pid": os.getpid(), "address": address}), encoding="utf-8")


def _told(lock: int) -> str:
    """What the demo that holds the folder wrote of itself; nothing where it cannot be understood."""
    with suppress(ValueError, KeyError, TypeError, OSError):
        found = json.loads(os.pread(lock, 4096, 0))
        address = f" at {printable(found['address'], 200)}" if found["address"] else ""
        return f"{address} (process {int(found['pid'])})"
    return ""


def _make_ready(folder: Path) -> None:
    """Marks the folder and empties it; RefusedError names what is in the way."""
    try:
        note(folder, "")
        stop_left_behind(folder / POSTGRES)
        for path in sorted(folder.iterdir()):
            if path.name != MARK:
                _clear(path)
    except OSError as error:
        what = printable(str(error.filename or folder), 1000)
        why = (error.strerror or type(error).__name__).lower()
        raise RefusedError(
            f"`{what}` of the last run cannot be cleared away: {why}; end what is still at work in its folder, or give another one"
        ) from error


def _clear(path: Path) -> None:
    """Removes it, again where a command of the last run, which ends in these moments, removes or makes files in there meanwhile."""
    for left in reversed(range(_MOST_TRIES)):
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            if not left or error.errno not in (ENOENT, ENOTEMPTY):
                raise
        else:
            return
