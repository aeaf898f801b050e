"""Lines of bounded length from a file descriptor, and whole lines to one.

Invariants:
- memory holds at most one line of `limit` bytes and one block; what is longer is skipped up to its end and told as `Overlong`;
- a line that the other side did not end (it left, or crashed) is still a line.
"""

from __future__ import annotations

import os
import select
from collections.abc import Iterator

import msgspec

_BLOCK_BYTES = 1 << 18
_EDGE_BYTES = 256


class Overlong(msgspec.Struct, frozen=True):
    """A line that was too long to be read; only its edges are kept."""

    size: int
    begin: bytes
    end: bytes


def read_lines(descriptor: int, limit: int, until: int | None = None) -> Iterator[bytes | Overlong]:
    """Lines without their ends, until the other side closes; empty lines are left out. Raises OSError.

    `until` is a descriptor that ends the reading as soon as something can be read from it.
    """
    buffer = bytearray()
    skipped: _Skipped | None = None
    while block := _block(descriptor, until):
        begin = 0
        while (end := block.find(b"\n", begin)) >= 0:
            piece = block[begin:end]
            begin = end + 1
            if skipped is not None:
                yield skipped.ended(piece)
                skipped = None
            elif len(buffer) + len(piece) > limit:
                yield _Skipped(buffer).ended(piece)
                buffer.clear()
            else:
                line = bytes(buffer) + piece if buffer else piece
                buffer.clear()
                if line := line.rstrip(b"\r"):
                    yield line
        rest = block[begin:]
        if skipped is not None:
            skipped.add(rest)
        elif len(buffer) + len(rest) > limit:
            skipped = _Skipped(buffer)
            skipped.add(rest)
            buffer.clear()
        else:
            buffer += rest
    if skipped is not None:
        yield skipped.ended(b"")
    elif buffer:
        yield bytes(buffer)


def _block(descriptor: int, until: int | None) -> bytes:
    if until is not None:
        poll = select.poll()
        poll.register(until, select.POLLIN)
        poll.register(descriptor, select.POLLIN)
        if any(found == until for found, _ in poll.poll()):
            return b""
    return os.read(descriptor, _BLOCK_BYTES)


class _Skipped:
    def __init__(self, begin: bytearray) -> None:
        self._size = 0
        self._begin = b""
        self._end = b""
        self.add(bytes(begin))

    def add(self, piece: bytes) -> None:
        self._size += len(piece)
        if len(self._begin) < _EDGE_BYTES:
            self._begin += piece[: _EDGE_BYTES - len(self._begin)]
        self._end = (self._end + piece[-_EDGE_BYTES:])[-_EDGE_BYTES:]

    def ended(self, piece: bytes) -> Overlong:
        self.add(piece)
        return Overlong(self._size, self._begin, self._end.rstrip(b"\r"))


def write_line(descriptor: int, line: bytes) -> None:
    """Writes a line and its end, however often the other side must be waited for. Raises OSError when it is gone."""
    rest = memoryview(line + b"\n")
    while rest:
        rest = rest[os.write(descriptor, rest) :]
