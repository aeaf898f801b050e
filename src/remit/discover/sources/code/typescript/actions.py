"""Actions that code takes: AWS commands, requests to hosts, processes, SQL statements; literal arguments only."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from tree_sitter import Node

from remit.discover.sources.code.typescript import syntax
from remit.discover.sources.code.typescript.keys import key_pattern
from remit.discover.sources.code.typescript.module import Module, Seen
from remit.discover.sources.code.typescript.names import Callee, Names, Spot
from remit.discover.sources.code.typescript.syntax import end_of, line_of
from remit.discover.sources.code.typescript.table import Row, host_row, load_actions
from remit.discover.sources.code.typescript.values import Values
from remit.model.evidence import ActionSeen
from remit.model.place import Place

_STATEMENT = 20_000


def actions(module: Module, names: Names, values: Values, seen: Seen) -> Iterator[ActionSeen]:
    """The actions of one call or `new`."""
    callee = names.callee(module, seen.node)
    if callee.symbol is not None and callee.symbol.package.startswith("@aws-sdk/"):
        yield from _aws(module, values, seen, callee)
    elif seen.node.type == "call_expression":
        yield from _shell(module, seen, callee)
        yield from _http(module, values, seen, callee)
        yield from _sql(module, values, seen, callee)


def _seen(module: Module, seen: Seen, system: str, action: str, resource: str | None) -> ActionSeen:
    place = Place(module.path, line_of(seen.node), end_of(seen.node))
    return ActionSeen(place=place, system=system, action=action, resource=resource, function=module.dotted(seen.function))


def _aws(module: Module, values: Values, seen: Seen, callee: Callee) -> Iterator[ActionSeen]:
    symbol = callee.symbol
    facts = load_actions()["aws"]
    if symbol is None or seen.node.type != "new_expression":
        return
    suffix = symbol.package.removeprefix("@aws-sdk/").split("/", 1)[0]
    is_upload = suffix == "lib-storage" and symbol.name == "Upload"
    if not symbol.name.endswith("Command") and not is_upload:
        return
    service = facts["services"].get(suffix, suffix.removeprefix("client-"))
    operation = symbol.name.rpartition(".")[2].removesuffix("Command")
    action = facts["actions"].get(f"{service}:{operation}", f"{service}:{operation}")
    arguments = syntax.arguments_of(seen.node)
    options = values.object_at(Spot(module, arguments[0])) if arguments else None
    if is_upload and options is not None:
        options = values.object_at(values.value_of(options, "params"))
    resource = _aws_resource(values, service, options, facts["resources"].get(service, ()))
    yield _seen(module, seen, f"aws:{service}", action, resource)


def _aws_resource(values: Values, service: str, options: Spot | None, keys: list[str]) -> str | None:
    for key in keys if options is not None else ():
        name = values.literal(values.value_of(options, key)) if options is not None else None
        if not name or options is None:
            continue
        if service == "s3":
            given = values.value_of(options, "Key")
            # A key that is not known from here is still one: the action is on an object of the bucket.
            return f"arn:aws:s3:::{name}" if given is None else f"arn:aws:s3:::{name}/{key_pattern(values, given)}"
        return name
    return None


def _shell(module: Module, seen: Seen, callee: Callee) -> Iterator[ActionSeen]:
    symbol, facts = callee.symbol, load_actions()["shell"]
    if symbol is None:
        return
    name = symbol.name.removeprefix("default.")
    known = name in facts["functions"] if symbol.package in facts["packages"] else symbol.name in facts["others"].get(symbol.package, ())
    if known or symbol in {("", "Bun.spawn"), ("", "Bun.spawnSync"), ("", "Bun.$")}:
        yield _seen(module, seen, "shell", "run", None)


def _http(module: Module, values: Values, seen: Seen, callee: Callee) -> Iterator[ActionSeen]:
    symbol = callee.symbol
    if symbol is None:
        return
    is_fetch = symbol.package == "" and symbol.name in {"fetch", "globalThis.fetch", "window.fetch"}
    if not is_fetch and symbol.name not in load_actions()["http"]["packages"].get(symbol.package, ()):
        return
    arguments = syntax.arguments_of(seen.node)
    if not arguments:
        return
    host = _host(values, Spot(module, arguments[0]))
    if host is None:
        return
    last = symbol.name.rpartition(".")[2]
    method = last if last in {"get", "post", "put", "patch", "delete"} else "get"
    options = values.object_at(Spot(module, arguments[1])) if len(arguments) > 1 else None
    given = values.value_of(options, "method") if options is not None else None
    if given is not None:
        method = (values.literal(given) or "post").lower()
    yield _seen(module, seen, "http", method, host)


def model_request(module: Module, values: Values, seen: Seen, callee: Callee) -> tuple[Row, str] | None:
    """The row of a request to the host of a model."""
    row = host_row()
    symbol, arguments = callee.symbol, syntax.arguments_of(seen.node)
    if symbol is None or len(arguments) < 2 or symbol.name.rpartition(".")[2] not in {"fetch", "post", "request", "default"}:
        return None
    text = values.literal(Spot(module, arguments[0])) or values.text(Spot(module, arguments[0])) or ""
    return (row, "POST") if any(host in text for host in row.hosts) else None


def _host(values: Values, spot: Spot) -> str | None:
    """The host of a URL whose beginning is written out."""
    text = values.literal(spot)
    if text is None:
        found = values.settled(spot)
        if not isinstance(found, Spot) or found.node.type not in {"template_string", "binary_expression", "new_expression"}:
            return None
        text = values.text(found) or ""
    if not text.startswith(("http://", "https://")):
        return None
    try:
        host = urlsplit(text).hostname
    except ValueError:
        return None
    return host if host and "$" not in host and "{" not in host and "." in host else None


def _dialect(callee: Callee) -> tuple[str, str] | None:
    symbol = callee.symbol or callee.instance
    if symbol is None:
        return None
    known = load_actions()["sql"].get(symbol.package)
    return (known[0], known[1]) if known else None


def _sql(module: Module, values: Values, seen: Seen, callee: Callee) -> Iterator[ActionSeen]:
    known = _dialect(callee)
    if known is None:
        return
    arguments = seen.node.child_by_field_name("arguments")
    if arguments is not None and arguments.type == "template_string":
        statement = _with_placeholders(arguments)
    else:
        last = callee.path[-1] if callee.path else (callee.symbol.name.rpartition(".")[2] if callee.symbol else "")
        given = syntax.arguments_of(seen.node)
        if not given or last not in load_actions()["statements"]["methods"]:
            return
        options = values.object_at(Spot(module, given[0]))
        spot = values.value_of(options, "text") or values.value_of(options, "query") if options is not None else Spot(module, given[0])
        text = values.literal(spot)
        statement = text if text is not None else ""
    dialect, system = known
    for action, resource in statements(statement, dialect):
        yield _seen(module, seen, system, action, resource)


def _with_placeholders(template: Node) -> str:
    """A tagged template is a statement with parameters, never text put together."""
    if template.end_byte - template.start_byte > _STATEMENT:
        return ""
    parts: list[str] = []
    at = template.start_byte + 1
    data = template.text or b""
    for child in template.named_children:
        if child.type == "template_substitution":
            parts.append(data[at - template.start_byte : child.start_byte - template.start_byte].decode("utf-8", "replace"))
            parts.append("NULL")
            at = child.end_byte
    parts.append(data[at - template.start_byte : -1].decode("utf-8", "replace"))
    return "".join(parts)


_ACTIONS: tuple[tuple[type[exp.Expr], str], ...] = (
    (exp.Insert, "insert"),
    (exp.Update, "update"),
    (exp.Delete, "delete"),
    (exp.Merge, "update"),
    (exp.Create, "create"),
    (exp.Drop, "drop"),
    (exp.Alter, "alter"),
    (exp.TruncateTable, "truncate"),
    (exp.Query, "select"),
)


@lru_cache(maxsize=512)
def statements(text: str, dialect: str) -> tuple[tuple[str, str | None], ...]:
    """(action, table) of the statements in a text; nothing when it cannot be parsed."""
    if not text.strip() or len(text) > _STATEMENT or text.count("(") > 200:
        return ()
    try:
        parsed = sqlglot.parse(text, read=dialect)
    except (SqlglotError, RecursionError, ValueError):
        return ()
    found: list[tuple[str, str | None]] = []
    for statement in parsed[:20]:
        action = next((name for kind, name in _ACTIONS if isinstance(statement, kind)), None)
        if statement is None or action is None:
            continue
        common = {item.alias for item in statement.find_all(exp.CTE)}
        target = statement.this if action != "select" else None
        written = target.find(exp.Table) if isinstance(target, exp.Expression) else None
        for item in statement.find_all(exp.Table):
            if item.name and item.name not in common:
                name = f"{item.db}.{item.name}" if item.db else item.name
                found.append((action if written is None or item is written else "select", name))
        if not found:
            found.append((action, None))
    return tuple(dict.fromkeys(found))
