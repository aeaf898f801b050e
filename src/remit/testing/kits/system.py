"""What every system must do, whatever it is: ask its read side, and list what it does wrong.

A system's author calls `violations(SYSTEM, evaluate)` in a test and wants none. Proved are the rules of `contracts.system`:
- every feature is answered: it works, or it is not built, impossible or meaningless, with a reason;
- a declared gap that works after all is a violation, and so is a feature that is declared to work and does not;
- the table of actions is folded as it says, maps to verbs of ours, and counts an unmapped action as `administer` where it claims to
  be complete, as unknown where it does not;
- what is compiled decides as the remit does, but for the lines that it names as residue: it allows nothing that the remit without
  those nevers and limits would not, and all that the remit without those cans would.

`evaluate(native, request)` says whether the compiled text allows a request, decided by the target's own evaluator.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import msgspec

from remit.contracts.system import FEATURES, Feature, NotBuilt, ReadSide, Vocabulary, Works
from remit.decide.engine import decide
from remit.decide.index import build_index
from remit.decide.limits import NOTHING_SPENT
from remit.document.parse import parse_or_raise
from remit.model.agent import AgentState
from remit.model.decision import Outcome, Request
from remit.model.native import Native, Residue
from remit.model.remit import Limits, Remit
from remit.model.verbs import Verb

Evaluate = Callable[[Native, Request], bool]
UNHEARD_OF = "an action that no table has: 7f3c"

_REMIT = """
remit: 1
agent: keeper
purpose: Keep the place in order.
owner: {contact: dana@example.com}
objectives:
  look:
    why: Order begins with looking.
    can:
      - {read: "SYSTEM", resource: "*"}
      - {any: "SYSTEM", resource: "own-*"}
      - {update: "SYSTEM", resource: shared, where: {path: "/data/**", size: [1, 2]}}
      - {update: "SYSTEM", resource: drawer, where: {label: "FIN*"}}
  tell:
    why: Somebody has to know.
    can:
      - {transmit: "other:place", resource: channel}
never:
  - {delete: "*"}
  - {any: "SYSTEM", resource: "own-secret*"}
  - {read: "SYSTEM", where: {reason: curiosity}}
  - {transmit: "*", outside: [example.com]}
limits: {calls: 600/hour}
lifecycle: {expires: 2030-01-01}
"""
_NAMED = re.compile(r"resource: ([a-z*-]+)(?=[,}])|resource: \"(own[a-z*-]+)\"")
_NAMING = {"aws": ("aws:s3", "arn:aws:s3:::"), "postgres": ("postgres:place", "public.")}
"""Kind -> (the system in lines, what its resources begin with), where a made-up name would mean nothing there."""
_RESOURCES = ("own-desk", "own-secret-1", "shared", "drawer", "somebody's")
_ARGUMENTS: tuple[dict[str, object], ...] = (
    {},
    {"reason": "work"},
    {"reason": "curiosity"},
    {"path": "/data/x", "size": 1, "reason": "work"},
    {"path": "/data/../etc", "size": 1, "reason": "work"},
    {"path": "/data/x", "size": "1", "reason": "work"},
    {"path": "/data/x", "size": True, "reason": "work"},
    {"label": "FIN-7", "reason": "work"},
    {"label": "FIN/7", "reason": "work"},
    {"label": None, "reason": 7},
)


def violations(system: ReadSide, evaluate: Evaluate | None = None) -> list[str]:
    """What the system does wrong; empty: it passes."""
    found = [*_features(system), *_vocabulary(system)]
    return found or list(_compile(system, evaluate))


def _features(system: ReadSide) -> Iterator[str]:
    for name in FEATURES:
        if name not in system.features:
            yield f"`{name}` is not answered: say that it works, or why not"
    answers: dict[str, Any] = dict(system.features)
    for name, feature in answers.items():
        if name not in FEATURES:
            yield f"`{name}` is no feature of a system"
        elif not isinstance(feature, Feature):
            yield f"`{name}` is answered by something that is no answer"
        elif not isinstance(feature, Works) and not feature.why.strip():
            yield f"`{name}` does not work, and no reason is given"
    if not system.kind or not system.kind.isascii() or system.kind != system.kind.lower():
        yield f"the kind `{system.kind}` is not a name in lower case"


def _vocabulary(system: ReadSide) -> Iterator[str]:
    works = isinstance(system.features.get("verbs", NotBuilt("")), Works)
    table = system.vocabulary()
    if table is None:
        if works:
            yield "`verbs` is declared to work, and there is no table"
        return
    if not works:
        yield "`verbs` is declared a gap, and there is a table"
    if table.kind != system.kind:
        yield f"the table is of `{table.kind}` and the system of `{system.kind}`"
    yield from _table(table)


def _table(table: Vocabulary) -> Iterator[str]:
    if not table.verbs:
        yield "the table is empty"
    verbs: dict[str, Any] = dict(table.verbs)
    for action, verb in verbs.items():
        if table.fold(action) != action:
            yield f"the action `{action}` can never be found: it folds to `{table.fold(action)}`"
        if not isinstance(verb, Verb):
            yield f"the action `{action}` has `{verb}`, which is no verb"
    expected = Verb.ADMINISTER if table.is_complete else None
    if table.verb_of(UNHEARD_OF) is not expected:
        yield f"an unmapped action is `{table.verb_of(UNHEARD_OF)}`, and must be {expected or 'unknown'}"


def _compile(system: ReadSide, evaluate: Evaluate | None) -> Iterator[str]:
    works = isinstance(system.features["compile"], Works)
    remit = built_in_remit(system.kind)
    try:
        native = system.compile(remit)
    except NotImplementedError:
        if works:
            yield "`compile` is declared to work, and does nothing"
        return
    if not works:
        yield "`compile` is declared a gap, and works"
    elif not native.text.strip():
        yield "what is compiled is empty"
    else:
        yield from _residue(remit, native.residue)
        if system.compile(remit) != native:
            yield "the same remit is compiled differently a second time"
        if evaluate is None:
            yield "`compile` works, and nothing evaluates what it compiles"
        else:
            yield from _decides_alike(system, remit, native, evaluate)


def _residue(remit: Remit, residue: Iterable[Residue]) -> Iterator[str]:
    lines = _lines(remit)
    for part in residue:
        if part.rule not in lines:
            yield f"the residue names `{part.rule}`, which the remit does not have"
        elif part.line != lines[part.rule]:
            yield f"the residue puts `{part.rule}` in line {part.line}, and it stands in line {lines[part.rule]}"
        if not part.why.strip():
            yield f"the residue `{part.rule}` gives no reason"


def _lines(remit: Remit) -> dict[str, int]:
    cans = {
        f"objectives.{objective.name}.can[{number}]": can.line for objective in remit.objectives for number, can in enumerate(objective.can)
    }
    nevers = {f"never[{number}]": never.line for number, never in enumerate(remit.never)}
    limits = {f"limits.{name}": limit.line for name in ("calls", "pay", "rows") if (limit := getattr(remit.limits, name)) is not None}
    return {**cans, **nevers, **limits, "lifecycle.expires": 0, "mode": 0}


def _decides_alike(system: ReadSide, remit: Remit, native: Native, evaluate: Evaluate) -> Iterator[str]:
    table = system.vocabulary()
    gone = {part.rule for part in native.residue}
    widest, narrowest = (
        build_index([form], {form.agent: AgentState.ACTIVE}, [table] if table is not None else [])
        for form in (without_narrowing(remit, gone), without_cans(remit, gone))
    )
    allowed = 0
    for request in built_in_requests(system):
        theirs = evaluate(native, request)
        at_most = decide(widest, request, None, NOTHING_SPENT, 0.0).outcome is Outcome.ALLOW
        at_least = decide(narrowest, request, None, NOTHING_SPENT, 0.0).outcome is Outcome.ALLOW
        allowed += at_least
        if theirs and not at_most:
            yield f"what is compiled allows what the remit does not: {_shown(request)}"
        if at_least and not theirs:
            yield f"what is compiled denies what the remit allows and no residue names: {_shown(request)}"
    if not allowed:
        yield "what is compiled allows nothing of what the kit asks: every line is residue"


def _shown(request: Request) -> str:
    return f"{request.action} on {request.resource} with {dict(request.arguments)}"


def built_in_remit(kind: str) -> Remit:
    """A remit about one system of a kind, with a line of every sort."""
    place, prefix = _naming(kind)
    text = _NAMED.sub(lambda match: f'resource: "{prefix}{match[1] or match[2]}"', _REMIT) if prefix else _REMIT
    return parse_or_raise(text.replace("SYSTEM", place), "kit.yaml")


def _naming(kind: str) -> tuple[str, str]:
    return _NAMING.get(kind, (f"{kind}:place", ""))


def built_in_requests(system: ReadSide) -> Iterator[Request]:
    """Requests around the lines of `built_in_remit`."""
    name, _ = _naming(system.kind)
    for action, resource in _actions(system):
        for arguments in _ARGUMENTS:
            yield Request(agent="keeper", system=name, action=action, resource=resource, arguments=arguments)
    yield Request(agent="somebody-else", system=name, action="read", resource="own-desk", arguments={"reason": "work"})
    yield Request(agent="keeper", system=f"{system.kind}:elsewhere", action="read", resource="own-desk", arguments={"reason": "work"})


def _actions(system: ReadSide) -> Iterator[tuple[str, str]]:
    table = system.vocabulary()
    place, prefix = _naming(system.kind)
    service = f"{place.partition(':')[2]}:" if system.kind == "aws" else ""
    native: dict[Verb, str] = {}
    for action, verb in sorted(table.verbs.items()) if table is not None else ():
        if action.startswith(service):
            native.setdefault(verb, action)
    if system.kind == "mcp":  # there the resource is the tool
        yield from ((tool, tool) for tool in (*native.values(), *_RESOURCES, UNHEARD_OF))
        return
    # A native policy knows no verbs of ours, and what it has not heard of is still an action of a service.
    others = (f"{service}UnheardOf7f3c",) if service else (UNHEARD_OF,) if prefix else ("read", "update", "delete", "transmit", UNHEARD_OF)
    for action in (*native.values(), *others):
        for resource in _RESOURCES:
            yield action, prefix + resource


def without_cans(remit: Remit, gone: Collection[str]) -> Remit:
    """The remit less the lines of a can that are gone: the least that what is compiled must allow."""
    objectives = []
    for objective in remit.objectives:
        can = tuple(line for number, line in enumerate(objective.can) if f"objectives.{objective.name}.can[{number}]" not in gone)
        objectives.append(msgspec.structs.replace(objective, can=can))
    return msgspec.structs.replace(remit, objectives=tuple(objectives))


def without_narrowing(remit: Remit, gone: Collection[str]) -> Remit:
    """The remit less the nevers and limits that are gone: the most that what is compiled may allow."""
    limits = Limits(**{name: None if f"limits.{name}" in gone else getattr(remit.limits, name) for name in ("calls", "pay", "rows")})
    never = tuple(line for number, line in enumerate(remit.never) if f"never[{number}]" not in gone)
    return msgspec.structs.replace(remit, never=never, limits=limits)
