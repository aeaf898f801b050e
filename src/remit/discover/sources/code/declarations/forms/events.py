"""What starts a workflow, and whose words reach it thereby."""

from __future__ import annotations

import msgspec

from remit.discover.sources.code.declarations.facts import facts
from remit.discover.sources.code.declarations.trees.node import Node


class Events(msgspec.Struct, frozen=True, kw_only=True):
    """The events under `on`."""

    names: tuple[str, ...]
    exposure: tuple[str, ...]


def events_from(on: Node | None) -> Events:
    """Reads `on`: a name, a list of names, or a mapping."""
    names: tuple[str, ...] = ()
    if on is not None:
        names = on.keys() if on.is_map else tuple(name for item in on.elements() for name in ((item.value or "").split() or item.keys()))
    known = facts("ci")["events"]
    is_open = any(name in known["issues"] or name.startswith("/") for name in names)
    return Events(names=names, exposure=("issues",) if is_open else ())
