"""Identities, the credentials that prove them, and which agent uses which."""

from __future__ import annotations

import msgspec

from remit.model.place import Confidence, Place


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """What proves an identity: its kind, name and place; never its value."""

    name: str
    kind: str
    place: Place


class Because(msgspec.Struct, frozen=True, kw_only=True):
    """A place, and the clause that says what it shows."""

    place: Place
    text: str


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """An agent uses an identity; why we think so, and how sure we are."""

    ref: str
    because: tuple[Because, ...]
    confidence: Confidence


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """An agent uses an identity, as the inventory settled it."""

    agent: str
    principal: str
    """Canonical ref; of a system that is not connected, the ref as the evidence writes it."""
    because: tuple[Because, ...]
    key_fingerprints: tuple[str, ...] = ()
    """Of the keys by which this agent proves it, where they are known."""
    confidence: Confidence = Confidence.CERTAIN
    is_named: bool = True
    """False: bound by use alone."""
