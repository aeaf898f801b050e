"""The file: holders, what each may do with which drawer, whether it is locked out, and its keys.

    {"holders": {"maid": {"drawers": {"linen": ["fill", "open"]}, "locked": false, "keys": {"0a1b": true}, "traits": ["person"]}}}

A drawer `*` stands for all. Targets of steps are `HOLDER drawer NAME`, `HOLDER locked` and `HOLDER key FINGERPRINT`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from remit.model.errors import RefusedError
from remit.model.plan import Step


def load(path: str) -> dict[str, Any]:
    """The state; RefusedError when there is none."""
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RefusedError(f"the cabinet `{path}` cannot be opened") from error


def save(path: str, state: dict[str, Any]) -> None:
    """Puts a state in the place of the one before, whole or not at all."""
    beside = Path(f"{path}.new")
    beside.write_text(json.dumps(state, indent=1), "utf-8")
    os.replace(beside, path)


def text(value: Any) -> str | None:
    """A canonical text; what is not there has none."""
    return None if value is None else json.dumps(sorted(value) if isinstance(value, list) else value, sort_keys=True)


def shelf_of(holder: dict[str, Any], step: Step) -> tuple[dict[str, Any], str]:
    """Where in a holder a step's target stands: the mapping, and the key in it."""
    part, name = step.arguments["part"], step.arguments["name"]
    return (holder, "locked") if part == "locked" else (holder[f"{part}s"], name)


def put(holder: dict[str, Any], step: Step, wanted: str | None) -> None:
    """Makes the target what a canonical text says."""
    shelf, key = shelf_of(holder, step)
    if wanted is None:
        shelf.pop(key, None)
    else:
        shelf[key] = json.loads(wanted)


def taken(holder: dict[str, Any], step: Step) -> str | None:
    """The canonical text of the target's state."""
    shelf, key = shelf_of(holder, step)
    return text(shelf.get(key))
