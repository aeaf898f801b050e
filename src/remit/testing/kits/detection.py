"""What every detection must do, whatever it looks for: ask it about windows, and list what it does wrong.

A detection's author calls `violations(module, windows)` in a test and wants none; `windows` are cases of the author's own, some of which
the rule fires in and some not. Proved are the rules of `contracts.detection`:
- its rule says everything that a person needs, under the name of its file, and its remedies are commands that exist;
- it is pure and deterministic: the same window, written down in another order, gives the same, and the window stays as it was;
- what it spots is about an agent of the window, tells itself apart by its key, and its evidence points at the window;
- an empty window gives nothing, and so does every window in which nothing is wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from remit.app.cli.main import COMMANDS
from remit.contracts.detection import Rule, Window
from remit.model.finding import Severity, Spotted
from remit.model.place import Place
from remit.model.shown import printable

_COMMAND = re.compile(r"`remit ([\w-]+)([^`]*)`")
_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LEAST_WHY = 30
"""Characters: a shorter `why` does not say what comes of it."""


def violations(detection: Any, windows: Sequence[Window]) -> list[str]:
    """What the detection does wrong; empty: it passes. `detection` is the module."""
    found = list(_of_rule(detection))
    if found:
        return found
    results = [list(detection.detect(window)) for window in windows]
    if not any(results):
        found.append("it fires in none of the windows: a rule that was never seen to fire is not known to work")
    if windows and all(results):
        found.append("it fires in every window: nothing shows that it can be silent")
    for number, (window, spotted) in enumerate(zip(windows, results, strict=True), 1):
        found += [f"window {number}: {problem}" for problem in _of_window(detection, window, spotted)]
    empty = msgspec.structs.replace(
        windows[0], agents={}, standings={}, owners={}, remits={}, principals={}, bindings=(), access={}, alignments={}, uses=(), judged=()
    )
    if list(detection.detect(empty)):
        found.append("it finds something in an empty window")
    return found


def _of_rule(detection: Any) -> Iterator[str]:
    rule = getattr(detection, "RULE", None)
    if not isinstance(rule, Rule):
        yield "it offers no `RULE`"
        return
    file = str(getattr(detection, "__name__", "")).rpartition(".")[2].replace("_", "-")
    if rule.id != file or not _SLUG.fullmatch(rule.id):
        yield f"its id `{rule.id}` is not the name of its file, `{file}`"
    if not rule.title or rule.title.endswith(".") or rule.title != printable(rule.title):
        yield "its title is no line without a full stop"
    if len(rule.why) < _LEAST_WHY:
        yield "its `why` does not say what an attacker or an accident makes of it"
    severity: Any = rule.severity
    if not isinstance(severity, Severity):
        yield "its severity is none"
    yield from _of_remedy(rule.remedy)
    if not callable(getattr(detection, "detect", None)):
        yield "it offers no `detect`"


def _of_remedy(remedy: str) -> Iterator[str]:
    commands = _COMMAND.findall(remedy)
    if not commands:
        yield "its remedy names no command, such as `remit plan AGENT`"
    for name, _ in commands:
        if name not in COMMANDS:
            yield f"its remedy names `remit {name}`, which is no command"


def _of_window(detection: Any, window: Window, spotted: Sequence[Spotted]) -> Iterator[str]:
    before = msgspec.to_builtins(window)
    again = list(detection.detect(window))
    if again != list(spotted):
        yield "it gives something else when it is asked again"
    if msgspec.to_builtins(window) != before:
        yield "it changes the window"
    if Counter(map(repr, detection.detect(_turned(window)))) != Counter(map(repr, spotted)):
        yield "it gives something else for the same window in another order"
    there = set(_texts(window))
    keys = Counter((item.agent, item.key) for item in spotted)
    yield from (f"two of its sights have the key `{key}`" for (_, key), count in keys.items() if count > 1)
    for item in spotted:
        if item.agent not in window.agents:
            yield f"`{item.agent}` is no agent of the window"
        for other in item.others:
            if other not in window.agents or other == item.agent:
                yield f"`{other}`, another that a sight of `{item.agent}` is about, is no other agent of the window"
        if not item.key or not item.title or "\n" in item.title:
            yield f"a sight of `{item.agent}` has no key, or no title of one line"
        if not item.evidence:
            yield f"a sight of `{item.agent}` has no evidence"
        yield from (f"its evidence `{place}` is not in the window" for place in (*item.evidence, *item.hangs_on) if place not in there)
        if item.remedy:
            yield from _of_remedy(item.remedy)


def _turned(window: Window) -> Window:
    """The same window, every mapping and list in the other order."""
    changes: dict[str, Any] = {}
    for name in window.__struct_fields__:
        value = getattr(window, name)
        if isinstance(value, Mapping):
            changes[name] = dict(reversed(list(value.items())))
        elif isinstance(value, tuple):
            changes[name] = tuple(reversed(value))
    return msgspec.structs.replace(window, **changes)


def _texts(value: Any) -> Iterable[str]:
    """Every text and place in a record."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Place):
        yield str(value)
        yield value.path
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _texts(getattr(value, name))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(key)
            yield from _texts(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from _texts(inner)
