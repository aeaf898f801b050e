"""How far a trail was read: a position per stream of files, small however long the trail is.

A stream is what one account delivers for one region. Its files are ordered by when they arrived, then by key: a file that is delivered late
has an old name and a new time of arrival, so it stands behind what was read, never before it. As arrival times are whole seconds and a file
may appear a little after the time it bears, the window before the position is remembered as a count and a sum: when these no longer agree,
the files of the window are read again, and the store knows the events that it has.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

WINDOW = timedelta(minutes=15)


class TrailFile(msgspec.Struct, frozen=True, order=True):
    """One file, in the order of arrival."""

    arrived: str
    """RFC 3339, UTC, to the second."""
    key: str


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything up to `(arrived, key)` was read; `count` files of it lie in the window, and `total` is over their names."""

    arrived: str
    key: str
    count: int
    total: str


class Positions(msgspec.Struct, frozen=True, tag_field="trail", tag="1"):
    """The positions of all streams: the cursor, as it is kept."""

    streams: Mapping[str, Position] = {}


def positions_from(cursor: str | None) -> Positions:
    """Reads a cursor; one that is not understood begins at the beginning, which loses nothing."""
    if cursor is None:
        return Positions()
    try:
        return msgspec.json.decode(cursor, type=Positions)
    except msgspec.DecodeError:
        return Positions()


class Progress:
    """The position of one stream while it is read."""

    def __init__(self) -> None:
        self._window: deque[TrailFile] = deque()
        self._total = 0

    def pass_by(self, file: TrailFile) -> Position:
        """The position behind this file."""
        self._window.append(file)
        self._total ^= _number(file)
        edge = _window_edge(file.arrived)
        while self._window[0].arrived <= edge:
            self._total ^= _number(self._window.popleft())
        return Position(file.arrived, file.key, len(self._window), f"{self._total:016x}")


def unread(files: Sequence[TrailFile], at: Position | None) -> tuple[Progress, list[TrailFile]]:
    """The files of a stream that are still to be read, in order, and the progress to go on from."""
    ordered = sorted(files)
    progress = Progress()
    if at is None:
        return progress, ordered
    edge, here = _window_edge(at.arrived), TrailFile(at.arrived, at.key)
    behind = [file for file in ordered if file <= here]
    again = [file for file in behind if file.arrived > edge]
    last: Position | None = None
    for file in behind:
        last = progress.pass_by(file)
    if last is not None and (last.arrived, last.key, last.count, last.total) == (at.arrived, at.key, at.count, at.total):
        again = []
    elif again:
        progress = Progress()
        for file in behind:
            if file.arrived <= edge:
                progress.pass_by(file)
    return progress, again + [file for file in ordered if file > here]


def _window_edge(arrived: str) -> str:
    moment = datetime.strptime(arrived, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return (moment - WINDOW).strftime("%Y-%m-%dT%H:%M:%SZ")


def _number(file: TrailFile) -> int:
    return int.from_bytes(hashlib.sha256(f"{file.arrived} {file.key}".encode()).digest()[:8])
