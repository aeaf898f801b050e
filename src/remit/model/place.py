"""Where something stands, and how sure we are of what it shows."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from remit.model.shown import printable


class Place(msgspec.Struct, frozen=True):
    """Where something stands: a line of a file, or a name in a system (an ARN, a catalogue row)."""

    path: str
    """Relative to the scanned folder with forward slashes, or a system's own name for the thing."""
    line: int | None = None
    """1-based line where the construct begins, in the raw file (of a notebook: in the `.ipynb`)."""
    end: int | None = None
    """1-based last line of the construct."""

    def __str__(self) -> str:
        return printable(self.path, 1000) if self.line is None else f"{printable(self.path, 1000)}:{self.line}"


class Confidence(StrEnum):
    """How sure a piece of evidence is."""

    CERTAIN = "certain"
    """Beyond doubt: a constructor resolved through imports, a definition file, a node."""
    LIKELY = "likely"
    """The usual reading; another is possible."""
    POSSIBLE = "possible"
    """A hint."""
