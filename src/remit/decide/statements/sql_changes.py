"""Which columns an INSERT, UPDATE, COPY or MERGE writes, as the database folds their names.

What is not listed is not known: an INSERT without a list writes every column, and a lock or a DELETE is of whole rows. Columns that are
only compared or read are not among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlglot import exp

_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")


def changed_columns(node: exp.Expr, action: str) -> frozenset[str] | None:
    """The columns that a node writes by one of its actions; None where it does not list them."""
    match node:
        case exp.Merge():
            thens = [when.args.get("then") for when in node.find_all(exp.When)]
            kind = {"insert": exp.Insert, "update": exp.Update}.get(action)
            listed = [_written_by(then) for then in thens if kind is not None and isinstance(then, kind)]
            return _all(listed)
        case exp.Insert() if action == "update":
            conflict = node.args.get("conflict")
            return _assigned(conflict.expressions) if conflict is not None else None
        case exp.Insert() | exp.Update() if action in ("insert", "update"):
            return _written_by(node)
        case exp.Copy() if action == "insert":
            return _listed(node.this)
        case _:
            return None


def _written_by(node: exp.Expr) -> frozenset[str] | None:
    return _assigned(node.expressions) if isinstance(node, exp.Update) else _listed(node.this)


def _all(each: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    found: set[str] = set()
    for names in each:
        if names is None:
            return None
        found |= names
    return frozenset(found) or None


def _listed(target: object) -> frozenset[str] | None:
    """The names of `table (a, b)`, or of the bracket alone."""
    if not isinstance(target, exp.Schema | exp.Tuple):
        return None
    return _all(_name(column) for column in target.expressions)


def _assigned(assignments: Iterable[exp.Expr]) -> frozenset[str] | None:
    """The names on the left of `a = 1, (b, c) = (...)`."""
    found = []
    for assignment in assignments:
        if not isinstance(assignment, exp.EQ):
            return None
        left = assignment.this
        found.append(_all(_name(each) for each in left.expressions) if isinstance(left, exp.Tuple) else _name(left))
    return _all(found)


def _name(column: object) -> frozenset[str] | None:
    """The column that is written: of `a[1]` and of `a.field` it is `a`."""
    while isinstance(column, exp.Bracket | exp.Paren):
        column = column.this
    if isinstance(column, exp.Dot):
        return _name(column.this)
    if isinstance(column, exp.Column):
        column = next((part for part in (column.args.get(key) for key in ("catalog", "db", "table", "this")) if part is not None), None)
    if not isinstance(column, exp.Identifier):
        return None
    name = str(column.this)
    if not column.quoted:
        return frozenset({name.lower()})
    return frozenset({name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'})
