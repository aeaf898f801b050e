"""What a fault that nobody foresaw is called where no traceback may be shown: its kind and where it happened, for whoever mends it."""

from __future__ import annotations

import os
import traceback

_OWN = os.path.dirname(os.path.dirname(__file__)) + os.sep
"""Remit's own files, templates too; as tracebacks write them, links and all."""


def own_fault(error: Exception) -> str:
    """Never the text of the fault: it may repeat what was read. The place is the last one in Remit's own files, where it passed any."""
    steps = traceback.extract_tb(error.__traceback__)
    own = next((step for step in reversed(steps) if step.filename.startswith(_OWN)), None)
    where = f" in {own.filename.removeprefix(_OWN)}:{own.lineno}" if own is not None else ""
    return f"this is a fault of remit itself: {type(error).__name__}{where}"
