"""The table of Python frameworks, read once and turned into look-ups by path.

Invariants:
- a path matches a row when it begins with one of the row's modules and ends with the constructor as the table writes it;
- of several rows, the one with the longest module wins, then the one that says more about the constructor.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec

_KEPT = 10_000
At = tuple[str | int, ...]
"""Where a value stands in a call: keywords and positions, in the order in which they are tried."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What a constructor is, and where its values stand."""

    framework: str
    modules: tuple[str, ...]
    calls: tuple[str, ...] = ()
    role: str = "agent"
    """`agent`, `grouping`, `subclass`, `decorator` or `grouping-decorator`."""
    name_at: At = ()
    model: At = ()
    tools: At = ()
    purpose: At = ()
    delegates: At = ()
    mcp: At = ()
    settings: At = ()
    needs: tuple[str, ...] = ()
    unknown_when: tuple[str, ...] = ()
    tool_decorators: tuple[str, ...] = ()
    prompt_decorators: tuple[str, ...] = ()
    tool_methods: tuple[str, ...] = ()
    exposure: tuple[str, ...] = ()
    default_name: str | None = None
    class_needs: str | None = None
    distinctive_with: tuple[str, ...] = ()
    """Keywords that together name the row when it is not known what a method of its name is called on."""
    submodules: tuple[str, ...] = ()
    """Where given: the only modules below that are the library's; for names that others use too."""
    distinctive: tuple[str, ...] = ()
    """Methods that name the row whatever they are called on, unless that is the repository's own."""
    kind: str | None = None
    unknown_tools: bool = False
    tools_all: bool = False
    name_from_key: bool = False
    receiver_model: bool = False


class Match(msgspec.Struct, frozen=True):
    """A row, and the constructor by which it matched."""

    row: Row
    call: str


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    """Calls of a chat model."""

    modules: tuple[str, ...]
    calls: tuple[str, ...]
    tools: At
    model: At = ("model",)
    is_loop: bool = False


class ToolWords(msgspec.Struct, frozen=True, kw_only=True):
    """Words by which tools are named and wrapped."""

    named: tuple[str, ...]
    wrapping: tuple[str, ...]
    wrappers: frozenset[str]
    methods: frozenset[str]
    decorators: frozenset[str]
    unknown: frozenset[str]
    kits: frozenset[str]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the Python reader knows of libraries."""

    by_last: dict[str, tuple[tuple[str, Row], ...]]
    chats: dict[str, tuple[tuple[str, Chat], ...]]
    distinctive: tuple[str, ...]
    model_keywords: tuple[str, ...]
    positional_models: frozenset[str]
    wrapped_models: dict[str, At]
    tools: ToolWords
    marks: dict[str, tuple[str, ...]]
    mcp: frozenset[str]
    modules: frozenset[str]
    """Top-level names of all modules that matter."""

    distinctive_methods: dict[str, Match]
    known: dict[str, Match | None]
    """Answers kept."""

    def match(self, path: str) -> Match | None:
        """The row for a library path, without the brackets of its own call."""
        if path not in self.known:
            if len(self.known) > _KEPT:
                self.known.clear()
            self.known[path] = self._match(path)
        return self.known[path]

    def match_unknown(self, spelled: str, keywords: frozenset[str], imported: frozenset[str]) -> Match | None:
        """The row for a method of an unknown object: by distinctive keywords, or as `agents.create_agent` with its library imported."""
        last = last_name(spelled)
        if last in self.distinctive_methods and "." in spelled:
            return self.distinctive_methods[last]
        for call, row in self.by_last.get(last, ()):
            if row.distinctive_with and keywords.issuperset(row.distinctive_with):
                return Match(row, call)
            is_method = (
                "." in call and "(" not in call and not call.startswith("*") and not any(part[:1].isupper() for part in call.split("."))
            )
            if is_method and row.kind == "managed" and spelled.endswith(f".{call}") and imported & set(row.modules):
                return Match(row, call)
        return None

    def _match(self, path: str) -> Match | None:
        best: tuple[int, int, str, Row] | None = None
        for call, row in self.by_last.get(last_name(path), ()):
            length = _matched(path, call, row.modules, row.submodules)
            if length < 0:
                continue
            # A class that is both made and derived from is an agent where it is made.
            rank = (length, call.count(".") + (row.role not in ("grouping", "subclass")), call, row)
            if best is None or rank[:2] >= best[:2]:
                best = rank
        return Match(best[3], best[2]) if best is not None else None

    def chat(self, path: str) -> Chat | None:
        """The chat call that a library path means."""
        for call, chat in self.chats.get(last_name(path), ()):
            if _matched(path, call, chat.modules) >= 0:
                return chat
        return None


def last_name(path: str) -> str:
    """Last name of a path."""
    return path.rpartition(".")[2]


def _matched(path: str, call: str, modules: tuple[str, ...], submodules: tuple[str, ...] = ()) -> int:
    """Length of the longest module that the path begins with, when it ends with the call; -1 when it does not match."""
    if call.startswith("*."):
        if "()" not in path or not path.endswith(call[1:]):
            return -1
    elif not path.endswith(f".{call}"):
        return -1
    fitting = [module for module in modules if path.startswith(f"{module}.") and _is_direct(path, module, call)]
    if submodules:
        fitting = [module for module in fitting if path[len(module) + 1 :].startswith((call, *submodules))]
    return max((len(module) for module in fitting), default=-1)


def _is_direct(path: str, module: str, call: str) -> bool:
    """A plain constructor must not be reached through a call: `Agent().tools.Agent` is not the class."""
    if "()" in call or call.startswith("*.") or "(" in call or "." in call:
        return True
    return "(" not in path[len(module) : len(path) - len(call)]


_FIELDS: tuple[str, ...] = (
    "name_at",
    "model",
    "tools",
    "purpose",
    "delegates",
    "mcp",
    "settings",
    "needs",
    "unknown_when",
    "tool_decorators",
)
_FIELDS += ("prompt_decorators", "tool_methods", "exposure", "distinctive", "submodules", "distinctive_with")
_PLAIN = ("default_name", "class_needs", "kind", "unknown_tools", "tools_all", "name_from_key", "receiver_model")
_ROLES = {
    "agents": "agent",
    "groupings": "grouping",
    "subclassed": "subclass",
    "decorators": "decorator",
    "grouping_decorators": "grouping-decorator",
}


def _rows(entry: dict[str, Any]) -> list[Row]:
    found: list[Row] = []
    own: set[tuple[str, str]] = set()
    for part in [*entry.get("row", ()), entry]:
        merged = {**entry, **part}
        for key, role in _ROLES.items():
            calls = tuple(call for call in part.get(key, ()) if (key, call) not in own)
            own.update((key, call) for call in calls)
            if calls:
                found.append(_row(merged, role, calls))
    return found


def _row(entry: dict[str, Any], role: str, calls: tuple[str, ...]) -> Row:
    values: dict[str, Any] = {field: tuple(entry[field]) for field in _FIELDS if field in entry}
    values |= {field: entry[field] for field in _PLAIN if field in entry}
    framework = entry.get("framework") or entry["name"]
    return Row(framework=framework, modules=tuple(entry["modules"]), calls=calls, role=role, **values)


@lru_cache(maxsize=1)
def table() -> Table:
    """The table, read from the package."""
    folder = resources.files("remit.discover.sources.code.tables")
    data = tomllib.loads(folder.joinpath("python.toml").read_text("utf-8"))
    by_last: dict[str, list[tuple[str, Row]]] = {}
    marks: dict[str, tuple[str, ...]] = {}
    tops: set[str] = set()
    for entry in data["framework"]:
        for row in _rows(entry):
            for call in row.calls:
                by_last.setdefault(last_name(call), []).append((call, row))
        tops.update(module.split(".", 1)[0] for module in entry["modules"])
        if "marks" in entry:
            top = entry["modules"][0].split(".", 1)[0]
            marks[top] = (*marks.get(top, ()), *entry["marks"])
    chats: dict[str, list[tuple[str, Chat]]] = {}
    for entry in data["chat"]:
        chat = msgspec.convert({**entry, "tools": tuple(entry["tools"])}, Chat)
        for call in chat.calls:
            chats.setdefault(last_name(call), []).append((call, chat))
        tops.update(module.split(".", 1)[0] for module in chat.modules)
    for top in tops:
        marks.setdefault(top, ("",))
    return Table(
        by_last={key: tuple(rows) for key, rows in by_last.items()},
        chats={key: tuple(found) for key, found in chats.items()},
        distinctive=tuple(data["distinctive"]["calls"]),
        model_keywords=tuple(data["default_model_keywords"]),
        positional_models=frozenset(data["positional_models"]),
        wrapped_models={key: tuple(value) for key, value in data["wrapped_models"].items()},
        tools=msgspec.convert(data["tools"], ToolWords),
        marks={top: found for top, found in marks.items() if found != ("",)},
        distinctive_methods={method: Match(row, call) for rows in by_last.values() for call, row in rows for method in row.distinctive},
        known={},
        mcp=frozenset(call for entry in data["mcp"] for call in entry["calls"]),
        modules=frozenset(tops),
    )


@lru_cache(maxsize=1)
def signals() -> re.Pattern[bytes]:
    """One expression that the bytes of a file must match to be parsed: an import of a known module, or a call of a model."""
    known = table()
    modules = "|".join(sorted(re.escape(top) for top in known.modules))
    words = "|".join(sorted(re.escape(call) for call in known.distinctive))
    return re.compile(
        rf"(?:from|import)\s+(?:[\w.]+\s*,\s*)*(?:{modules})\b|\b(?:{words})\b|langgraph|bedrock|\btool_(?:calls|use)\b|\btoolUse\b|\.call_tool\(".encode()
    )
