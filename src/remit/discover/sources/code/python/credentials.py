"""Credentials that a module reads: environment variables, secret stores of notebooks and apps, settings classes.

Invariants:
- only names are kept, never values;
- a name counts when the shared table says that it holds a credential, and when it stands in code, not in a comment or a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from remit.discover.sources.code.credentials import credential_kind, kind_beside
from remit.discover.sources.code.python.module import Module, Scope
from remit.discover.sources.code.python.names import Expression, Names
from remit.discover.sources.code.python.syntax import Arguments, plain_string, text_of
from remit.discover.sources.code.python.values import Values
from remit.model.evidence import CredentialSeen
from remit.model.place import Place

_NAME = rb"""[rRuU]?(["'])([A-Za-z_][A-Za-z0-9_.\-]{1,100})\1"""
_READ = re.compile(
    rb"\b(?:environ|getenv|secrets|userdata|get_secret|dotenv_values|get_key|environb|unset_env|set_env|_set_env|set_if_undefined|_set_if_undefined)"
    rb"(?:\([^()\n]*\))?(?:\.(?:get|setdefault|pop|__getitem__|get_secret|str|fetch|read))?\s*[\[(]\s*(?:var_name\s*=\s*|key\s*=\s*)?"
    + _NAME
)
_ASKED = re.compile(rb"\bin\s+(?:os\.)?environ\b")
_BEFORE = re.compile(_NAME + rb"\s+(?:not\s+)?\Z")
_HINTS = (b"environ", b"getenv", b"secrets", b"userdata", b"get_secret", b"dotenv", b"get_key", b"set_env", b"set_if_undefined")
_CONSTANT = re.compile(rb"\b(?:environ|getenv)(?:\.(?:get|setdefault|pop))?\s*[\[(]\s*([A-Za-z_]\w*)\s*[\]),]")
_SETTINGS = ("BaseSettings",)
_READERS = (
    "decouple.config",
    "environs.Env()",
    "environ.Env()",
    "starlette.config.Config()",
    "dotenv.dotenv_values()",
    "decouple.Config()",
    "dotenv.get_key",
)


def credentials(module: Module, values: Values) -> Iterator[CredentialSeen]:
    """The credentials that a module reads, each name once."""
    seen: set[str] = set()
    read = sorted(_names(module, values), key=lambda item: item[1])
    names = {name for name, _ in read}
    for name, row in read:
        kind = kind_beside(name, names)
        if kind is not None and name not in seen:
            seen.add(name)
            yield CredentialSeen(place=Place(module.path, module.raw_line(row)), name=name, kind=kind)


def _names(module: Module, values: Values) -> Iterator[tuple[str, int]]:
    source = module.source
    if any(hint in source for hint in _HINTS):
        for match in _READ.finditer(source):
            if _is_code(module, match.start()):
                yield match[2].decode(), _row(module, match.start(2))
    if b"environ" in source or b"getenv" in source:
        yield from _asked(module)
        for match in _CONSTANT.finditer(source):
            if _is_code(module, match.start()):
                yield from _constant(module, values, match)
    if any(word in module.words for word in ("decouple", "environs", "environ", "dotenv", "starlette")):
        yield from _calls(module, values)
    if "BaseSettings" in module.words or b"BaseSettings" in source:
        for scope in module.classes:
            yield from _settings(module, values.names, scope)


def _asked(module: Module) -> Iterator[tuple[str, int]]:
    """`"NAME" in os.environ`."""
    for match in _ASKED.finditer(module.source):
        start = max(0, match.start() - 130)
        name = _BEFORE.search(module.source[start : match.start()])
        if name is not None and _is_code(module, match.end() - 1):
            yield name[2].decode(), _row(module, start + name.start(2))


def _is_code(module: Module, position: int) -> bool:
    node = module.root.node.named_descendant_for_byte_range(position, position)
    return node is not None and node.type not in ("comment", "string_content", "string")


def _row(module: Module, position: int) -> int:
    node = module.root.node.descendant_for_byte_range(position, position)
    return node.start_point.row if node is not None else 0


def _constant(module: Module, values: Values, match: re.Match[bytes]) -> Iterator[tuple[str, int]]:
    """`os.environ[NAME]` with a constant; in a function whose parameter it is, the texts that callers give."""
    node = module.root.node.named_descendant_for_byte_range(match.start(1), match.end(1))
    if node is None or node.type != "identifier":
        return
    scope = module.scope_at(node.start_byte)
    text = values.text(Expression(module, scope, node))
    if text is not None:
        yield text, node.start_point.row
        return
    name = text_of(node)
    listed = scope.bindings.get(name)
    if scope.kind == "function" and listed and listed[0].kind == "parameter":
        position = next((index for index, key in enumerate(_parameters(scope)) if key == name), None)
        if position is not None:
            yield from _given(module, scope.name, position, name)
    elif listed:
        yield from _iterated(module, values, scope, node, name)


def _parameters(scope: Scope) -> list[str]:
    names = [name for name, found in scope.bindings.items() if found[0].kind == "parameter"]
    return [name for name in names if name not in ("self", "cls")]


def _given(module: Module, function: str, position: int, keyword: str) -> Iterator[tuple[str, int]]:
    for call in module.calls:
        if call.called == function:
            given = Arguments(call.node).get(keyword, position)
            text = plain_string(given) if given is not None else None
            if text is not None:
                yield text, call.node.start_point.row


def _iterated(module: Module, values: Values, scope: Scope, node: Node, name: str) -> Iterator[tuple[str, int]]:
    """`for name in ["A", "B"]: os.environ[name]`."""
    around: Node | None = node.parent
    for _ in range(30):
        if around is None:
            return
        if around.type == "for_statement":
            left, right = around.child_by_field_name("left"), around.child_by_field_name("right")
            if left is not None and right is not None and text_of(left) == name:
                for item in values.items(Expression(module, scope, right)) or ():
                    text = values.text(item)
                    if text is not None:
                        yield text, item.node.start_point.row
                return
        around = around.parent


def _calls(module: Module, values: Values) -> Iterator[tuple[str, int]]:
    """`config("X")` of decouple, `env("X")` of environs, `dotenv_values()["X"]`."""
    for call in module.calls:
        arguments = call.node.child_by_field_name("arguments")
        first = arguments.named_children[0] if arguments is not None and arguments.named_children else None
        text = plain_string(first) if first is not None else None
        callee = call.node.child_by_field_name("function")
        if text is None or callee is None or credential_kind(text) is None:
            continue
        path = values.names.path(Expression(module, call.scope, callee))
        if path is not None and path.startswith(_READERS):
            yield text, call.node.start_point.row
    for match in re.finditer(rb"\b([A-Za-z_]\w*)\[\s*" + _NAME.replace(rb"\1", rb"\2") + rb"\s*\]", module.source):
        text = match[3].decode()
        if credential_kind(text) is None or not _is_code(module, match.start()):
            continue
        node = module.root.node.named_descendant_for_byte_range(match.start(1), match.end(1))
        path = values.names.path(Expression(module, module.scope_at(match.start()), node)) if node is not None else None
        if path is not None and path.startswith("dotenv.dotenv_values()"):
            yield text, _row(module, match.start())


def _settings(module: Module, names: Names, scope: Scope) -> Iterator[tuple[str, int]]:
    """Fields of a settings class are read from variables of the same name in capitals, or of the alias that they give."""
    if not any((names.path(base) or "").endswith(_SETTINGS) for base in names.bases(module, scope)):
        return
    for name, annotation in scope.types.items():
        bindings = scope.bindings.get(name, ())
        alias = _alias(bindings[0].node) if bindings else None
        yield alias or name.upper(), annotation.start_point.row


def _alias(value: Node) -> str | None:
    if value.type != "call":
        return None
    given = Arguments(value).get("validation_alias", "alias", "env")
    return plain_string(given) if given is not None else None
