"""What a reader of one family of files is given, and what it offers under the name `READER`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Protocol

import msgspec

from remit.model.evidence import Evidence, Gap


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file, read within its bounds and decoded."""

    path: str
    """Relative to the root, forward slashes."""
    data: bytes
    text: str
    """Decoded: UTF-8 (a byte order mark dropped), UTF-16 with a mark; line ends as in the file."""
    is_test: bool


class Project(Protocol):
    """The repository around a file: what a reader may look up besides the file that it is given."""

    paths: frozenset[str]
    """Every file of the scan that could be read, relative to the root."""
    memo: dict[Any, Any]
    """Free for readers: anything derived from the project, kept for this run. Keys begin with the reader's name."""

    def file(self, path: str) -> SourceFile | None:
        """Another file of the scan, bounded and cached; None when it is not among `paths` or could not be read."""
        ...


class Reader(Protocol):
    """Reads one family of files. Never executes, imports or evaluates what it reads; never raises on bad input.

    Several readers may read the same file. What a reader cannot parse is a Gap (`is_file=False` when a part was read).
    """

    name: str
    signals: re.Pattern[bytes] | None
    """A file is parsed only when its bytes match; None: always."""

    def wants(self, path: str) -> bool:
        """Whether the file's name or place makes it this reader's business; cheap."""
        ...

    def read(self, file: SourceFile, project: Project) -> Iterator[Evidence | Gap]:
        """Yields what the file shows."""
        ...
