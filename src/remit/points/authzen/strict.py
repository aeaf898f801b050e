"""Reads JSON that is to be decided on: what two readers could understand differently is refused.

Decoders keep the last of duplicate members silently. Here the members that were decoded are counted against the members that
stand in the text, which costs a tenth of collecting pairs.

Invariants:
- no duplicate members, whatever their spelling (`"a"`, `"\\u0061"`), no depth beyond `MAX_DEPTH`, no NaN, no bytes that are not UTF-8;
- a text that is refused is never partly used.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from remit.model.shown import printable

MAX_BYTES = 1 << 20
"""Longer bodies are refused unread."""
MAX_DEPTH = 32
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_ANY = msgspec.json.Decoder()


class MalformedError(Exception):
    """A body that is not understood as a whole; the text says why, for a person."""


def members_in_text(body: bytes) -> int:
    """How many members the objects of a JSON text have, counted in the text; raises MalformedError when it nests too deep.

    `body` must have been decoded once already: only well-formed JSON is counted right.
    """
    # A colon or bracket outside strings is structure, so the strings go first; without escapes they are every second piece.
    outline = _STRING.sub(b"", body) if b"\\" in body else b"".join(body.split(b'"')[::2])
    if outline.count(b"{") + outline.count(b"[") > MAX_DEPTH and _depth(outline) > MAX_DEPTH:
        raise MalformedError(f"the body nests deeper than {MAX_DEPTH}")
    return outline.count(b":")


def members_of(value: Any) -> int:
    """How many members the objects of a decoded value have, at every depth."""
    if type(value) is dict:
        count = len(value)
        for inner in value.values():
            if type(inner) is dict or type(inner) is list:
                count += members_of(inner)
        return count
    if type(value) is list:
        return sum([members_of(inner) for inner in value])
    return 0


def read_any(body: bytes) -> Any:
    """The value of a JSON text; raises MalformedError."""
    value = decode(_ANY, body)
    refuse_duplicates(body, value)
    return value


def decode(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    """Decodes with the decoder's own type; raises MalformedError in words for a person."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise MalformedError(in_words(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise MalformedError(f"the body nests deeper than {MAX_DEPTH}") from error


def refuse_duplicates(body: bytes, value: Any) -> None:
    """Raises MalformedError, with the name, when an object of the text has a member twice."""
    if members_in_text(body) == members_of(value):
        return
    raise MalformedError(f"member `{printable(_first_duplicate(body), 100)}` stands twice in one object")


def in_words(error: Exception) -> str:
    """A shape error without type names of the implementation."""
    text = str(error).replace("`str`", "`string`").replace("`bool`", "`boolean`").replace("`$.", "`").replace("`$[...]", "`$")
    return text[:1].lower() + text[1:]


def _first_duplicate(body: bytes) -> str:
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                found.append(name)
            seen.add(name)

    json.loads(body, object_pairs_hook=look, parse_int=float)
    return found[0] if found else ""


def _depth(outline: bytes) -> int:
    depth = deepest = 0
    for byte in outline:
        if byte in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"}]":
            depth -= 1
    return deepest
