"""Definitions of tools, pinned by hash: a description that changes under a model is a finding.

Decides only whether a definition is the one that was seen before; what becomes of the tool is the remit's business.

Invariants:
- a definition is trusted at first sight, and every later change of any part of it is reported once;
- only hashes are kept;
- pins that cannot be read or written are reported and never stop a call.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from remit.model.shown import printable

SCHEMA_VERSION = 1
"""Version of the stored form."""
MAX_TOOLS = 10_000


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    v: int
    system: str
    tools: dict[str, dict[str, str]]
    """Tool -> member of its definition -> hash."""


class Pins:
    """What is known of the tools of one server."""

    def __init__(self, system: str, path: Path | None, report: Callable[[str], None]) -> None:
        """`path` is the file that carries pins from one session to the next; None keeps them for this session."""
        self._system = system
        self._path = path
        self._report = report
        self._tools = self._load()

    def check(self, tools: Iterable[dict[str, Any]]) -> None:
        """Compares definitions with what was seen before, reports changes, and remembers what is there now."""
        is_changed = False
        for tool in tools:
            name = tool.get("name")
            if not isinstance(name, str):
                continue
            now = {member: _hash(value) for member, value in tool.items() if member != "name"}
            before = self._tools.get(name)
            if before == now or (before is None and len(self._tools) >= MAX_TOOLS):
                continue
            if before is not None:
                changed = sorted(member for member in before.keys() | now.keys() if before.get(member) != now.get(member))
                members = ", ".join(f"`{printable(member, 60)}`" for member in changed)
                self._report(
                    f"finding: tool `{printable(name)}` of `{self._system}` changed its definition since it was last seen: {members}"
                )
            self._tools[name] = now
            is_changed = True
        if is_changed:
            self._save()

    def _load(self) -> dict[str, dict[str, str]]:
        if self._path is None:
            return {}
        try:
            stored = msgspec.json.decode(self._path.read_bytes(), type=_Stored)
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            self._report(f"finding: pins of `{self._system}` cannot be read, so changes of its tools until now are not seen: {error}")
            return {}
        return stored.tools if stored.v == SCHEMA_VERSION and stored.system == self._system else {}

    def _save(self) -> None:
        if self._path is None:
            return
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside.write_bytes(msgspec.json.encode(_Stored(v=SCHEMA_VERSION, system=self._system, tools=self._tools)))
            beside.chmod(0o600)
            beside.replace(self._path)
        except OSError as error:
            self._report(f"pins of `{self._system}` cannot be kept: {error.strerror or error}")


def _hash(value: Any) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]
