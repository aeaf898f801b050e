"""Which grants make a use possible, as far as a window shows it."""

from __future__ import annotations

import re

from remit.contracts.detection import Window
from remit.model.access import Access
from remit.model.event import Use

_BUCKET = re.compile(r"(arn:[\w-]+:s3:::[^/]+)/.*", re.DOTALL)


def container_of(resource: str) -> str:
    """What a person would call it: the bucket of an object, else the resource itself."""
    match = _BUCKET.fullmatch(resource)
    return match[1] if match is not None else resource


def grants_for(window: Window, use: Use) -> tuple[str, ...]:
    """Places of what lets the identity do this again: grants that cover it; where its access is not known, the identity itself."""
    principal = window.principals.get(use.principal)
    if principal is None:
        return ()
    known = window.access.get(use.principal)
    if known is None or known.unread or principal.connection in window.unread:
        return (principal.place,)
    covering = [access for access in known.access if _covers(access, use)]
    return tuple(dict.fromkeys(str(access.because[-1].place) if access.because else principal.place for access in covering))


def _covers(access: Access, use: Use) -> bool:
    if access.system not in (use.system, "aws:*") or not _matches(access.action.lower(), use.action.lower()):
        return access.action == "own" and access.system == use.system and _matches(access.resource, use.resource)
    if access.columns and use.columns and not set(use.columns) & set(access.columns):
        return False
    is_log_group = ":log-group:" in use.resource and _matches(access.resource, f"{use.resource}:*")
    return use.resource == "*" or is_log_group or _matches(access.resource, use.resource)


def _matches(pattern: str, text: str) -> bool:
    if "*" not in pattern and "?" not in pattern:
        return pattern == text
    expression = ".*".join(re.escape(part).replace(r"\?", ".") for part in pattern.split("*"))
    return re.fullmatch(expression, text, re.DOTALL) is not None
