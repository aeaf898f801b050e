"""CrewAI agents whose role, goal and model stand in `agents.yaml`.

Invariants:
- the YAML is read as a stream of events: aliases, tags and depth are bounded, nothing is built beyond two levels of text;
- a value given in the code wins over the file's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import yaml
from tree_sitter import Node

from remit.discover.sources.code.python.names import Expression
from remit.discover.sources.code.python.syntax import plain_string, text_of, unwrapped
from remit.discover.sources.code.python.values import Values
from remit.discover.sources.code.reader import Project
from remit.model.evidence import AgentSeen
from remit.model.place import Place

_DEFAULT = "config/agents.yaml"
_MAX_EVENTS = 200_000
_MAX_BYTES = 1 << 20
_MAX_DEPTH = 32
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Entry(NamedTuple):
    """A text of a definition and its line."""

    text: str
    line: int


Definitions = dict[str, dict[str, Entry]]


def configured(seen: AgentSeen, config: Expression, values: Values, project: Project) -> AgentSeen:
    """The agent with what its `config=` entry adds; unchanged where that cannot be found."""
    key = _key(config, values)
    if key is None:
        return seen
    for path in _paths(config, values, project):
        definitions = definitions_of(path, project)
        if key in definitions:
            return _merged(seen, path, key, definitions[key])
    return msgspec.structs.replace(seen, aliases=tuple(dict.fromkeys((*seen.aliases, key))))


def _merged(seen: AgentSeen, path: str, key: str, entry: dict[str, Entry]) -> AgentSeen:
    role, model = entry.get("role"), entry.get("llm")
    parts = [entry[name] for name in ("goal", "backstory") if name in entry]
    purpose = "\n".join(part.text.strip() for part in parts)[:2_000] or None
    return msgspec.structs.replace(
        seen,
        name=seen.name or (" ".join(role.text.split()) or None if role is not None else None),
        model=seen.model or (model.text.strip() or None if model is not None else None),
        purpose=seen.purpose or purpose,
        purpose_place=seen.purpose_place or (Place(path, parts[0].line) if purpose else None),
        aliases=tuple(dict.fromkeys((*seen.aliases, key))),
        key=f"crewai:{path}#{key}",
    )


def _key(config: Expression, values: Values) -> str | None:
    node = unwrapped(config.node)
    if node.type == "identifier":
        found = values.names.follow(config)
        node = found.expression.node if found is not None and found.expression is not None else node
    if node.type == "subscript":
        inner = node.child_by_field_name("subscript")
        return plain_string(inner) if inner is not None else None
    if node.type == "call":
        callee, listed = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if callee is not None and text_of(callee).endswith("agents_config.get") and listed is not None and listed.named_children:
            return plain_string(listed.named_children[0])
    return None


def _paths(config: Expression, values: Values, project: Project) -> Iterator[str]:
    """Files in which the definition may stand, the one that the class names first."""
    folder = config.module.path.rpartition("/")[0]
    around = config.scope.nearest_class()
    written = _DEFAULT
    if around is not None and "agents_config" in around.bindings:
        found = values.names.class_attribute(config.module, around, "agents_config")
        text = values.text(found.expression) if found is not None and found.expression is not None else None
        if text is None:
            return
        written = text
    for candidate in (written, _DEFAULT, "agents.yaml", "agents.yml"):
        path = _joined(folder, candidate)
        if path is not None and path in project.paths:
            yield path


def _joined(folder: str, relative: str) -> str | None:
    parts = folder.split("/") if folder else []
    for part in relative.replace("\\", "/").split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def definitions_of(path: str, project: Project) -> Definitions:
    """The texts of a file of definitions by key and field; empty where it is not one."""
    memo: dict[str, Definitions] = project.memo.setdefault("python-crews", {})
    if path not in memo:
        file = project.file(path)
        memo[path] = _read(file.text) if file is not None and len(file.data) <= _MAX_BYTES else {}
    return memo[path]


def _read(text: str) -> Definitions:
    found: Definitions = {}
    try:
        _walk(yaml.parse(text, Loader=_LOADER), found)
    except (yaml.YAMLError, ValueError, RecursionError):
        return found
    return found


def _walk(events: Iterator[Any], found: Definitions) -> None:
    """Keeps scalars of mappings two levels deep; anything deeper is passed over."""
    path: list[str | None] = []
    """For each open collection, the key that is waiting for its value; None inside lists."""
    kinds: list[bool] = []
    for count, event in enumerate(events):
        if count > _MAX_EVENTS or len(kinds) > _MAX_DEPTH:
            return
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            kinds.append(isinstance(event, yaml.MappingStartEvent))
            path.append(None)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            kinds.pop()
            path.pop()
            if path and kinds[-1]:
                path[-1] = None
        elif isinstance(event, yaml.ScalarEvent | yaml.AliasEvent) and kinds and kinds[-1]:
            value = event.value if isinstance(event, yaml.ScalarEvent) else None
            if path[-1] is None:
                path[-1] = value if value is not None else ""
                continue
            if len(path) == 2 and value is not None and path[0]:
                found.setdefault(path[0], {}).setdefault(
                    path[1] or "", Entry(value, event.start_mark.line + 1 if event.start_mark is not None else 1)
                )
            path[-1] = None


def config_of(call: Node) -> Node | None:
    """The `config=` argument of a constructor."""
    listed = call.child_by_field_name("arguments")
    for child in listed.named_children if listed is not None else ():
        name = child.child_by_field_name("name") if child.type == "keyword_argument" else None
        if name is not None and text_of(name) == "config":
            return child.child_by_field_name("value")
    return None
