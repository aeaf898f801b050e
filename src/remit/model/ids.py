"""Identifiers: parse, format, compare (remit language, section 1).

Invariants:
- an agent's id is a slug: lower case letters, digits, `-`, `_`, `.`;
- JSON and command output write `agent:slug`; a remit, AuthZEN's subject.id and URL paths write `slug`;
- a connection is `kind:name`; a system in a line of a remit is `aws:SERVICE` or, for every other kind, the connection.
"""

from __future__ import annotations

import re
import unicodedata

import msgspec

from remit.model.errors import IdentifierError
from remit.model.shown import printable

AGENT_PREFIX = "agent:"
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9])?\Z")
_SYSTEM = re.compile(r"([a-z][a-z0-9-]{0,62}):([A-Za-z0-9][A-Za-z0-9._-]{0,126})\Z")
KNOWN_KINDS: frozenset[str] = frozenset({"aws", "postgres", "kubernetes", "mcp"})
"""Kinds of system that Remit knows; another kind in a remit is a warning, not an error."""


class SystemId(msgspec.Struct, frozen=True):
    """A system as a line of a remit writes it: `kind:name`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


def is_agent_slug(text: str) -> bool:
    """Whether `text` is an agent's id without its prefix."""
    return _SLUG.match(text) is not None


def agent_slug(text: str) -> str:
    """The slug of an agent written either way; raises IdentifierError when it is neither."""
    slug = text.removeprefix(AGENT_PREFIX)
    if not is_agent_slug(slug):
        raise IdentifierError(f"`{printable(text)}` is not an agent's id: lower case letters, digits, `-`, `_` and `.`")
    return slug


def slug_from_name(name: str) -> str:
    """The slug that a name becomes: accents dropped, everything else that is not allowed turned into `-`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    slug = re.sub(r"[^a-z0-9._-]+", "-", plain)
    slug = re.sub(r"-{2,}", "-", slug).strip("-._")
    return slug[:128].rstrip("-._") or "agent"


def system_id(text: str) -> SystemId:
    """Parses `kind:name`; raises IdentifierError with what would be right."""
    match = _SYSTEM.match(text)
    if match is None:
        if text in KNOWN_KINDS:
            example = "aws:s3" if text == "aws" else f"{text}:NAME"
            raise IdentifierError(f"`{text}` alone does not say which system; write it like `{example}`")
        raise IdentifierError(f"`{printable(text)}` is not a system; write `kind:name`, such as `aws:s3` or `mcp:files`")
    return SystemId(match[1], match[2])
