"""The lines of a remit: what stands in a `can` and in `never` (remit language, sections 2 to 4)."""

from __future__ import annotations

from remit.document.nodes import Node, NodeKind
from remit.document.pattern import impossible
from remit.document.reading import Entry, Reader, advice_for, nearest
from remit.model.remit import Capability, Condition, Never, Scalar
from remit.model.shown import printable
from remit.model.verbs import LINE_VERBS

CAN_KEYS = ("resource", "where", "columns", "data_class")
NEVER_KEYS = ("resource", "where", "outside")
_WITHOUT_COLUMNS = frozenset({"kubernetes", "mcp"})
"""Kinds whose resources have no columns of their own. `aws:` has services with tables (Athena, Redshift)."""
_ELSEWHERE = {
    "outside": "`outside` stands only in a line of `never`",
    "columns": "`columns` stands only in a line of `can`",
    "data_class": "`data_class` stands only in a line of `can`",
}


def read_can(reader: Reader, node: Node, name: str) -> Capability | None:
    """One line of a `can`."""
    line = _line(reader, node, f"a line of `{name}`", CAN_KEYS, allows_star=False)
    if line is None:
        return None
    verb, system, found = line
    if "resource" not in found and not any(nearest(reader.key_text(key), CAN_KEYS) == "resource" for key, _ in node.entries):
        reader.note(node, "missing-key", f"a line of `{name}` has no `resource`", 'write `resource: "*"` where all of them are meant')
    before = len(reader.problems)
    resource = reader.text(found["resource"][1], "resource") if "resource" in found else None
    where = _where(reader, found.get("where"))
    columns = reader.texts(found["columns"][1], "columns") if "columns" in found else ()
    data_class = reader.text(found["data_class"][1], "data_class") if "data_class" in found else None
    kind = system.partition(":")[0] if system else ""
    if "columns" in found and kind in _WITHOUT_COLUMNS:
        what = f"`columns` on `{kind}:` is met only by a request that lists its columns"
        reader.note(found["columns"][0], "columns", what, "name the database instead where there is one", level="warning")
    if "data_class" in found and kind == "mcp":
        what = "`data_class` on a tool is met by nothing: an agent would classify its own call"
        reader.note(found["data_class"][0], "data-class", what, "name the tool or its arguments instead", level="warning")
    if verb is None or system is None or resource is None or any(problem.level == "error" for problem in reader.problems[before:]):
        return None
    return Capability(
        verb=verb, system=system, resource=resource, where=where, columns=columns or (), data_class=data_class, line=node.line
    )


def read_never(reader: Reader, node: Node) -> Never | None:
    """One line of `never`; without a resource it means every resource."""
    line = _line(reader, node, "a line of `never`", NEVER_KEYS, allows_star=True)
    if line is None:
        return None
    verb, system, found = line
    before = len(reader.problems)
    resource = reader.text(found["resource"][1], "resource") if "resource" in found else "*"
    where = _where(reader, found.get("where"))
    outside = _outside(reader, found["outside"][1]) if "outside" in found else ()
    if verb is None or system is None or resource is None or any(problem.level == "error" for problem in reader.problems[before:]):
        return None
    return Never(verb=verb, system=system, resource=resource, where=where, outside=outside, line=node.line)


def _line(
    reader: Reader, node: Node, name: str, keys: tuple[str, ...], allows_star: bool
) -> tuple[str | None, str | None, dict[str, Entry]] | None:
    """The verb, the system and the other entries of a line; verb or system is None where they are not right."""
    if node.kind is not NodeKind.MAPPING:
        if node.kind is not NodeKind.REFUSED:
            reader.note(node, "type", f"{name} must be a mapping, not {node.kind.value}", 'write it like `{read: aws:s3, resource: "*"}`')
        return None
    verbs: list[tuple[str, Node, Node]] = []
    found: dict[str, Entry] = {}
    has_unknown = False
    for key, value in node.entries:
        word = reader.key_text(key)
        if key.kind is NodeKind.REFUSED:
            has_unknown = True
        elif key.kind is NodeKind.TEXT and word in LINE_VERBS:
            verbs.append((word, key, value))
        elif key.kind is NodeKind.TEXT and word in keys:
            found[word] = (key, value)
        else:
            has_unknown = True
            _note_unknown(reader, key, word, keys)
    for word, key, _ in verbs[1:]:
        reader.note(key, "verbs", f"a second verb, `{word}`, in {name}", "write one line for each verb")
    if not verbs:
        if not has_unknown:
            reader.note(node, "missing-verb", f"{name} has no verb", 'write it like `{read: aws:s3, resource: "*"}`')
        return None, None, found
    verb, _, value = verbs[0]
    return (verb if len(verbs) == 1 else None), reader.system(value, verb, allows_star), found


def _note_unknown(reader: Reader, key: Node, word: str, keys: tuple[str, ...]) -> None:
    if word in _ELSEWHERE:
        reader.note(key, "unknown-key", _ELSEWHERE[word])
        return
    near_key, near_verb = nearest(word, keys), nearest(word, LINE_VERBS)
    is_verb = near_verb is not None and nearest(word, (*keys, *LINE_VERBS)) == near_verb
    if is_verb or near_key is None:
        reader.note(key, "unknown-verb", f"unknown verb `{printable(word, 60)}`", advice_for(word, LINE_VERBS))
    else:
        reader.note(key, "unknown-key", f"unknown key `{printable(word, 60)}`", advice_for(word, keys))


def _where(reader: Reader, entry: Entry | None) -> tuple[Condition, ...]:
    if entry is None or not reader.is_kind(entry[1], NodeKind.MAPPING, "where"):
        return ()
    node = entry[1]
    if not node.entries:
        reader.note(node, "empty", "`where` is an empty mapping")
    conditions = []
    for key, value in node.entries:
        argument = _argument(reader, key)
        values = _values(reader, argument or "where", value)
        if argument is not None and values:
            conditions.append(Condition(argument, values))
    return tuple(conditions)


def _argument(reader: Reader, key: Node) -> str | None:
    if key.kind is NodeKind.REFUSED:
        return None
    word = reader.key_text(key)
    if key.kind is not NodeKind.TEXT:
        reader.note(key, "type", f"a key of `where` must be text, not {key.kind.value}", "quote it")
    elif not word.strip() or "" in word.split("."):
        reader.note(
            key,
            "argument",
            f"`{printable(word, 60)}` is not an argument's name",
            "write it like `path`, or `file.path` for one inside an object",
        )
    else:
        return word
    return None


def _values(reader: Reader, argument: str, node: Node) -> tuple[Scalar, ...]:
    if node.kind is NodeKind.LIST:
        if not node.items:
            reader.note(node, "empty", f"`{printable(argument, 60)}` is an empty list", "a list holds what the argument may be")
        read = [_value(reader, argument, item) for item in node.items]
        return tuple(value for value in read if value is not None)
    value = _value(reader, argument, node)
    return () if value is None else (value,)


def _value(reader: Reader, argument: str, node: Node) -> Scalar | None:
    shown = printable(argument, 60)
    if node.kind in (NodeKind.NUMBER, NodeKind.BOOLEAN):
        number: Scalar = node.value
        return number
    if node.kind is NodeKind.MAPPING:
        advice = f"write a dotted path, like `{shown}.name`"
        reader.note(node, "type", f"`{shown}` must be a text pattern, a number, true or false, or a list of these", advice)
        return None
    if node.kind is NodeKind.LIST:
        reader.note(node, "type", f"a list inside the list of `{shown}`")
        return None
    if node.kind is NodeKind.NULL:
        reader.note(node, "empty", f"`{shown}` is empty", "write a text pattern, a number, true or false, or a list of these")
        return None
    text = reader.text(node, argument)
    if text is None:
        return None
    why = impossible(text) if not any(char.isspace() for char in text) else None
    if why is not None:
        reader.note(node, "impossible", f"the pattern `{printable(text, 80)}` can match nothing: {why}")
        return None
    return text


def _outside(reader: Reader, node: Node) -> tuple[str, ...]:
    if node.kind is NodeKind.TEXT:
        reader.note(node, "type", "`outside` must be a list, not text", f"write `[{printable(node.value, 60)}]`")
        return ()
    if not reader.is_kind(node, NodeKind.LIST, "outside"):
        return ()
    if not node.items:
        reader.note(node, "empty", "`outside` is an empty list", "name the domains that are inside")
    return tuple(dict.fromkeys(domain for item in node.items if (domain := reader.domain(item)) is not None))
