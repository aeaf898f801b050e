"""Evidence without secrets in the texts that it carries; what a reader copied from a file may hold one."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from remit.model.evidence import ActionSeen, AgentSeen, Evidence, Gap, OwnerSeen, TextSeen
from remit.model.masking import without_secrets

_T = TypeVar("_T", bound=msgspec.Struct)


def without_secrets_in(seen: Evidence | Gap) -> Evidence | Gap:
    """The same evidence, its free texts without secrets; MCP servers are masked where they are read."""
    match seen:
        case AgentSeen():
            return _with(seen, purpose=_clean(seen.purpose), name=_clean(seen.name), model=_clean(seen.model))
        case TextSeen():
            return _with(seen, text=without_secrets(seen.text), heading=without_secrets(seen.heading))
        case ActionSeen():
            return _with(seen, resource=_clean(seen.resource), action=without_secrets(seen.action))
        case OwnerSeen():
            return _with(seen, names=tuple(map(without_secrets, seen.names)), because=without_secrets(seen.because))
        case Gap():
            return _with(seen, what=without_secrets(seen.what))
    return seen


def _clean(text: str | None) -> str | None:
    return None if text is None else without_secrets(text)


def _with(seen: _T, **texts: object) -> _T:
    changed = {name: text for name, text in texts.items() if text != getattr(seen, name)}
    kept: _T = msgspec.structs.replace(seen, **changed)
    return kept if changed else seen
