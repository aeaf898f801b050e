"""How far a trail was read: a position per stream of files, small however long the trail is.

A stream is what one account delivers for one region. Its files are ordered by when they arrived, then by key: a file that is delivered late
has an old name and a new time of arrival, so it stands behind what was read, never before it. As arrival times are whole seconds and a file
may appear a little after the time it bears, the window before the position is remembered as a count and a sum: when these no longer agree,
the files of the window are read again, and the store knows the events that it has.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
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
    floor: str = ""
    """Keys up to this one need not be listed again; empty: all are."""


class Positions(msgspec.Struct, frozen=True, tag_field="trail", tag="1"):
    """The positions of all streams: the cursor, as it is kept."""

    streams: Mapping[str, Position] = {}


def positions_from(cursor: str | None) -> Positions:
    """Reads a cursor; one that is not understood begins at the beginning, which loses nothing."""
    if cursor is None:
        return Positions()
    try:
        positions = msgspec.json.decode(cursor, type=Positions)
        for position in positions.streams.values():
            _window_edge(position.arrived)
    except (msgspec.DecodeError, ValueError):
        return Positions()
    return positions


class Progress:
    """The position of one stream while it is read."""

    def __init__(self, floor: str = "") -> None:
        self._window: deque[TrailFile] = deque()
        self._total = 0
        self._floor = floor

    def pass_by(self, file: TrailFile) -> Position:
        """The position behind this file."""
        self._window.append(file)
        self._total ^= _number(file)
        edge = _window_edge(file.arrived)
        while self._window and self._window[0].arrived <= edge:
            self._total ^= _number(self._window.popleft())
        return self._at(file)

    def settle(self, floor: str) -> Position:
        """The position at the end of everything, from which on keys up to `floor` are no longer listed."""
        last = self._window[-1]
        if floor > self._floor:
            self._floor = floor
            # What is not listed again cannot be counted again.
            self._window = deque(file for file in self._window if file.key > floor)
            self._total = int(_total(self._window), 16)
        return self._at(last)

    def _at(self, file: TrailFile) -> Position:
        return Position(file.arrived, file.key, len(self._window), f"{self._total:016x}", self._floor)


def unread(files: Sequence[TrailFile], at: Position | None) -> tuple[Progress, list[TrailFile]]:
    """The files of a stream that are still to be read, in order, and the progress to go on from."""
    ordered = sorted(files)
    if at is None:
        return Progress(), ordered
    progress, edge, here = Progress(at.floor), _window_edge(at.arrived), TrailFile(at.arrived, at.key)
    behind = [file for file in ordered if file <= here]
    again = [file for file in behind if file.arrived > edge]
    is_known = (len(again), _total(again)) == (at.count, at.total)
    for file in again if is_known else (file for file in behind if file.arrived <= edge):
        progress.pass_by(file)
    return progress, ([] if is_known else again) + [file for file in ordered if file > here]


def _total(files: Iterable[TrailFile]) -> str:
    total = 0
    for file in files:
        total ^= _number(file)
    return f"{total:016x}"


def _window_edge(arrived: str) -> str:
    moment = datetime.strptime(arrived, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return (moment - WINDOW).strftime("%Y-%m-%dT%H:%M:%SZ")


def _number(file: TrailFile) -> int:
    return int.from_bytes(hashlib.sha256(f"{file.arrived} {file.key}".encode()).digest()[:8])
