"""A remit as an IAM policy: a statement that allows for each line of a can, one that denies for each line of never.

- A line on `aws:s3` names the actions of S3 that have the line's verb and can be about its resource, each written out: a wildcard would
  take in what AWS adds tomorrow, which is `administer` until someone says otherwise. `any` is `s3:*`. In a never, where wider is safe,
  `s3:Delete*` stands for all that begin so when all of them have the verb.
- The verbs of actions are those of `actions.toml`. `{create: aws:s3, resource: "arn:aws:s3:::b/*"}` is `s3:PutObject` and its like.
- A never on every system is written for the services that the remit has a can on: elsewhere the policy grants nothing to deny.
- The policy ends with the remit: each statement that allows holds up to the end of the day of `lifecycle.expires`.

Residue, with its line: limits, `where`, `outside`, `columns`, `data_class`, resources that are no ARNs, other modes. A can that is
residue is left out (the policy then denies it); a never that is residue must be held elsewhere. Lines on other kinds of system are not
this policy's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from remit.model.native import Native, Residue
from remit.model.remit import Capability, Mode, Never, Remit
from remit.model.shown import printable
from remit.model.verbs import ANY, Verb
from remit.systems.aws.catalogue import actions_matching, concerns, service, vocabulary
from remit.systems.aws.policy import NEWEST

MEDIA_TYPE = "application/json"
_KIND = "aws:"
_EVERYWHERE = "*"
_FIRST_WORD = re.compile(r"[a-z0-9-]+:[A-Z][a-z]+(?=[A-Z])")


class _ResidueError(Exception):
    """This line cannot be said in a policy; the text says why."""


def policies(remit: Remit) -> Native:
    """Compiles a remit; the text is deterministic."""
    residue: list[Residue] = []
    statements = [*_allowing(remit, residue), *_denying(remit, residue)]
    limits = remit.limits
    for name, limit in (("calls", limits.calls), ("pay", limits.pay), ("rows", limits.rows)):
        if limit is not None:
            residue.append(Residue(rule=f"limits.{name}", line=limit.line, why="a policy counts nothing"))
    if remit.mode is not Mode.ENFORCE:
        residue.append(Residue(rule="mode", line=0, why=f"the policy enforces, and the remit's mode is `{remit.mode.value}`"))
    document = {"Version": NEWEST, "Id": f"remit-{remit.agent}", "Statement": statements}
    return Native(target="aws", media_type=MEDIA_TYPE, text=json.dumps(document, indent=2) + "\n", residue=tuple(residue))


def _allowing(remit: Remit, residue: list[Residue]) -> Iterator[dict[str, Any]]:
    closed = _closed_services(remit)
    for objective in remit.objectives:
        for number, line in enumerate(objective.can):
            if not line.system.startswith(_KIND):
                continue
            try:
                actions, resource = _allowed(line, closed)
            except _ResidueError as error:
                residue.append(Residue(rule=f"objectives.{objective.name}.can[{number}]", line=line.line, why=str(error)))
                continue
            statement: dict[str, Any] = {
                "Sid": f"{_camel(objective.name)}{number + 1}",
                "Effect": "Allow",
                "Action": actions,
                "Resource": resource,
            }
            if remit.lifecycle.expires is not None:
                statement["Condition"] = {"DateLessThan": {"aws:CurrentTime": _end_of(remit.lifecycle.expires)}}
            yield statement


def _denying(remit: Remit, residue: list[Residue]) -> Iterator[dict[str, Any]]:
    granted = sorted({line.system for _, line in remit.capabilities() if line.system.startswith(_KIND)})
    for number, line in enumerate(remit.never):
        if line.system != _EVERYWHERE and not line.system.startswith(_KIND):
            continue
        try:
            actions, resource = _denied(line, granted)
        except _ResidueError as error:
            residue.append(Residue(rule=f"never[{number}]", line=line.line, why=str(error)))
            continue
        if actions:
            yield {"Sid": f"Never{number + 1}", "Effect": "Deny", "Action": actions, "Resource": resource}


def _allowed(line: Capability, closed: frozenset[str]) -> tuple[list[str], str]:
    if line.where:
        raise _ResidueError("a policy sees no arguments of calls")
    if line.columns:
        raise _ResidueError("a policy knows no columns")
    if line.data_class is not None:
        raise _ResidueError("a policy knows no classes of data")
    prefix = line.system.removeprefix(_KIND)
    resource = _resource(line.resource)
    if line.verb == ANY and prefix not in closed:
        return [f"{prefix}:*"], resource
    words = tuple(verb.value for verb in Verb) if line.verb == ANY else (line.verb,)
    actions = [name for word in words for name in _actions(prefix, word) if concerns(name, line.resource)]
    if not actions:
        known = bool(service(prefix).actions)
        about = (
            f"is `{line.verb}` and about such a resource" if known else f"is known: {printable(prefix, 60)} is no service in the catalogue"
        )
        raise _ResidueError(f"no action {about}")
    return sorted(actions), resource


def _denied(line: Never, granted: Iterable[str]) -> tuple[list[str], str]:
    if line.outside:
        raise _ResidueError("a policy sees no destinations")
    if line.where:
        raise _ResidueError("a policy sees no arguments of calls")
    resource = _resource(line.resource)
    systems = list(granted) if line.system == _EVERYWHERE else [line.system]
    prefixes = [system.removeprefix(_KIND) for system in systems]
    if line.verb == ANY:
        return [f"{prefix}:*" for prefix in prefixes], resource
    return [name for prefix in prefixes for name in _shortened(prefix, line.verb)], resource


def _closed_services(remit: Remit) -> frozenset[str]:
    """Services in which `any` is written out: a never forbids to administer there, and an action that no table has is `administer`."""
    lines = [line for line in remit.never if line.verb == Verb.ADMINISTER.value and not line.where and not line.outside]
    everywhere = any(line.system == _EVERYWHERE for line in lines)
    named = {line.system for line in lines}
    systems = {line.system for _, line in remit.capabilities() if everywhere or line.system in named}
    return frozenset(system.removeprefix(_KIND) for system in systems if system.startswith(_KIND))


def _actions(prefix: str, word: str) -> Iterator[str]:
    table = vocabulary()
    return (name for name in actions_matching(f"{prefix}:*") if table.verb_of(name) == word)


def _shortened(prefix: str, word: str) -> list[str]:
    """The actions of a verb, those that begin with one word as a pattern where all that begin so have the verb."""
    table = vocabulary()
    found: dict[str, None] = {}
    for name in sorted(_actions(prefix, word)):
        start = _FIRST_WORD.match(name)
        pattern = f"{start[0]}*" if start else name
        is_shared = start is not None and all(table.verb_of(one) == word for one in actions_matching(pattern))
        found[pattern if is_shared else name] = None
    return list(found)


def _resource(pattern: str) -> str:
    """A pattern of a remit (`*` alone is special) as one of a policy."""
    if pattern != _EVERYWHERE and not pattern.startswith("arn:"):
        raise _ResidueError(f"a resource of AWS is an ARN or `*`, and `{printable(pattern, 80)}` is neither")
    return pattern.replace("$", "${$}").replace("?", "${?}")


def _end_of(day: str) -> str:
    """The first moment after a day."""
    return f"{(date.fromisoformat(day) + timedelta(days=1)).isoformat()}T00:00:00Z"


def _camel(name: str) -> str:
    """A name as a `Sid` may have it: letters and digits."""
    words = "".join(char if char.isascii() and char.isalnum() else " " for char in name).split()
    return "".join(word[:1].upper() + word[1:] for word in words) or "Can"
