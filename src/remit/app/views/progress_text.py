"""How far a scan is, in one line: counts alone, and never a word of what was read."""

from __future__ import annotations

from remit.contracts.source import Progress


def progress_text(progress: Progress) -> str:
    """`1,200 files looked at, 3.4 MB`."""
    size = f", {progress.bytes / 1e6:,.1f} MB" if progress.bytes else ""
    return f"{progress.files:,} {progress.what}{size}"
