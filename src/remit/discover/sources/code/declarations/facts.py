"""The tables of facts, read once; what a table says is data, what is done with it stands in the forms."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from typing import Any


@lru_cache(maxsize=16)
def facts(name: str) -> dict[str, Any]:
    """The table of this name beside the other tables of the source."""
    folder = resources.files("remit.discover.sources.code.tables")
    return tomllib.loads(folder.joinpath(f"{name}.toml").read_text("utf-8"))
