"""What one statement becomes when only some of it is to stay: its meeting with the lines that are kept, and never more.

INVARIANT (never wider): every statement that comes out lies within the one that it comes from. Conditions go with what they limited.
Where a meeting cannot be written exactly, what stays is as before and is told, or is left out and is told; it is never widened.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from remit.model.shown import printable
from remit.systems.aws.catalogue import concerns_pattern
from remit.systems.aws.pattern import contains, matches, meet, overlaps
from remit.systems.aws.policy import Statement
from remit.systems.aws.variables import Context, plain, written_out
from remit.systems.aws.writing import Line, condition_text

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_ALL = [("*", "*")]
_MOST_VALUES = 8
"""Values that a variable may have had for one resource."""


class Kept(msgspec.Struct, frozen=True):
    """One line that is to stay."""

    written: str
    """The action or pattern of actions, as it is to be written."""
    resource: str

    @property
    def action(self) -> str:
        """Folded, to compare."""
        return self.written.lower()


class Narrowed(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of one statement."""

    lines: tuple[Line, ...]
    is_whole: bool
    """Nothing of it was taken away."""
    denials: tuple[Mapping[str, Any], ...] = ()
    """Statements that take from the lines what a `NotAction` or `NotResource` left out."""
    residue: tuple[str, ...] = ()


def narrowed(statement: Statement, keep: Sequence[Kept], context: Context, others: Sequence[Statement]) -> Narrowed:
    """What is left of a statement that allows. `others` are the other statements that allow something to the same principal."""
    if statement.actions is None or statement.not_resources is not None:
        return _from_negated(statement, keep, context, others)
    condition = condition_text(modern(statement.source.get("Condition"), statement.has_variables))
    lines: dict[Line, None] = {}
    residue: list[str] = []
    is_whole = True
    for action in statement.written:
        for resource in statement.resources or ("*",):
            written = modern(resource, statement.has_variables)
            seen = written_out(resource, context, has_variables=statement.has_variables)
            if seen.pattern is None or not concerns_pattern(action, plain(seen.pattern)):
                continue
            found, is_all = _meeting(Granted(action, written, plain(seen.pattern), condition), keep, residue)
            is_whole = is_whole and is_all
            lines.update((line, None) for line in found)
    return Narrowed(lines=tuple(lines), is_whole=is_whole, residue=tuple(dict.fromkeys(residue)))


class Granted(msgspec.Struct, frozen=True):
    """One action on one resource, as a statement grants it."""

    action: str
    resource: str
    """As it is to be written."""
    seen: str
    """With its variables put in; `*` where their values are not known."""
    condition: str


def _meeting(granted: Granted, keep: Sequence[Kept], residue: list[str]) -> tuple[list[Line], bool]:
    """The parts of one action on one resource that are kept, and whether that is all of it."""
    folded = granted.action.lower()
    found: list[Line] = []
    for line in keep:
        if not overlaps(line.action, folded) or not overlaps(line.resource, granted.seen):
            continue
        if contains(line.action, folded) and contains(line.resource, granted.seen):
            return [Line(granted.action, granted.resource, granted.condition)], True
        if contains(line.action, folded):
            actions = [granted.action]
        elif contains(folded, line.action):
            actions = [line.written]
        else:
            actions = _met(line.action, folded, granted.action, residue)
        for resource, condition in _resources_kept(granted, line, residue):
            bound = "" if "${" in granted.resource else granted.resource
            found.extend(Line(action, resource, condition, bound) for action in actions if concerns_pattern(action, resource))
    return found, False


def _resources_kept(granted: Granted, line: Kept, residue: list[str]) -> list[tuple[str, str]]:
    """The resources that are kept, each with its conditions."""
    if contains(line.resource, granted.seen):
        return [(granted.resource, granted.condition)]
    if "${" not in granted.resource:
        return [(resource, granted.condition) for resource in _met(line.resource, granted.seen, granted.resource, residue)]
    bound = for_value(granted.resource, granted.condition, line.resource)
    if bound is not None:
        return [bound]
    residue.append(f"`{printable(granted.resource)}` hangs on a variable, and stays as wide as it was")
    return [(granted.resource, granted.condition)]


def for_value(resource: str, condition: str, kept: str) -> tuple[str, str] | None:
    """One resource of a pattern with one variable, written out: it stays granted to those whose variable has that value.

    `b/${aws:PrincipalTag/team}/*` that is to keep `b/finops/x` becomes `b/finops/x` where aws:PrincipalTag/team is finops. None where that
    cannot be said.
    """
    variables = _VARIABLE.findall(resource)
    if len(variables) != 1 or any(char in kept for char in "*?$") or "," in variables[0] or variables[0] in ("*", "?", "$"):
        return None
    head, tail = resource.split("${" + variables[0] + "}")
    values = [
        kept[start:end]
        for start in range(len(kept) + 1)
        if matches(head, kept[:start])
        for end in range(start + 1, len(kept) + 1)
        if matches(tail, kept[end:])
    ]
    block = json.loads(condition) if condition else {}
    for operator in ("StringEquals", "ForAnyValue:StringEquals"):
        if variables[0].lower() not in (key.lower() for key in block.get(operator, {})):
            added = {operator: {**block.get(operator, {}), variables[0]: list(dict.fromkeys(values))}}
            return (kept, condition_text({**block, **added})) if 0 < len(values) <= _MOST_VALUES else None
    return None


def _met(wanted: str, granted: str, written: str, residue: list[str]) -> list[str]:
    found = meet(wanted, granted)
    if found is None:
        residue.append(f"`{printable(written)}` meets `{printable(wanted)}` in too many ways, and stays as wide as it was")
        return [written]
    return list(found)


def _from_negated(statement: Statement, keep: Sequence[Kept], context: Context, others: Sequence[Statement]) -> Narrowed:
    """`NotAction` or `NotResource`: what is kept is written out, and what the statement left out stays denied or is not said."""
    condition = condition_text(modern(statement.source.get("Condition"), statement.has_variables))
    actions = statement.written if statement.actions is not None else ("*",)
    left_out = tuple(action for action in (statement.written if statement.actions is None else ()))
    resources = [(modern(one, statement.has_variables), _seen(one, statement, context)) for one in statement.resources or ("*",)]
    not_resources = [(one, _seen(one, statement, context)) for one in statement.not_resources or ()]
    lines: dict[Line, None] = {}
    denials: dict[str, Mapping[str, Any]] = {}
    residue: list[str] = []
    for action in actions:
        for resource, seen in resources:
            if seen is None:
                continue
            for line in _meeting(Granted(action, resource, seen, condition), keep, residue)[0]:
                one, on = line.action, line.resource
                parts = _left_out(line, seen, left_out, not_resources)
                if parts == _ALL:
                    continue
                needed = [part for part in parts or () if concerns_pattern(*part)]
                spare = [part for part in parts or () if not concerns_pattern(*part)]
                if parts is None or any(_is_allowed_elsewhere(*part, others, context) for part in needed):
                    residue.append(
                        f"{printable(statement.place)} allows {printable(one)} on {printable(on)} but for a part that cannot be written "
                        "down by itself; it was left out"
                    )
                    continue
                lines[msgspec.structs.replace(line, bound="")] = None
                needed += [part for part in spare if not _is_allowed_elsewhere(*part, others, context)]
                denials.update((f"{but} {where}", {"Effect": "Deny", "Action": but, "Resource": where}) for but, where in needed)
    return Narrowed(lines=tuple(lines), is_whole=False, denials=tuple(denials.values()), residue=tuple(dict.fromkeys(residue)))


def _left_out(line: Line, seen: str, actions: Sequence[str], resources: Sequence[tuple[str, str | None]]) -> list[tuple[str, str]] | None:
    """What `NotAction` and `NotResource` leave out of a line, as (action, resource); None: it cannot be said, `_ALL`: everything."""
    folded = line.action.lower()
    if any(contains(pattern.lower(), folded) for pattern in actions):
        return _ALL
    parts: list[tuple[str, str]] = []
    for pattern in actions:
        met = meet(pattern.lower(), folded)
        if met is None:
            return None
        parts += [(but, line.resource) for but in met]
    for written, excepted in resources:
        if excepted is None:
            return None
        if not overlaps(excepted, seen):
            continue
        if "${" in line.resource + written:
            return None
        if contains(excepted, line.resource):
            return _ALL
        met = meet(excepted, line.resource)
        if met is None:
            return None
        parts += [(line.action, but) for but in met]
    return parts


def _seen(resource: str, statement: Statement, context: Context) -> str | None:
    written = written_out(resource, context, has_variables=statement.has_variables)
    return None if written.pattern is None else plain(written.pattern)


def _is_allowed_elsewhere(action: str, resource: str, others: Iterable[Statement], context: Context) -> bool:
    """Whether another statement allows some of what would be denied: then the denial would take more away than was asked."""
    return any(_may_allow(other, action.lower(), resource, context) for other in others)


def _may_allow(statement: Statement, action: str, resource: str, context: Context) -> bool:
    if statement.actions is not None and not any(overlaps(pattern, action) for pattern in statement.actions):
        return False
    if any(contains(pattern, action) for pattern in statement.not_actions or ()):
        return False
    if statement.not_resources is not None:
        seen = (_seen(pattern, statement, context) for pattern in statement.not_resources if "${" not in pattern)
        return not any(pattern is not None and contains(pattern, resource) for pattern in seen)
    seen = (_seen(pattern, statement, context) for pattern in statement.resources or ("*",))
    return any(pattern is not None and overlaps(pattern, resource) for pattern in seen)


def modern(value: Any, has_variables: bool) -> Any:
    """A value of an old document (without variables) as the newest version writes it: a `${` in it stays text."""
    if has_variables or value is None:
        return value
    if isinstance(value, str):
        return value.replace("${", "${$}{")
    if isinstance(value, Mapping):
        return {key: modern(inner, False) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [modern(inner, False) for inner in value]
    return value


def denying(statement: Statement) -> Mapping[str, Any]:
    """A statement that denies, as the newest version writes it."""
    return {key: modern(value, statement.has_variables or key in ("Sid", "Effect")) for key, value in statement.source.items()}


def kept_denials(statements: Iterable[Statement]) -> Iterator[Mapping[str, Any]]:
    """The denials among statements: they stay, whatever else goes."""
    return (denying(statement) for statement in statements if not statement.is_allow)
