"""JSON-RPC lines of MCP: read so that no two readers can understand them differently, and written.

Source: JSON-RPC 2.0; MCP 2026-07-28 and 2025-11-25, base protocol and tools.

Invariants:
- a line of the client is refused whole when any part of it could be read in two ways: duplicate members, envelope members or
  arguments that differ only in letter case, NaN, bytes that are not UTF-8, lone surrogates, nesting beyond `MAX_DEPTH`;
- an identifier is a string or an integer, as MCP wants it; a batch is refused (neither version has batches);
- reading ends in a `Message` or a `Refusal`, never in an exception.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

Id = str | int

MAX_DEPTH = 64
"""Nesting of objects and lists in a line of the client."""
MAX_ID_CHARS = 1024
_MAX_DIGITS = 1000
PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INTERNAL_ERROR = -32603
DENIED = -32010
"""Of Remit: a request other than a tool call was decided on and denied."""

_ENVELOPE = ("jsonrpc", "id", "method", "params", "result", "error")


class Refusal(msgspec.Struct, frozen=True):
    """A line that is not understood."""

    code: int
    why: str
    id: Id | None = None
    """The identifier, where it could be told beyond doubt."""


class Message(msgspec.Struct, frozen=True):
    """A line that is one JSON-RPC message."""

    body: dict[str, Any]

    @property
    def method(self) -> str | None:
        """None: a response."""
        method = self.body.get("method")
        return method if isinstance(method, str) else None

    @property
    def id(self) -> Id | None:
        """None: a notification."""
        found = self.body.get("id")
        return found if isinstance(found, str | int) else None

    @property
    def params(self) -> dict[str, Any]:
        """Named parameters; empty where there are none."""
        params = self.body.get("params")
        return params if isinstance(params, dict) else {}


def read(line: bytes) -> Message | Refusal:
    """One line of a client."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return Refusal(PARSE_ERROR, "the line is not UTF-8")
    repeated: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            counts = Counter(name for name, _ in pairs)
            repeated.extend(name for name, count in counts.items() if count > 1)
        return found

    try:
        body = json.loads(text, object_pairs_hook=collect, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole)
    except RecursionError:
        return Refusal(INVALID_REQUEST, f"the line nests deeper than {MAX_DEPTH}")
    except ValueError as error:
        return Refusal(PARSE_ERROR, f"the line is not JSON: {error}")
    if isinstance(body, list):
        return Refusal(INVALID_REQUEST, "batches are not taken; send one message a line")
    if not isinstance(body, dict):
        return Refusal(INVALID_REQUEST, "the line is not a JSON-RPC message")
    identifier = None if "id" in repeated else _plain_id(body.get("id"))
    why = _ambiguity(line, text, body, repeated) or _malformation(body)
    return Refusal(INVALID_REQUEST, why, identifier) if why else Message(body)


def encode(body: dict[str, Any]) -> bytes:
    """A message as a line, without its end."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def error_line(identifier: Id | None, code: int, text: str) -> bytes:
    """A JSON-RPC error; `identifier` is None where it is not known."""
    return encode({"jsonrpc": "2.0", "id": identifier, "error": {"code": code, "message": text}})


def denied_result_line(identifier: Id, text: str) -> bytes:
    """The result of a tool call that was denied: an error that the model can read."""
    # `resultType` belongs to 2026-07-28; earlier versions let a result carry more members than they name.
    result = {"content": [{"type": "text", "text": text}], "isError": True, "resultType": "complete"}
    return encode({"jsonrpc": "2.0", "id": identifier, "result": result})


def case_clash(names: Iterator[str]) -> str | None:
    """Two names that differ only in letter case, as words for a person; some servers take one for the other."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            return f"`{other[:100]}` and `{name[:100]}` differ only in letter case"
    return None


def _ambiguity(line: bytes, text: str, body: dict[str, Any], repeated: list[str]) -> str | None:
    if repeated:
        return f"member `{repeated[0][:100]}` stands twice in one object"
    for name in body:
        if name not in _ENVELOPE and name.casefold() in _ENVELOPE:
            return f"`{name}` is not a member of a JSON-RPC message; `{name.casefold()}` is"
    if line.count(b"{") + line.count(b"[") > MAX_DEPTH and _depth_exceeds(body, MAX_DEPTH):
        return f"the line nests deeper than {MAX_DEPTH}"
    if "\\u" in text and _has_lone_surrogate(body):
        return "a text holds half of a surrogate pair"
    return None


def _malformation(body: dict[str, Any]) -> str | None:
    if body.get("jsonrpc") != "2.0":
        return '`jsonrpc` must be "2.0"'
    if "id" in body and _plain_id(body["id"]) is None and not ("error" in body and body["id"] is None):
        return "`id` must be a string or an integer"
    if "method" in body:
        if not isinstance(body["method"], str):
            return "`method` must be a string"
        if "result" in body or "error" in body:
            return "a message is a request or a response, not both"
        if not isinstance(body.get("params", {}), dict):
            return "`params` must be an object"
        return None
    if "id" not in body or ("result" in body) == ("error" in body):
        return "the message is neither a request nor a response"
    return None


def _plain_id(value: Any) -> Id | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**64 else None
    return value if len(value) <= MAX_ID_CHARS and not _is_broken(value) else None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"`{name}` is not a JSON value")


def _whole(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"a number has {len(digits)} digits, and at most {_MAX_DIGITS} are read")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"the number `{digits[:40]}` is too large")
    return value


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit + 1):
        level = [
            inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer) if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _has_lone_surrogate(body: dict[str, Any]) -> bool:
    return _is_broken(json.dumps(body, ensure_ascii=False))


def _is_broken(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
