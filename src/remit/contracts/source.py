"""A discovery source: looks at one place and says what it saw, as a stream of evidence and gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Protocol

import msgspec

from remit.model.evidence import Evidence, Gap


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a source has come; a count of work, never of results."""

    files: int
    """Files, or what `what` says, so far."""
    bytes: int
    path: str
    """The path looked at last, relative to the root; hostile text."""
    what: str = "files looked at"
    """What is counted in `files`, in words of ours."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What to look at."""

    root: PurePath
    """The folder (or single file) to scan. Nothing outside it is read."""
    include: tuple[str, ...] = ()
    """gitignore-style patterns. What they name is read even when `.gitignore` names it too."""
    exclude: tuple[str, ...] = ()
    """gitignore-style patterns of what to leave out; each file or folder left out is a gap."""
    max_file_bytes: int = 8 * 1024 * 1024
    """A larger file is a gap."""
    on_progress: Callable[[Progress], None] | None = None
    """Called between files; raising from it cancels the run."""


class Source(Protocol):
    """What each package in `discover/sources/` offers under the name `SOURCE`.

    Rules, proved by `testing.kits.source`: deterministic for equal input; executes nothing and opens no network; every file
    of the scope is either in a `FileRead` or in a gap with `is_file`; every place points at text that is there.
    """

    name: str

    def look(self, scope: Scope) -> Iterator[Evidence | Gap]:
        """Yields what is seen, file by file in a stable order."""
        ...
