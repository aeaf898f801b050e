"""Actions that the code of a module would take: calls of cloud SDKs, SQL statements, HTTP requests and commands.

Invariants:
- an action is reported under the system's own name; a resource only where the code names it;
- SQL is parsed, not matched; text that cannot be parsed gives nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Set
from functools import lru_cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

import msgspec
from tree_sitter import Node

from remit.decide.statements.sql import actions_of
from remit.discover.sources.code.python.keys import key_pattern
from remit.discover.sources.code.python.module import Call, Module
from remit.discover.sources.code.python.names import Expression
from remit.discover.sources.code.python.syntax import Arguments, text_of, unwrapped
from remit.discover.sources.code.python.values import Values
from remit.model.evidence import ActionSeen
from remit.model.place import Place

_AWS = re.compile(r"(?:boto3|aioboto3|botocore|aiobotocore)\.(?:.*\.)?(client|resource|create_client)\(([\w-]+)\)\.(.+)")
_SQL = re.compile(
    r"\s*(?:--[^\n]*\n\s*)*(?:select|insert|update|delete|with|merge|truncate|create|drop|alter|copy|grant|revoke|call|explain)\b",
    re.IGNORECASE,
)
_MARKS = re.compile(r"%\(\w+\)s|%s|\?|\$\d+|(?<![:\w]):[A-Za-z_]\w*")
_OBJECT_FIELD = re.compile(
    r"(?:from|join|into|update|table|schema|database)\s+(?:only\s+|if\s+(?:not\s+)?exists\s+)?[\"`\w.]*\{",
    re.IGNORECASE,
)
_FIELD = re.compile(r"\{[^{}]*\}")
_MAX_SQL = 20_000
_MAX_ACTIONS = 400
_MAX_LENDING = 30
_LENDING_DEPTH = 2
"""How far a client or a connection may come from: a module of the repository, through one more."""


class _Words(msgspec.Struct, frozen=True):
    prefixes: dict[str, str]
    methods: dict[str, dict[str, list[str]]]
    silent: frozenset[str]
    resources: dict[str, dict[str, str]]
    http_modules: tuple[str, ...]
    http_methods: frozenset[str]
    shell: frozenset[str]
    drivers: dict[str, str]
    sql_calls: frozenset[str]


@lru_cache(maxsize=1)
def _words() -> _Words:
    text = resources.files("remit.discover.sources.code.tables").joinpath("python_actions.toml").read_text("utf-8")
    data: dict[str, Any] = tomllib.loads(text)
    return _Words(
        prefixes=data["aws"]["prefixes"],
        methods=data["aws"]["methods"],
        silent=frozenset(data["aws"]["silent"]["methods"]),
        resources=data["aws"]["resources"],
        http_modules=tuple(f"{name}." for name in data["http"]["modules"]),
        http_methods=frozenset(data["http"]["methods"]),
        shell=frozenset(data["shell"]["calls"]),
        drivers=data["sql"]["drivers"],
        sql_calls=frozenset(data["sql"]["calls"]),
    )


def actions(module: Module, values: Values) -> Iterator[ActionSeen]:
    """The actions of a module, each with the function in which it stands."""
    reading = _Reading(module, values)
    if not reading.is_relevant():
        return
    seen: set[tuple[str, str, str | None, str | None]] = set()
    for call in module.calls:
        if len(seen) >= _MAX_ACTIONS:
            return
        for system, action, resource in reading.of(call):
            key = (system, action, resource, call.scope.dotted)
            if key not in seen:
                seen.add(key)
                place = Place(module.path, module.line(call.node), module.last_line(call.node))
                yield ActionSeen(place=place, system=system, action=action, resource=resource, function=call.scope.dotted)


_Action = tuple[str, str, str | None]


class _Reading:
    def __init__(self, module: Module, values: Values) -> None:
        self.module, self.values, self.words = module, values, _words()
        lent = _lent_words(module, values)
        self._driver = self._driver_among(module.words) or self._only_driver_among(lent)
        self._has_aws = bool((module.words | lent) & {"boto3", "aioboto3", "aiobotocore", "botocore"})
        self._has_http = bool(module.words & {name.rstrip(".") for name in self.words.http_modules})
        self._has_shell = bool(module.words & {"subprocess", "os", "asyncio", "pty"})

    def _driver_among(self, words: Set[str]) -> str | None:
        return next((system for name, system in self.words.drivers.items() if name in words), None)

    def _only_driver_among(self, words: Set[str]) -> str | None:
        """The one database that other modules could have lent a connection to; None where it may be several."""
        found = {system for name, system in self.words.drivers.items() if name in words}
        named = found - {"sql"} or found
        return next(iter(named)) if len(named) == 1 else None

    def is_relevant(self) -> bool:
        return self._has_aws or self._has_http or self._has_shell or self._driver is not None

    def of(self, call: Call) -> Iterator[_Action]:
        callee = call.node.child_by_field_name("function")
        if callee is None or not call.called:
            return
        words = self.words
        here = Expression(self.module, call.scope, call.node)
        if self._driver is not None and (call.called in words.sql_calls or self._takes_sql(here, callee)):
            yield from self._sql(here, callee.type == "attribute")
        is_method = callee.type == "attribute"
        may_http = self._has_http and call.called in words.http_methods
        may_shell = self._has_shell and any(name.endswith(f".{call.called}") for name in words.shell)
        may_aws = self._has_aws and is_method and call.called not in ("append", "format", "join", "strip", "items", "print")
        if not (may_http or may_shell or may_aws):
            return
        path = self.values.names.path(here.at(callee))
        if path is None:
            return
        if path in words.shell:
            yield ("shell", "run", self._program(here))
        elif path.startswith(words.http_modules) and call.called in words.http_methods:
            yield from self._http(here, path)
        else:
            yield from self._aws(here, path, callee)

    # -- AWS -----------------------------------------------------------------------------------------------------------------------

    def _aws(self, call: Expression, path: str, callee: Any) -> Iterator[_Action]:
        match = _AWS.match(path)
        if match is None:
            return
        service, method = match[2], match[3].rpartition(".")[2]
        prefix = self.words.prefixes.get(service, service)
        if method == "paginate":
            named = self._paginated(call)
            if named is None:
                return
            method = named
        elif any(step[:1].islower() and "(" in step for step in match[3].split(".")[:-1]):
            return  # of an answer, not of the service: `get_item(...).get("Item")`
        elif method in self.words.silent or (method[:1].isupper() and match[1] == "resource"):
            return
        known = self.words.methods.get(prefix, {}).get(method)
        if known is None and match[1] == "resource" and "(" not in match[3]:
            return
        resource = self._aws_resource(call, prefix, callee)
        for name in known or [_camel(method)]:
            yield (
                f"aws:{prefix}",
                f"{prefix}:{name}",
                resource if name != "ListBucket" or resource is None else resource.partition("/")[0],
            )

    def _paginated(self, call: Expression) -> str | None:
        """`get_paginator("list_objects_v2").paginate()` calls the operation that it names."""
        callee = call.node.child_by_field_name("function")
        owner = callee.child_by_field_name("object") if callee is not None else None
        found = self.values.names.follow(call.at(owner)) if owner is not None else None
        if found is None or found.expression is None or found.expression.node.type != "call":
            return None
        first = Arguments(found.expression.node).get(0, "operation_name")
        return self.values.text(found.expression.at(first)) if first is not None else None

    def _aws_resource(self, call: Expression, prefix: str, callee: Any) -> str | None:
        rule = self.words.resources.get(prefix)
        if rule is None:
            return None
        arguments = Arguments(call.node)
        given = self.values.argument(call, (rule["at"],), arguments)
        name = self.values.text(given) if given is not None else None
        key = self._s3_key(call, arguments) if prefix == "s3" else None
        if name is None and given is None:
            name, outer_key = self._from_owner(call, callee)
            key = key or outer_key
        if name is None and prefix == "s3" and given is None and call.node.type == "call":
            name, key = self._positional_s3(call, arguments)
        if not name:
            return None
        if name.startswith("arn:"):
            return f"{name}/{key}" if key else name
        return rule["arn"].format(name.lstrip("/") if rule["arn"].endswith("/{}") else name) + (f"/{key}" if key else "")

    def _s3_key(self, call: Expression, arguments: Arguments) -> str | None:
        """The key that a call names; `*` for what of it is not known from here: the action is on an object all the same."""
        given = self.values.argument(call, ("Key",), arguments)
        if given is None:
            return None
        return key_pattern(self.values, given)

    def _positional_s3(self, call: Expression, arguments: Arguments) -> tuple[str | None, str | None]:
        """`upload_file(file, bucket, key)` and `download_file(bucket, key, file)` of a client."""
        called = text_of(call.node.child_by_field_name("function") or call.node).rpartition(".")[2]
        at = 1 if called.startswith("upload_file") else 0 if called.startswith("download_file") else None
        given = arguments.positional
        if at is None or len(given) < 3:
            return None, None
        return self.values.text(call.at(given[at])), key_pattern(self.values, call.at(given[at + 1]))

    def _from_owner(self, call: Expression, callee: Any) -> tuple[str | None, str | None]:
        """`Bucket("x")`, `Object("x", "k")`, `Table("t")` on which a method of a resource is called."""
        owner = callee.child_by_field_name("object")
        for _ in range(6):
            if owner is None:
                return None, None
            found = self.values.names.follow(call.at(owner))
            if found is None or found.expression is None or found.expression.node.type != "call":
                inner = unwrapped(owner)
                owner = inner.child_by_field_name("object") if inner.type == "attribute" else None
                continue
            call = found.expression
            inner_callee = call.node.child_by_field_name("function")
            name = text_of(inner_callee).rpartition(".")[2] if inner_callee is not None else ""
            if name in ("Bucket", "Object", "Table", "ObjectSummary"):
                given = Arguments(call.node).positional[:2]
                bucket = self.values.text(call.at(given[0])) if given else None
                return bucket, (key_pattern(self.values, call.at(given[1])) if len(given) > 1 else None)
            owner = inner_callee.child_by_field_name("object") if inner_callee is not None else None
        return None, None

    # -- SQL -----------------------------------------------------------------------------------------------------------------------

    def _sql(self, call: Expression, is_method: bool) -> Iterator[_Action]:
        first = Arguments(call.node).get(0, "query", "sql", "statement", "operation")
        if first is None:
            return
        text = self.values.text(call.at(first), templates=True)
        if text is None or len(text) > _MAX_SQL or not _SQL.match(text) or _OBJECT_FIELD.search(text):
            return
        plain = _MARKS.sub("(NULL)", _FIELD.sub("(NULL)", text)) if "'" not in text else _outside_quotes(text)
        system = self._system(call) if is_method else (self._driver or "sql")
        for action in actions_of(plain) or ():
            yield (system, action.action, action.object or None)

    def _takes_sql(self, call: Expression, callee: Node) -> bool:
        """Whether a statement is given to a function of the repository's own: `rows("SELECT ...", day)`."""
        first = Arguments(call.node).get(0)
        if first is None or first.type not in ("string", "concatenated_string") or not _SQL.match(text_of(first).lstrip("rbfRBF\"'")):
            return False
        found = self.values.names.follow(call.at(callee))
        return found is not None and found.kind == "function"

    def _system(self, call: Expression) -> str:
        callee = call.node.child_by_field_name("function")
        path = self.values.names.path(call.at(callee)) if callee is not None else None
        top = path.split(".", 1)[0] if path is not None else ""
        return self.words.drivers.get(top, self._driver or "sql")

    # -- HTTP and commands -----------------------------------------------------------------------------------------------------------

    def _http(self, call: Expression, path: str) -> Iterator[_Action]:
        arguments = Arguments(call.node)
        method = path.rpartition(".")[2]
        positions: tuple[str | int, ...] = ("url", 0)
        if method in ("request", "stream"):
            given = arguments.get("method", 0)
            named = self.values.text(call.at(given)) if given is not None else None
            if named is None:
                return
            method, positions = named, ("url", 1)
        where = arguments.get(*positions)
        text = self.values.text(call.at(where), templates=True) if where is not None else None
        yield ("http", method.upper(), host_of(text) if text is not None else None)

    def _program(self, call: Expression) -> str | None:
        first = Arguments(call.node).get(0, "args", "cmd", "command")
        if first is None:
            return None
        items = self.values.items(call.at(first))
        text = self.values.text(items[0]) if items else self.values.text(call.at(first), templates=True)
        words = text.split() if text is not None else []
        return words[0] if words and re.fullmatch(r"[\w./+\-]+", words[0]) else None


def _lent_words(module: Module, values: Values) -> set[str]:
    """The words of the modules of the repository from which a module may have its clients and connections."""
    repository = values.names.repository
    found: set[str] = set()
    seen = {module.path}
    waiting = [(module, 0)]
    while waiting and len(seen) <= _MAX_LENDING:
        current, depth = waiting.pop()
        for target, _, _ in current.imports if depth < _LENDING_DEPTH else ():
            path = repository.file_of(current, target)
            if path is None or path in seen or not path.endswith(".py"):
                continue
            seen.add(path)
            loaded = repository.module(path)
            if loaded is not None:
                found |= loaded.words
                waiting.append((loaded, depth + 1))
    return found


def host_of(url: str) -> str | None:
    """The host of an address that is written out; None when a field stands in it."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https", "ws", "wss") or not host or any(mark in host for mark in "{}<>$% "):
        return None
    return host


def _camel(method: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in method.split("_"))


def _outside_quotes(text: str) -> str:
    """Parameter marks are replaced outside of quoted text only."""
    pieces = re.split(r"('(?:[^']|'')*')", text)
    return "".join(piece if piece.startswith("'") else _MARKS.sub("(NULL)", _FIELD.sub("(NULL)", piece)) for piece in pieces)
