"""Writes policies that a person can still read: few statements, grouped, with names that say what they are for.

A `Line` is one action on one resource under the conditions of the statement that granted it. Lines with the same conditions and the same
resources share a statement. The text is deterministic; IAM does not count white space, so it is spread over lines.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from remit.systems.aws.catalogue import actions_matching, vocabulary
from remit.systems.aws.pattern import contains, is_pattern
from remit.systems.aws.policy import NEWEST

_CROWD = 4
"""Verbs that one name of a statement lists at most."""


class Line(msgspec.Struct, frozen=True):
    """One action on one resource."""

    action: str
    resource: str
    condition: str
    """Canonical JSON of the condition block; empty: none."""
    bound: str = ""
    """The pattern that the resource was taken from, and may widen to; empty: it may not."""


def condition_text(block: Any) -> str:
    """The canonical JSON of a condition block."""
    return json.dumps(block, sort_keys=True) if block else ""


def policy_text(statements: Sequence[Mapping[str, Any]]) -> str:
    """A policy document as text."""
    return json.dumps({"Version": NEWEST, "Statement": list(statements)}, indent=2)


def size_of(text: str) -> int:
    """How much of IAM's limits a policy's text takes: white space does not count."""
    return sum(not char.isspace() for char in text)


def named(statements: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Statements, those without a `Sid` given one, and no two the same."""
    listed = [dict(statement) for statement in statements]
    taken = Counter(str(statement["Sid"]) for statement in listed if statement.get("Sid"))
    used: set[str] = set()
    result: list[dict[str, Any]] = []
    for statement in listed:
        own = str(statement.get("Sid") or "")
        base = own or _name(statement)
        name, number = base, 1
        while name in used or (not own and name in taken):
            number += 1
            name = f"{base}{number}"
        used.add(name)
        result.append({"Sid": name, **{key: value for key, value in statement.items() if key != "Sid"}})
    return result


def _name(statement: Mapping[str, Any]) -> str:
    """`S3ReadAndList`: service and verbs."""
    key = "Action" if "Action" in statement else "NotAction"
    actions = [statement[key]] if isinstance(statement[key], str) else list(statement[key])
    services = sorted({action.partition(":")[0] if ":" in action else "all" for action in actions})
    verbs = sorted({word for action in actions for word in _verbs(action)})
    service = "".join(part.capitalize() for part in "".join(char if char.isalnum() else " " for char in services[0]).split())
    what = "And".join(verb.capitalize() for verb in verbs) if 0 < len(verbs) <= _CROWD else "Several"
    prefix = "Deny" if statement.get("Effect") == "Deny" else ""
    return f"{prefix}{service if len(services) == 1 else 'Several'}{what}" + ("AllBut" if key == "NotAction" else "")


def _verbs(action: str) -> set[str]:
    if action == "*":
        return {"any"}
    names = actions_matching(action) if is_pattern(action) else (action,)
    return {str(vocabulary().verb_of(name)) for name in names}


def allow_statements(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """The statements that allow these lines and nothing else."""
    by_condition: dict[str, set[tuple[str, str]]] = {}
    for line in lines:
        by_condition.setdefault(line.condition, set()).add((line.action, line.resource))
    always = by_condition.get("", set())
    for condition in by_condition:
        if condition:
            by_condition[condition] = {pair for pair in by_condition[condition] if not any(_covers(other, pair) for other in always)}
    result: list[dict[str, Any]] = []
    for condition in sorted(by_condition):
        by_resource: dict[str, set[str]] = {}
        for action, resource in _without_contained(by_condition[condition]):
            by_resource.setdefault(resource, set()).add(action)
        by_actions: dict[tuple[str, ...], list[str]] = {}
        for resource, actions in sorted(by_resource.items()):
            by_actions.setdefault(tuple(sorted(actions, key=str.lower)), []).append(resource)
        for shared, resources in sorted(by_actions.items()):
            statement: dict[str, Any] = {"Effect": "Allow", "Action": _one_or_more(shared), "Resource": _one_or_more(resources)}
            if condition:
                statement["Condition"] = json.loads(condition)
            result.append(statement)
    return result


def _one_or_more(texts: Sequence[str]) -> str | list[str]:
    return texts[0] if len(texts) == 1 else list(texts)


def _covers(wider: tuple[str, str], pair: tuple[str, str]) -> bool:
    return contains(wider[0].lower(), pair[0].lower()) and contains(wider[1], pair[1])


def _without_contained(pairs: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Pairs, less those that another one of them covers."""
    wide = [pair for pair in pairs if is_pattern(pair[0]) or is_pattern(pair[1])]

    def is_covered(pair: tuple[str, str]) -> bool:
        return any(other != pair and _covers(other, pair) and (other < pair or not _covers(pair, other)) for other in wide)

    return sorted(pair for pair in pairs if not is_covered(pair))
