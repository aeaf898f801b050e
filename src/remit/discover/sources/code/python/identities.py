"""Identities that code names: roles by ARN, and roles of databases in connection addresses.

Ambient identities (a cloud client without a key) have no name in the code and are left to the deployment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from remit.discover.sources.code.declarations.environment import ref_of_text
from remit.discover.sources.code.python.module import Module
from remit.discover.sources.code.python.names import Expression
from remit.discover.sources.code.python.syntax import Arguments
from remit.discover.sources.code.python.values import Values
from remit.model.evidence import IdentitySeen
from remit.model.place import Place

_ROLE = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}")
_DATABASE = re.compile(r"postgres(?:ql)?(?:\+\w+)?://", re.IGNORECASE)
_ADDRESS = re.compile(rb"""["'](postgres(?:ql)?(?:\+\w+)?://[^\s"'<>`]{3,300})["']""", re.IGNORECASE)
_FOR_ELSE = re.compile(rb"localhost.{0,6}/(?:test|postgres)\b|/test", re.IGNORECASE)
_NAMED = re.compile(r"(?i)role_?arn$|^execution_?role$")
_PLAIN = re.compile(r"[A-Za-z_][\w.$-]{0,62}")
_PLACEHOLDERS = frozenset(
    {"user", "username", "your_user", "your-username", "db_user", "dbname", "database", "db", "mydb", "your_database", "name"}
)
_CONNECTS = (
    "psycopg2.connect",
    "psycopg.connect",
    "asyncpg.connect",
    "asyncpg.create_pool",
    "pg8000.connect",
    "psycopg.AsyncConnection.connect",
    "psycopg.Connection.connect",
    "psycopg_pool.ConnectionPool",
    "psycopg_pool.AsyncConnectionPool",
    "sqlalchemy.URL.create",
    "sqlalchemy.engine.URL.create",
    "sqlalchemy.engine.url.URL.create",
)


def identities(module: Module, values: Values) -> Iterator[IdentitySeen]:
    """The identities that a module names."""
    if not any(word in module.source for word in (b"arn:aws", b"postgres", b"psycopg", b"asyncpg", b"pg8000", b"sqlalchemy")):
        return
    seen: set[str] = set()
    for call in module.calls:
        here = Expression(module, call.scope, call.node)
        for ref, because in (*_roles(here, values), *_databases(here, values)):
            if ref not in seen:
                seen.add(ref)
                yield IdentitySeen(place=Place(module.path, module.line(call.node)), ref=ref, because=because)
    for match in _ADDRESS.finditer(module.source):
        written = _from_url(match[1].decode("utf-8", "replace"))
        if written is not None and written not in seen and not _FOR_ELSE.search(match[1]) and _is_value(module, match.start(1)):
            seen.add(written)
            line = module.raw_line(module.source.count(b"\n", 0, match.start(1)))
            yield IdentitySeen(place=Place(module.path, line), ref=written, because="user of a connection address in code")


def _is_value(module: Module, position: int) -> bool:
    """Whether a text is a value in code, no comment and no documentation."""
    node = module.root.node.named_descendant_for_byte_range(position, position)
    while node is not None and node.type in ("string_content", "string", "interpolation", "string_start", "concatenated_string"):
        node = node.parent
    return node is not None and node.type not in ("comment", "expression_statement", "module")


def _roles(call: Expression, values: Values) -> Iterator[tuple[str, str]]:
    for name, node in Arguments(call.node).keywords.items():
        if _NAMED.search(name):
            text = values.text(call.at(node))
            if text is not None and _ROLE.fullmatch(text):
                yield text, f"`{name}` of a call"


def _databases(call: Expression, values: Values) -> Iterator[tuple[str, str]]:
    arguments = Arguments(call.node)
    first = arguments.get(0, "dsn", "url", "conninfo", "connection_string")
    text = values.text(call.at(first)) if first is not None and first.type in ("string", "identifier", "attribute") else None
    if text is not None and _DATABASE.match(text):
        ref = _from_url(text)
        if ref is not None:
            yield ref, "user of a connection address"
    is_text = text is not None and "=" in text and "user" in text
    user = arguments.get("user", "username")
    if not is_text and user is None:
        return
    callee = call.node.child_by_field_name("function")
    if callee is None or values.names.path(call.at(callee)) not in _CONNECTS:
        return
    if is_text and text is not None:
        named = ref_of_text(text)
        ref = None if named is None else _reference(*named.removeprefix("postgres:").split("/", 1))
    else:
        database = arguments.get("dbname", "database")
        texts = [values.text(call.at(node)) if node is not None else None for node in (database, user)]
        ref = _reference(texts[0], texts[1])
    if ref is not None:
        yield ref, "user of a connection"


def _from_url(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        return _reference(unquote(parts.path.strip("/")), unquote(parts.username or ""))
    except ValueError:
        return None


def _reference(database: str | None, user: str | None) -> str | None:
    if not database or not user or not _PLAIN.fullmatch(database) or not _PLAIN.fullmatch(user):
        return None
    if user.lower() in _PLACEHOLDERS or database.lower() in _PLACEHOLDERS:
        return None
    return f"postgres:{database}/{user}"
