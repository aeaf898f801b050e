"""Where a call runs again: in a loop, in a function that is called from one, or in functions that call each other in a circle.

Invariants:
- only calls in the same module are followed, a few steps up; a method is followed through `self` and through the one object it can mean;
- a loop over the call's own stream does not repeat it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from tree_sitter import Node

from remit.discover.sources.code.python.module import Call, Module, Scope

_MAX_STEPS = 4
_MAX_VISITED = 60
_MAX_CALLEES = 30
_OWNERS = frozenset({b"self", b"cls", b"agent", b"bot"})


class Repeat(NamedTuple):
    """The parts of the text that run again around a call."""

    parts: tuple[Node, ...]
    """Loops, with the functions between; the functions of the circle where there is no loop."""
    is_open: bool
    """Whether it goes on until something is decided inside, and does not visit the items of some data."""


class Repeats:
    """The calls of one module, looked up by what they call."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._by_name: dict[str, list[Call]] = defaultdict(list)
        for call in module.calls:
            if call.called:
                self._by_name[call.called].append(call)
        self._functions: dict[str, list[Scope]] = defaultdict(list)
        for function in module.functions:
            self._functions[function.name].append(function)

    def around(self, call: Call) -> Repeat | None:
        """What runs again around a call; None when it runs once."""
        inside = loop_of(call)
        home = home_of(call.scope)
        if inside is not None:
            return Repeat((inside,), _goes_on(inside))
        if home.kind != "function":
            return None
        parts: list[Node] = []
        is_open = False
        seen = {home.start}
        waiting: list[tuple[Scope, tuple[Scope, ...]]] = [(home, (home,))]
        while waiting and len(seen) <= _MAX_VISITED:
            function, way = waiting.pop()
            for caller in self.callers(function):
                outer, loop = home_of(caller.scope), loop_of(caller)
                if loop is not None:
                    parts.extend((loop, *(step.node for step in way)))
                    is_open = is_open or _goes_on(loop)
                elif any(outer is step for step in way):
                    parts.extend(step.node for step in way)
                    is_open = True
                elif outer.kind == "function" and len(way) <= _MAX_STEPS and outer.start not in seen:
                    seen.add(outer.start)
                    waiting.append((outer, (*way, outer)))
                elif outer.start in seen and self._leads_to(outer, way):
                    parts.extend((outer.node, *(step.node for step in way)))
                    is_open = True
        return Repeat(tuple(dict.fromkeys(parts)), is_open) if parts else None

    def callers(self, function: Scope) -> list[Call]:
        """The calls of a function of the module."""
        return [call for call in self._by_name.get(function.name, ()) if self._may_mean(call, function)]

    def callees(self, part: Node) -> list[Scope]:
        """The functions of the module that a part of the text calls."""
        found: dict[int, Scope] = {}
        for call in self.module.calls_within(part.start_byte, part.end_byte):
            for function in self._functions.get(call.called, ()):
                if len(found) < _MAX_CALLEES and self._may_mean(call, function):
                    found[function.start] = function
        return list(found.values())

    def is_own(self, call: Call) -> bool:
        """Whether the call is of a function of this module."""
        return any(self._may_mean(call, function) for function in self._functions.get(call.called, ()))

    def _leads_to(self, outer: Scope, way: tuple[Scope, ...]) -> bool:
        """Whether a function that was visited on another way is called by this one, so that they form a circle."""
        return any(callee is outer for callee in self.callees(way[-1].node))

    def _may_mean(self, call: Call, function: Scope) -> bool:
        """A plain call means a function; a call on `self`, or on an object when only one method has the name, means a method."""
        callee = call.node.child_by_field_name("function")
        is_method = function.parent is not None and function.parent.kind == "class"
        if callee is None:
            return False
        if callee.type == "identifier":
            return not is_method
        owner = callee.child_by_field_name("object")
        if not is_method or owner is None:
            return False
        if owner.type == "identifier" and owner.text in _OWNERS:
            return owner.text not in (b"self", b"cls") or self._is_of_class(call, function)
        return owner.type in ("identifier", "attribute") and len(self._functions.get(function.name, ())) == 1

    def _is_of_class(self, call: Call, function: Scope) -> bool:
        """Whether `self.NAME()` stands in the class of the method, or no method of the caller's own class has the name."""
        around = call.scope.nearest_class()
        if around is None or around is function.parent:
            return True
        return not any(other.parent is around for other in self._functions.get(function.name, ()))


def home_of(scope: Scope) -> Scope:
    """The function around a scope; else the scope itself."""
    return next((around for around in scope.chain() if around.kind == "function"), scope)


def loop_of(call: Call) -> Node | None:
    """The outermost loop whose body holds the call; a loop over the call's own stream does not repeat it."""
    found: Node | None = None
    for region in call.region.chain() if call.region is not None else ():
        if region.kind != "loop":
            continue
        body = region.node.child_by_field_name("body")
        if body is not None and body.start_byte <= call.node.start_byte < body.end_byte:
            found = region.node
    return found


def _goes_on(loop: Node) -> bool:
    """`while`, and `for` over a count, go on until something is decided; other loops visit items."""
    if loop.type != "for_statement":
        return True
    over = loop.child_by_field_name("right")
    called = over.child_by_field_name("function") if over is not None and over.type == "call" else None
    return called is not None and (called.text or b"").rpartition(b".")[2] in (b"range", b"count", b"trange")
