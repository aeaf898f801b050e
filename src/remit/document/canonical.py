"""The canonical form of a remit (RFC 8785) and its hash (SHA-256).

What it decides: when two documents are the same remit. Invariants:
- places do not count: lines, columns, the file's path, comments, the order of keys, spelling of YAML;
- defaults are written out, so a document that leaves out `approvers` or `mode` and one that writes the default are the same;
- the order of objectives and of arguments in a `where` does not count; both are mappings, whose keys JSON sorts;
- lists count as sets where their order decides nothing (`approvers`, `identities`, `columns`, `outside`, values of `where`):
  they are sorted. The lines of `can` and `never` keep their order, because decisions name them by number.
"""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785

from remit.model.remit import Capability, Condition, Limit, Limits, Never, Remit, Scalar


def canonical(remit: Remit) -> bytes:
    """The canonical JSON of a remit; equal bytes mean the same remit."""
    return rfc8785.dumps(document(remit))


def content_hash(remit: Remit) -> str:
    """`sha256:` and 64 hexadecimal digits over the canonical form."""
    return "sha256:" + hashlib.sha256(canonical(remit)).hexdigest()


def document(remit: Remit) -> dict[str, Any]:
    """The remit as a document of JSON values, in the grammar of the format, with every default written out."""
    return {
        "remit": remit.remit,
        "agent": remit.agent,
        "purpose": remit.purpose,
        "owner": _without_none({"contact": remit.owner.contact, "team": remit.owner.team, "deputy": remit.owner.deputy}),
        "approvers": sorted(set(remit.approvers)),
        "identities": sorted(set(remit.identities)),
        "objectives": {
            objective.name: {"why": objective.why, "can": [_capability(line) for line in objective.can]} for objective in remit.objectives
        },
        "never": [_never(line) for line in remit.never],
        "limits": _limits(remit.limits),
        "lifecycle": _without_none(
            {
                "expires": remit.lifecycle.expires,
                "review": _days(remit.lifecycle.review_days),
                "dormant_after": _days(remit.lifecycle.dormant_after_days),
            }
        ),
        "mode": remit.mode.value,
    }


def limit_text(limit: Limit) -> str:
    """A limit as a document writes it: `600/hour`, `0.5 USD/day`."""
    amount = str(int(limit.amount)) if limit.amount == int(limit.amount) else format(limit.amount, "f").rstrip("0")
    return f"{amount} {limit.currency}/{limit.window.value}" if limit.currency else f"{amount}/{limit.window.value}"


def _capability(line: Capability) -> dict[str, Any]:
    form: dict[str, Any] = {line.verb: line.system, "resource": line.resource}
    if line.where:
        form["where"] = _where(line.where)
    if line.columns:
        form["columns"] = sorted(set(line.columns))
    if line.data_class is not None:
        form["data_class"] = line.data_class
    return form


def _never(line: Never) -> dict[str, Any]:
    form: dict[str, Any] = {line.verb: line.system, "resource": line.resource}
    if line.where:
        form["where"] = _where(line.where)
    if line.outside:
        form["outside"] = sorted(set(line.outside))
    return form


def _where(conditions: tuple[Condition, ...]) -> dict[str, Any]:
    return {condition.argument: _values(condition.values) for condition in conditions}


def _values(values: tuple[Scalar, ...]) -> list[Scalar]:
    unique = {(type(value) is bool, isinstance(value, str), value): value for value in values}
    return [unique[key] for key in sorted(unique, key=lambda key: (key[0], key[1], str(rfc8785.dumps(key[2]))))]


def _limits(limits: Limits) -> dict[str, str]:
    named = {"calls": limits.calls, "pay": limits.pay, "rows": limits.rows}
    return {name: limit_text(limit) for name, limit in named.items() if limit is not None}


def _days(days: int | None) -> str | None:
    return None if days is None else f"{days}d"


def _without_none(values: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
