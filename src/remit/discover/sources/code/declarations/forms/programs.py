"""Which file of the repository a container's command runs, as a key that joins the deployment with the code."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z")
_SERVED = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):[A-Za-z_][\w.]*(?:\(\))?\Z")
_SCRIPT = re.compile(r"[\w./@-]*\w\.(?:py|ts|mts|js|mjs|cjs)\Z")


def program_key(words: Iterable[str]) -> str | None:
    """`runs:PATH` for `python -m a.b`, `uvicorn a.b:app`, `python /app/a/b.py`; None where the command names no file.

    PATH is as the container sees it: the repository holds it under some folder, or without the container's own leading folders.
    """
    listed = [part for word in words for part in word.split()]
    for before, word in zip(["", *listed], listed, strict=False):
        module = word if before == "-m" and _MODULE.match(word) else None
        served = _SERVED.match(word)
        if module is None and served is not None:
            module = served[1]
        if module is not None:
            return f"runs:{module.replace('.', '/')}.py"
        if _SCRIPT.match(word):
            return f"runs:{word.removeprefix('./').strip('/')}"
    return None
