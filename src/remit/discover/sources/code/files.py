"""Reading one file within its bounds, and decoding it.

Invariants:
- a file is opened without following a link and without waiting (a pipe put in its place does not stop the scan);
- at most `max_bytes` are read, whatever the size that the system gives says or the file grows to;
- `SourceFile.data` is always the UTF-8 form of `SourceFile.text`, so that lines and bytes agree.
"""

from __future__ import annotations

import codecs
import errno
import os
import re
import stat

from remit.discover.sources.code.reader import SourceFile
from remit.model.evidence import Gap, GapKind
from remit.model.place import Place

_FLAGS = os.O_RDONLY
for _flag in ("O_CLOEXEC", "O_NONBLOCK", "O_NOFOLLOW", "O_NOCTTY", "O_BINARY"):
    _FLAGS |= getattr(os, _flag, 0)
_SNIFFED_BYTES = 8192
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAX_UNREADABLE_SHARE = 0.1
"""A file with a larger share of bytes that are no UTF-8 is not taken for text."""
_TEST_PATH = re.compile(
    r"(?:^|/)(?:tests?|__tests__|testing|fixtures|__mocks__|testdata)/"
    r"|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py$"
    r"|\.(?:test|spec)\.[cm]?[jt]sx?$"
)


class NotRegularError(OSError):
    """What stands at the path is not a regular file (any more)."""


def is_test_path(path: str) -> bool:
    """Whether a path, relative to the root, lies among tests by the usual naming."""
    return _TEST_PATH.search(path) is not None


def read_bounded(full: str, max_bytes: int) -> bytes | None:
    """The bytes of a regular file; None when it is larger than `max_bytes`. Raises OSError."""
    handle = os.open(full, _FLAGS)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise NotRegularError(errno.EINVAL, "not a regular file")
        if status.st_size > max_bytes:
            return None
        data = os.read(handle, status.st_size + 1)
        if len(data) == status.st_size:
            return data
        # It shrank, grew, came in parts, or is one of those whose size the system does not know.
        parts, total = [data], len(data)
        while data and total <= max_bytes:
            data = os.read(handle, min(1 << 20, max_bytes + 1 - total))
            parts.append(data)
            total += len(data)
        return None if total > max_bytes else b"".join(parts)
    finally:
        os.close(handle)


def decoded(path: str, data: bytes) -> tuple[SourceFile | None, Gap | None]:
    """The text of a file, and what there is to say about its encoding; no text when it is not one."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = data[len(mark) :].decode(encoding, "replace")
            return _source(path, text), _replaced(path, text.count("�"), encoding)
    if b"\0" in data[:_SNIFFED_BYTES]:
        return None, Gap(place=Place(path), kind=GapKind.BINARY, what="holds NUL bytes: not a text")
    plain = data.removeprefix(codecs.BOM_UTF8)
    try:
        return SourceFile(path=path, data=plain, text=plain.decode("utf-8"), is_test=is_test_path(path)), None
    except UnicodeDecodeError:
        text = plain.decode("utf-8", "replace")
    bad = text.count("�")
    if bad > len(plain) * _MAX_UNREADABLE_SHARE:
        return None, Gap(place=Place(path), kind=GapKind.ENCODING, what="most of it is neither UTF-8 nor UTF-16 with a mark")
    return _source(path, text), _replaced(path, bad, "utf-8")


def _source(path: str, text: str) -> SourceFile:
    return SourceFile(path=path, data=text.encode("utf-8", "replace"), text=text, is_test=is_test_path(path))


def _replaced(path: str, count: int, encoding: str) -> Gap | None:
    if not count:
        return None
    what = f"read in spite of {count} places that are not {encoding}; they stand as `�`"
    return Gap(place=Place(path), kind=GapKind.ENCODING, what=what, is_file=False)
