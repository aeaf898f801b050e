"""Short ways to write evidence."""

from __future__ import annotations

from typing import Any

from remit.discover.merge import Sighting
from remit.model.evidence import ActionSeen, AgentSeen, CallSeen, CredentialSeen, IdentitySeen, OwnerSeen
from remit.model.place import Place


def at(text: str) -> Place:
    """`path`, `path:line` or `path:line-end`."""
    path, _, lines = text.partition(":")
    line, _, end = lines.partition("-")
    return Place(path, int(line) if line else None, int(end) if end else None)


def agent(place: str, name: str | None = None, **fields: Any) -> AgentSeen:
    """An agent seen at a place."""
    plain = {"framework": "crewai", "construct": "Agent", "language": "python", "tools": ()}
    return AgentSeen(place=at(place), name=name, **{**plain, **fields})


def sighting(place: str, name: str | None = None, **fields: Any) -> Sighting:
    """The same, merged."""
    seen = agent(place, name, **fields)
    return Sighting(seen=seen, places=(seen.place,))


def call(place: str, function: str | None, to: str, to_function: str | None) -> CallSeen:
    """A call from a function (None: module level) to another."""
    return CallSeen(place=at(place), function=function, to_path=to, to_function=to_function)


def action(place: str, function: str | None, name: str = "s3:GetObject", system: str = "aws:s3") -> ActionSeen:
    """An action in a function."""
    return ActionSeen(place=at(place), system=system, action=name, function=function)


def identity(place: str, ref: str, **fields: Any) -> IdentitySeen:
    """An identity named at a place."""
    return IdentitySeen(place=at(place), ref=ref, because="named here", **fields)


def credential(place: str, name: str, **fields: Any) -> CredentialSeen:
    """A credential read at a place."""
    return CredentialSeen(place=at(place), name=name, kind="token", **fields)


def owner(place: str, pattern: str | None, *names: str, **fields: Any) -> OwnerSeen:
    """A line of CODEOWNERS, or a tag."""
    return OwnerSeen(place=at(place), pattern=pattern, names=names, because="says so", **fields)
