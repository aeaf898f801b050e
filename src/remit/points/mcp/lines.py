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

_BLOCK_BYTES = 1 << 20
_EDGE_BYTES = 256
_SMALL_BYTES = 4096


class Overlong(msgspec.Struct, frozen=True):
    """A line that was too long to be read; only its edges are kept."""

    size: int
    begin: bytes
    end: bytes


def read_lines(descriptor: int, limit: int, until: int | None = None) -> Iterator[bytes | Overlong]:
    """Lines without their ends, until the other side closes; empty lines are left out. Raises OSError.

    `until` is a descriptor that ends the reading as soon as something can be read from it.
    """
    pieces: list[bytes | bytearray] = []
    held = 0
    skipped: _Skipped | None = None
    while block := _block(descriptor, until):
        begin = 0
        while (end := block.find(b"\n", begin)) >= 0:
            _keep(pieces, block[begin:end])
            held += end - begin
            begin = end + 1
            if skipped is not None:
                yield skipped.ended(pieces)
            elif held > limit:
                yield _Skipped().ended(pieces)
            elif line := b"".join(pieces).rstrip(b"\r"):
                yield line
            pieces, held, skipped = [], 0, None
        _keep(pieces, block[begin:] if begin else block)
        held += len(block) - begin
        if held > limit or skipped is not None:
            skipped = skipped or _Skipped()
            skipped.add(pieces)
            pieces, held = [], 0
    if skipped is not None:
        yield skipped.ended(pieces)
    elif line := b"".join(pieces).rstrip(b"\r"):
        yield line


def _keep(pieces: list[bytes | bytearray], piece: bytes) -> None:
    """Adds a piece; small ones share a buffer, so that a line written byte by byte costs no more memory than its length."""
    if len(piece) >= _SMALL_BYTES:
        pieces.append(piece)
    elif pieces and isinstance(last := pieces[-1], bytearray):
        last += piece
    else:
        pieces.append(bytearray(piece))


def _block(descriptor: int, until: int | None) -> bytes:
    if until is not None:
        poll = select.poll()
        poll.register(until, select.POLLIN)
        poll.register(descriptor, select.POLLIN)
        if any(found == until for found, _ in poll.poll()):
            return b""
    return os.read(descriptor, _BLOCK_BYTES)


class _Skipped:
    def __init__(self) -> None:
        self._size = 0
        self._begin = b""
        self._end = b""

    def add(self, pieces: list[bytes | bytearray]) -> None:
        for piece in pieces:
            self._size += len(piece)
            if len(self._begin) < _EDGE_BYTES:
                self._begin += piece[: _EDGE_BYTES - len(self._begin)]
            self._end = (self._end + piece[-_EDGE_BYTES:])[-_EDGE_BYTES:]

    def ended(self, pieces: list[bytes | bytearray]) -> Overlong:
        self.add(pieces)
        return Overlong(self._size, self._begin, self._end.rstrip(b"\r"))


def write_line(descriptor: int, line: bytes) -> None:
    """Writes a line and its end, however often the other side must be waited for. Raises OSError when it is gone."""
    rest = memoryview(line)
    while written := os.writev(descriptor, (rest, b"\n")):
        if written > len(rest):
            return
        rest = rest[written:]
