"""Finds the readers: every sub-package here whose module `reader` offers `READER` or `READERS`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

from remit.discover.sources import code
from remit.discover.sources.code.reader import Reader


@lru_cache(maxsize=1)
def readers() -> tuple[Reader, ...]:
    """All readers, by the name of their folder; a folder without a `reader` module offers none."""
    found: list[Reader] = []
    for module in sorted(pkgutil.iter_modules(code.__path__), key=lambda entry: entry.name):
        if not module.ispkg:
            continue
        name = f"{code.__name__}.{module.name}.reader"
        try:
            loaded = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name == name:
                continue
            raise
        found.extend(getattr(loaded, "READERS", ()))
        if hasattr(loaded, "READER"):
            found.append(loaded.READER)
    return tuple(found)
