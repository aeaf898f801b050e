"""YAML with lines, from the events of libyaml.

Invariants:
- scalars stay texts, so the traps of YAML 1.1 (`on`, `no`, dates, octal numbers) do not exist here;
- an alias is the same node again, never a copy: a "billion laughs" costs what its text costs;
- a text with template expressions (Helm, Jinja) is read as far as its lines without them go; a value made by an expression is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml
from yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from remit.discover.sources.code.declarations.trees.node import HOLE, MAX_DOCUMENTS, MAX_VALUES, Node, Shape, Tree, Trouble, null, scalar

_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_DEPTH = 500
_FORBIDDEN = re.compile("[^\\t\\n\\r\\x20-\\x7e\\x85\\xa0-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_STATEMENT_LINE = re.compile(r"^[ \t]*(?:-[ \t]+)?(?:\{\{.*\}\}|\{%.*%\}|\{#.*#\})[ \t]*(?:#.*)?$")
_EXPRESSION = re.compile(r"(?<!\$)\{\{.*?\}\}", re.DOTALL)
_STATEMENT = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_IS_TEMPLATED = re.compile(r"(?<!\$)\{\{|\{%")
_LIST_ITEM = re.compile(r"^[ \t]*-[ \t]+\{\{")
_CORE_TAG = "tag:yaml.org,2002:"


class _Open:
    """A mapping or list whose end has not come yet."""

    def __init__(self, shape: Shape, line: int, anchor: str | None, tag: str | None) -> None:
        self.shape = shape
        self.line = line
        self.anchor = anchor
        self.tag = tag
        self.nodes: list[Node] = []


def parse_yaml(text: str, *, is_template: bool = False) -> Tree:
    """Reads a YAML text; one that only fails because of its template expressions is read without them."""
    has_templates = _IS_TEMPLATED.search(text) is not None
    if is_template and has_templates:
        return _parse(_without_templates(text))
    tree = _parse(text)
    if tree.is_whole or not has_templates:
        return tree
    second = _parse(_without_templates(text))
    return second if second.is_whole or len(second.documents) >= len(tree.documents) else tree


def _parse(text: str) -> Tree:
    documents: list[Node] = []
    try:
        documents.extend(_documents(yaml.parse(_FORBIDDEN.sub(" ", text), Loader=_LOADER)))
    except _TooDeepError as deep:
        return Tree(documents=tuple(documents), troubles=(Trouble(line=deep.line, what="nested too deep", is_deep=True),), is_whole=False)
    except _TooManyError as many:
        trouble = Trouble(line=many.line, what="more values than a declaration has")
        return Tree(documents=tuple(documents), troubles=(trouble,), is_whole=False)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or "not YAML"
        is_deep = "nesting" in what
        return Tree(
            documents=tuple(documents), troubles=(Trouble(line=mark.line + 1 if mark else 1, what=what, is_deep=is_deep),), is_whole=False
        )
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return Tree(documents=tuple(documents), troubles=(Trouble(line=1, what=f"not YAML: {type(error).__name__}"),), is_whole=False)
    return Tree(documents=tuple(documents))


class _TooManyError(Exception):
    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(line)


class _TooDeepError(Exception):
    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(line)


def _documents(events: Iterator[Event]) -> Iterator[Node]:
    """The root nodes, in order."""
    open_nodes: list[_Open] = []
    anchors: dict[str, Node] = {}
    documents = 0
    for number, event in enumerate(events):
        if number > MAX_VALUES:
            raise _TooManyError(_start(event))
        if isinstance(event, ScalarEvent):
            node = _scalar(event)
            if event.anchor:
                anchors[event.anchor] = node
        elif isinstance(event, AliasEvent):
            node = anchors.get(event.anchor or "") or null(_start(event))
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            if len(open_nodes) >= _MAX_DEPTH:
                raise _TooDeepError(_start(event))
            shape = Shape.MAP if isinstance(event, MappingStartEvent) else Shape.LIST
            open_nodes.append(_Open(shape, _start(event), event.anchor, _tag(event.tag)))
            continue
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            closed = open_nodes.pop()
            node = _closed(closed, event)
            if closed.anchor:
                anchors[closed.anchor] = node
        else:
            if type(event).__name__ == "DocumentStartEvent":
                anchors = {}
            continue
        if open_nodes:
            open_nodes[-1].nodes.append(node)
        else:
            documents += 1
            if documents > MAX_DOCUMENTS:
                raise _TooManyError(_start(event))
            yield node


def _start(event: Event) -> int:
    """The line (1-based) on which an event begins."""
    return 1 if event.start_mark is None else event.start_mark.line + 1


def _end(event: Event) -> int:
    """The line on which an event ends; one that ends before the first column ends on the line before."""
    mark = event.end_mark
    if mark is None:
        return _start(event)
    return max(_start(event), mark.line + 1 if mark.column > 0 else mark.line)


def _scalar(event: ScalarEvent) -> Node:
    return scalar(event.value, _start(event), end=_end(event), is_plain=not event.style, tag=_tag(event.tag))


def _tag(tag: str | None) -> str | None:
    if tag is None or tag == "!" or tag.startswith(_CORE_TAG):
        return None
    return tag.lstrip("!")


def _closed(opened: _Open, event: Event) -> Node:
    nodes = opened.nodes
    mark = event.end_mark
    last = nodes[-1].end if nodes else opened.line
    if (
        mark is not None
        and mark.column > 0
        and type(event.start_mark) is type(mark)
        and (event.start_mark.line, event.start_mark.column) != (mark.line, mark.column)
    ):
        last = mark.line + 1  # a closing bracket: the end of a block has no width
    last = max(opened.line, last)
    if opened.shape is Shape.LIST:
        return Node(shape=Shape.LIST, line=opened.line, end=last, tag=opened.tag, items=tuple(nodes))
    pairs = tuple(zip(nodes[::2], nodes[1::2], strict=False))
    if len(pairs) == 1 and pairs[0][0].is_map and pairs[0][1].is_empty:
        # `{{ x }}` is, to YAML, a mapping whose key is a mapping: a template expression that stands as a value
        return scalar(HOLE, opened.line, end=last, is_plain=True)
    return Node(shape=Shape.MAP, line=opened.line, end=last, tag=opened.tag, pairs=pairs)


def _without_templates(text: str) -> str:
    """The text with statements blanked and expressions replaced by HOLE; lines keep their numbers."""
    kept = [_plain_line(line) for line in text.split("\n")]
    joined = "\n".join(kept)
    joined = _EXPRESSION.sub(lambda match: HOLE + "\n" * match[0].count("\n"), joined)
    return _STATEMENT.sub(lambda match: "\n" * match[0].count("\n"), joined)


def _plain_line(line: str) -> str:
    if _STATEMENT_LINE.match(line.rstrip("\r")) is None:
        return line
    return re.sub(r"\{\{.*\}\}", HOLE, line) if _LIST_ITEM.match(line) else ""
