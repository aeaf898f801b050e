"""The JSON log of Postgres in a folder (`log_destination = jsonlog`), line by line over rotated files.

Files are ordered by the time in their first line, then by name, so that names may be anything that `log_filename` allows. A cursor names a
file by its first line and a place in it:
- a file that was truncated or written anew since has another first line, and is read as a new one;
- a last line without its end is left until it is complete; in a file after which another one began it never will be, and is read as it is;
- a line longer than `MAX_LINE_BYTES` is not read, and named as a gap;
- a folder that is not there, or has no JSON log in it, is a gap: most likely it is misspelt, and silence there says nothing about use.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from remit.contracts.system import RawRecord
from remit.model.evidence import Gap, GapKind
from remit.model.place import Place
from remit.model.shown import printable

MAX_LINE_BYTES = 1024 * 1024
_NOT_KNOWN = "what is used is not known"
_HEAD_BYTES = 4096
_NAME = re.compile(r".+\.json(?:[.-][0-9]+)*\Z", re.DOTALL)
_COMPRESSED = re.compile(r".+\.json(?:[.-][0-9]+)*\.(?:gz|bz2|xz|zst)\Z", re.DOTALL)
_TIME = re.compile(rb'"timestamp"\s*:\s*"([^"\\]{10,40})"')


class Cursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where reading goes on."""

    name: str
    head: str
    """Hash of the file's first line."""
    first: str
    """The time in it, as it stands there."""
    offset: int
    line: int
    """Number of the last line that was read."""


class _File(msgspec.Struct, frozen=True):
    path: Path
    head: str
    first: str


def records(folder: Path, cursor: str | None, place: str) -> Iterator[RawRecord | Gap]:
    """Every line after the cursor, oldest file first; `place` names the log for gaps."""
    after = _cursor(cursor)
    if cursor is not None and after is None:
        yield _gap(place, GapKind.PARSE_ERROR, "the place up to which the log was read is not understood; it is read from its beginning")
    files: list[_File] = []
    for found in _files(folder, place):
        if isinstance(found, Gap):
            yield found
        else:
            files.append(found)
    files.sort(key=lambda file: (file.first, file.path.name))
    begun, start = _start(files, after)
    for number in range(begun, len(files)):
        file = files[number]
        goes_on = after if number == begun and start else None
        yield from _lines(file, goes_on, is_last=number == len(files) - 1)


def _cursor(text: str | None) -> Cursor | None:
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=Cursor)
    except msgspec.DecodeError:
        return None


def _start(files: list[_File], after: Cursor | None) -> tuple[int, bool]:
    """The file to begin with, and whether the cursor stands in it."""
    if after is None:
        return 0, False
    for number, file in enumerate(files):
        if file.head == after.head and file.path.stat().st_size >= after.offset:
            return number, True
    later = [number for number, file in enumerate(files) if (file.first, file.path.name) > (after.first, after.name)]
    return (later[0] if later else len(files)), False


def _files(folder: Path, place: str) -> Iterator[_File | Gap]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        kind = GapKind.NO_PERMISSION if isinstance(error, PermissionError) else GapKind.NO_SUCH_PLACE
        yield _gap(place, kind, f"the log folder `{printable(str(folder), 600)}` cannot be opened: {_words(error)}; {_NOT_KNOWN}")
        return
    if not any(_NAME.match(path.name) or _COMPRESSED.match(path.name) for path in paths):
        what = f"no JSON log (`*.json`) is in `{printable(str(folder), 600)}`: is it the right folder, with log_destination = jsonlog?"
        yield _gap(place, GapKind.NO_SUCH_PLACE, f"{what} {_NOT_KNOWN[0].upper()}{_NOT_KNOWN[1:]}")
    for path in paths:
        if _COMPRESSED.match(path.name):
            yield _gap(f"{place}/{path.name}", GapKind.UNSUPPORTED, "a compressed log is not read: unpack it")
        if not _NAME.match(path.name):
            continue
        try:
            if not path.is_file():
                yield _gap(f"{place}/{path.name}", GapKind.SPECIAL, "not a regular file")
                continue
            with path.open("rb") as stream:
                head = stream.readline(_HEAD_BYTES)
        except OSError as error:
            yield _gap(f"{place}/{path.name}", _kind(error), f"cannot be opened: {error.strerror}")
            continue
        if head.endswith(b"\n") or len(head) == _HEAD_BYTES:
            time = _TIME.search(head)
            yield _File(path, hashlib.sha256(head).hexdigest()[:32], time[1].decode("ascii", "replace") if time else "")
        # A file without one whole line is left until it has one.


def _lines(file: _File, after: Cursor | None, *, is_last: bool) -> Iterator[RawRecord | Gap]:
    name = file.path.name
    try:
        with file.path.open("rb") as stream:
            offset, line = (after.offset, after.line) if after is not None else (0, 0)
            stream.seek(offset)
            while True:
                text, length = _line(stream)
                if not length or (not text.endswith(b"\n") and length <= MAX_LINE_BYTES and is_last):
                    return
                if length > MAX_LINE_BYTES and not text and is_last and not _ends_with_newline(stream):
                    return
                offset, line = offset + length, line + 1
                if length > MAX_LINE_BYTES:
                    yield _gap(f"{name}:{line}", GapKind.TOO_LARGE, f"a line of {length:,} bytes is not read", is_file=False)
                elif text.strip():
                    cursor = Cursor(name, file.head, file.first, offset, line)
                    yield RawRecord(place=f"{name}:{line}", payload=text.rstrip(b"\r\n"), cursor=msgspec.json.encode(cursor).decode())
    except OSError as error:
        yield _gap(name, _kind(error), f"cannot be read to its end: {error.strerror}")


def _line(stream: BinaryIO) -> tuple[bytes, int]:
    """The next line, and its length; of a longer one than is read, nothing but the length."""
    text = stream.readline(MAX_LINE_BYTES + 1)
    length = len(text)
    if length <= MAX_LINE_BYTES:
        return text, length
    while text and not text.endswith(b"\n"):
        text = stream.readline(MAX_LINE_BYTES)
        length += len(text)
    return b"", length


def _ends_with_newline(stream: BinaryIO) -> bool:
    stream.seek(-1, 1)
    return stream.read(1) == b"\n"


def _words(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _kind(error: OSError) -> GapKind:
    return GapKind.NO_PERMISSION if isinstance(error, PermissionError) else GapKind.VANISHED


def _gap(path: str, kind: GapKind, what: str, *, is_file: bool = True) -> Gap:
    return Gap(place=Place(path), kind=kind, what=what, is_file=is_file)
