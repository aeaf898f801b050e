"""The decision log as JSON Lines: appended before a decision is answered, read back by a scan.

Decides where a logged decision stands and what makes it durable; never whether something is allowed.

Invariants:
- a batch of decisions is one `write` to a file opened for appending, so that several processes share one log;
- a batch that cannot be written whole raises `LogError`, and the caller denies what was in it;
- the file is readable by its owner alone, and so is every folder made for it;
- argument values never reach the log, only their names; texts are cut at `MAX_TEXT_CHARS`.

A process that dies leaves whole lines behind; a machine that dies may leave a torn last line, which the reader reports and the
next writer closes. The log is not synchronised to the disk line by line.
"""

from __future__ import annotations

import functools
import itertools
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from remit.model.decision import Decision, LoggedDecision, Request
from remit.model.errors import RemitError
from remit.model.ids import AGENT_PREFIX

MAX_TEXT_CHARS = 2048
"""Longer texts of a request (a resource, a tool's name) are cut in the log."""
MAX_NAMES = 64
"""Argument names kept of one request."""
_ENCODER = msgspec.json.Encoder()
_IDS_DRAWN_AHEAD = 64
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""Two bits of a version 7 UUID are set; the digit keeps the other two."""


class LogError(RemitError):
    """The decision log cannot be written; nothing may be allowed until it can."""


class Unread(msgspec.Struct, frozen=True):
    """A line of a log that is not a decision."""

    number: int
    """1-based."""
    why: str


class Ids:
    """Time-ordered unique identifiers: 48 bits of milliseconds, a counter of 12, 62 random bits, laid out as a UUID version 7."""

    def __init__(self, random: Callable[[int], bytes] = os.urandom) -> None:
        self._random = random
        self._pool = ""
        """Random digits drawn ahead: one call to the system serves many identifiers."""
        self._drawn = 0
        self._last_ms = 0
        self._counter = 0

    def make(self, time_ns: int) -> str:
        """The next identifier; later ones of this process sort after it even when the clock steps back."""
        ms = time_ns // 1_000_000
        if ms > self._last_ms:
            self._last_ms, self._counter = ms, 0
        else:
            self._counter += 1
            if self._counter > 0xFFF:
                self._last_ms, self._counter = self._last_ms + 1, 0
        if self._drawn >= len(self._pool):
            self._pool, self._drawn = self._random(8 * _IDS_DRAWN_AHEAD).hex(), 0
        tail = self._pool[self._drawn : self._drawn + 16]
        self._drawn += 16
        front = f"{self._last_ms:012x}"
        return f"{front[:8]}-{front[8:]}-7{self._counter:03x}-{_VARIANT[tail[0]]}{tail[1:4]}-{tail[4:]}"


class DecisionLog:
    """An append-only file of decisions, shared by any number of processes."""

    def __init__(self, path: Path) -> None:
        """Opens or makes the file; raises LogError when that cannot be done."""
        self.path = path
        self._descriptor = -1
        self._is_torn = False
        self._identity = (0, 0)
        self._open()

    def append(self, lines: Sequence[LoggedDecision]) -> None:
        """Writes all of them in one go; raises LogError unless every byte was taken."""
        if not lines:
            return
        # INVARIANT (one write): a batch is never split, so lines of other processes cannot stand inside it.
        self._write(_ENCODER.encode_lines(lines))

    def probe(self) -> None:
        """Writes an empty line, which readers skip, to see whether the log takes anything; raises LogError when it does not."""
        self._write(b"\n")

    def _write(self, payload: bytes) -> None:
        try:
            self._follow_rotation()
            if self._is_torn:
                payload = b"\n" + payload
            written = os.write(self._descriptor, payload)
        except OSError as error:
            raise LogError(f"decision log `{self.path}` cannot be written: {error.strerror or error}") from error
        self._is_torn = written < len(payload)
        if self._is_torn:
            raise LogError(f"decision log `{self.path}` cannot be written: the disk took {written} of {len(payload)} bytes")

    def close(self) -> None:
        """Synchronises and closes the file; a second call does nothing."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            try:
                os.fsync(descriptor)
            except OSError:
                pass  # the decisions are written; only a crash of the machine could still lose them
            finally:
                os.close(descriptor)

    def _open(self) -> None:
        try:
            make_private_folder(self.path.parent)
            # O_NONBLOCK: opening a named pipe that nobody reads must not hang the agent.
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
            descriptor = os.open(self.path, flags, 0o600)
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                os.close(descriptor)
                raise LogError(f"decision log `{self.path}` is not a regular file")
            self._is_torn = found.st_size > 0 and os.pread(descriptor, 1, found.st_size - 1) != b"\n"
        except OSError as error:
            raise LogError(f"decision log `{self.path}` cannot be opened: {error.strerror or error}") from error
        self._descriptor = descriptor
        self._identity = (found.st_dev, found.st_ino)

    def _follow_rotation(self) -> None:
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != self._identity:
            self.close()
            self._open()


def make_private_folder(folder: Path) -> None:
    """Makes a folder and its missing parents with mode 0700; a folder that exists keeps its mode."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for made in reversed(missing):
        made.mkdir(mode=0o700, exist_ok=True)


def logged_decision(request: Request, decision: Decision, *, point: str, time_ns: int, microseconds: float) -> LoggedDecision:
    """The line of the log for one decision; `decision.id` is set already."""
    return LoggedDecision(
        time=rfc3339(time_ns),
        id=decision.id,
        agent=AGENT_PREFIX + _loggable(request.agent),
        system=_loggable(request.system),
        action=_loggable(request.action),
        resource=_loggable(request.resource),
        outcome=decision.outcome,
        step=decision.step,
        line=f"{decision.path}:{decision.line}" if decision.line else "",
        rule=decision.rule,
        because=_loggable(decision.because),
        objective=decision.objective,
        would=decision.would,
        mode=decision.mode,
        remit=decision.remit_hash,
        point=point,
        session=_loggable(request.session),
        arguments=_names(request.arguments) if request.arguments else (),
        us=round(microseconds, 1),
    )


def _names(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(_loggable(str(name)) for name in itertools.islice(arguments, MAX_NAMES))


def rfc3339(time_ns: int) -> str:
    """UTC with microseconds: `2026-07-28T09:30:00.000123Z`."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return f"{_second(seconds)}.{rest // 1000:06d}Z"


@functools.lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    # Thousands of decisions share a second, and writing one out costs as much as deciding.
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def read_decisions(path: Path) -> Iterator[LoggedDecision | Unread]:
    """Every decision of a log in file order; a line that is not one (torn by a crash, of a newer form) is an `Unread`."""
    decoder = msgspec.json.Decoder(LoggedDecision)
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                yield Unread(number, "cut off" if not line.endswith(b"\n") else str(error))


def read_decisions_from(path: Path, cursor: str | None) -> Iterator[tuple[LoggedDecision | Unread, str]]:
    """The decisions after a cursor, each with the cursor behind it; None begins at the beginning.

    A log that was replaced or cut begins anew. A last line that is not ended yet is left for the next reading.
    """
    decoder = msgspec.json.Decoder(LoggedDecision)
    with path.open("rb") as lines:
        inode = os.fstat(lines.fileno()).st_ino
        offset, number = _position(cursor, inode, os.fstat(lines.fileno()).st_size)
        lines.seek(offset)
        for line in lines:
            if not line.endswith(b"\n"):
                return
            offset, number = offset + len(line), number + 1
            if not line.strip():
                continue
            behind = f"{inode}:{offset}:{number}"
            try:
                yield decoder.decode(line), behind
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                yield Unread(number, str(error)), behind


def _position(cursor: str | None, inode: int, size: int) -> tuple[int, int]:
    """Offset and number of lines before it."""
    try:
        known, offset, number = (int(part) for part in (cursor or "").split(":"))
    except ValueError:
        return 0, 0
    return (offset, number) if known == inode and offset <= size else (0, 0)


def clock_ns() -> int:
    """Wall-clock time, nanoseconds since 1970: the edge at which time enters decisions."""
    return time.time_ns()


def _loggable(text: str) -> str:
    cut = text if len(text) <= MAX_TEXT_CHARS else f"{text[:MAX_TEXT_CHARS]}..."
    return cut if cut.isascii() else cut.encode("utf-8", "backslashreplace").decode("utf-8")
