"""The difference between two states of a target, laid out for reading; what is compared and applied stays byte for byte.

A state is a document (a policy: JSON), rows (privileges, memberships: a JSON list of lists), or a plain text. A document keeps its own
form, with what fits on a line on one line; rows become words, a line for those that differ in nothing but the privilege.
"""

from __future__ import annotations

import difflib
import json
from typing import Any

_ROOM = 66
"""Columns of one value of a document before it is laid out over several lines."""
_CONTEXT = 2


def laid_out(operation: str, before: str | None, after: str | None) -> list[str]:
    """Lines that begin with `+`, `-` or a blank."""
    old, new = _parsed(before), _parsed(after)
    if _are_rows(old) and _are_rows(new):
        return _rows(operation, old, new)
    lines = difflib.unified_diff(_lines(old), _lines(new), lineterm="", n=_CONTEXT)
    shown = [line for number, line in enumerate(lines) if number > 1]
    # Between two places of one document stands how much is left out; before the first nothing need stand.
    return [f"{line[:1]} {line[1:]}" if not line.startswith("@@") else "  ..." for line in shown[1:]]


def _parsed(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _are_rows(found: Any) -> bool:
    return found is None or (isinstance(found, list) and all(isinstance(row, list) for row in found))


def _rows(operation: str, old: list[list[Any]] | None, new: list[list[Any]] | None) -> list[str]:
    taken = [row for row in old or () if row not in (new or ())]
    given = [row for row in new or () if row not in (old or ())]
    kept = [row for row in old or () if row in (new or ())]
    return [f"{mark} {line}" for mark, rows in (("-", taken), ("+", given), (" ", kept)) for line in _in_words(operation, rows)]


def _in_words(operation: str, rows: list[list[Any]]) -> list[str]:
    """Rows of privileges are column, privilege, grantor, grant option; rows of memberships grantor, inherit, set, admin."""
    if operation == "PRIVILEGES" and all(len(row) == 4 for row in rows):
        groups: dict[tuple[Any, ...], list[str]] = {}
        for column, privilege, grantor, is_grantable in rows:
            groups.setdefault((column, grantor, is_grantable), []).append(str(privilege))
        return [
            f"{', '.join(names)}{f' of column {column}' if column else ''}, by {grantor}{', with grant option' if may_grant else ''}"
            for (column, grantor, may_grant), names in groups.items()
        ]
    if operation == "MEMBERSHIP" and all(len(row) == 4 for row in rows):
        return [
            f"member, by {grantor}"
            + "".join(f", {word}" for word, holds in (("inherits", inherits), ("may set role", sets), ("admin option", is_admin)) if holds)
            for grantor, inherits, sets, is_admin in rows
        ]
    return [" ".join(part if isinstance(part, str) else json.dumps(part) for part in row) for row in rows]


def _lines(found: Any) -> list[str]:
    if found is None:
        return []
    if isinstance(found, str):
        return found.splitlines()
    if isinstance(found, dict) and len(found) == 1 and all(isinstance(value, str) for value in found.values()):
        return [f"{name}: {value}" for name, value in found.items()]
    return _document(found, "")


def _document(found: Any, indent: str) -> list[str]:
    """JSON, with what is short on one line."""
    short = json.dumps(found, ensure_ascii=False)
    if not isinstance(found, dict | list) or not found or (len(short) <= _ROOM and not _holds_documents(found)):
        return [indent + short]
    is_list = isinstance(found, list)
    lines = [indent + ("[" if is_list else "{")]
    for number, item in enumerate(found):
        name, value = ("", item) if is_list else (f"{json.dumps(item, ensure_ascii=False)}: ", found[item])
        inner = _document(value, indent + "  ")
        inner[0] = f"{indent}  {name}{inner[0].lstrip()}"
        inner[-1] += "," if number < len(found) - 1 else ""
        lines += inner
    return [*lines, indent + ("]" if is_list else "}")]


def _holds_documents(found: Any) -> bool:
    return any(isinstance(value, dict) for value in (found if isinstance(found, list) else found.values()))
