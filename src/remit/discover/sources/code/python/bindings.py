"""Which of several bindings of a name holds at a place.

Invariants:
- where more than one may hold and they differ, none is chosen;
- a binding to `None` beside others is a placeholder, not a meaning.
"""

from __future__ import annotations

from remit.discover.sources.code.python.module import Binding, Region


def chosen_binding(bindings: list[Binding], position: int, *, is_same_scope: bool) -> Binding | None:
    """The binding that holds at a position; None when several may."""
    live = [binding for binding in bindings if not (binding.kind == "assign" and binding.node.type == "none")] or bindings
    if len(live) == 1:
        return live[0]
    if all(binding.kind == "import" for binding in live):
        return _last_before(live, position) or live[0]
    firm = [binding for binding in live if binding.kind in ("import", "class", "function")]
    if len(firm) == len(live):
        return _last_before(live, position) or live[-1]
    if not is_same_scope:
        texts = {binding.node.text for binding in live}
        if len(texts) == 1 and live[0].kind != "other":
            return live[0]
        return None
    before = [binding for binding in live if binding.position <= position]
    if not before:
        return None
    last = before[-1]
    if last.kind != "other" and len({binding.node.text for binding in live}) == 1:
        return last
    if not last.is_conditional or _covers(last.region, position):
        return last
    return None


def _last_before(bindings: list[Binding], position: int) -> Binding | None:
    before = [binding for binding in bindings if binding.position <= position and not binding.is_conditional]
    return before[-1] if before else None


def _covers(region: Region | None, position: int) -> bool:
    innermost = next((around for around in region.chain() if around.kind in ("branch", "loop")), None) if region is not None else None
    return innermost is not None and innermost.start <= position < innermost.end
