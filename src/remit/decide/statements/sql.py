"""SQL text to the actions in it (remit language, section 4).

Parsed as PostgreSQL; what does not parse, what another database could read differently (`sql_text`), and what cannot be seen
through (DO, CALL, EXECUTE, functions that run text, bodies, CASCADE) counts as absent.

Invariants:
- closed world: a kind of statement that is not listed here is absent, never "nothing";
- a table that a statement only reads is a `select` of its own, wherever it stands: CTE, subquery, join, RETURNING;
- a name is that of a CTE only inside the statement that defines it.
"""

from __future__ import annotations

import logging
import pkgutil
import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import islice

import msgspec
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from remit.decide.statements.sql_changes import changed_columns
from remit.decide.statements.sql_text import reads_the_same_everywhere
from remit.document.pattern import resource_matcher

logging.getLogger("sqlglot").addHandler(logging.NullHandler())

_TABLE = tomllib.loads((pkgutil.get_data("remit.decide.statements", "sql.toml") or b"").decode())
VERBS: Mapping[str, str] = _TABLE["verbs"]
_FUNCTIONS = {kind: tuple(resource_matcher(name) for name in names) for kind, names in _TABLE["functions"].items()}
_WORDS: Mapping[str, frozenset[str]] = {verb: frozenset(words) for verb, words in _TABLE["words"].items()}
_BEGINS: Mapping[str, frozenset[str]] = {verb: frozenset(words) for verb, words in _TABLE["begins"].items()}
_STARTS = frozenset(_TABLE["starts"])
_ALL_VERBS = frozenset({"read", "create", "update", "delete", "execute", "administer", "transmit"})
_EXPLAIN = re.compile(r"\s*explain\b\s*(?:\([^()]*\)|(?:(?:analyze|analyse|verbose)\b\s*)*)\s*(?P<rest>.*)\Z", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(r"'(?:[^']|'')*'|\w+|[^\w\s]")
MAX_TOKENS = 6000
"""Words, texts and signs; a statement with more takes too long to parse and counts as absent."""
_MAX_LOCKS = 8
_WORD = re.compile(r"[a-z_]+")
_FIRST_WORD = re.compile(r"(?:\A|[;(\n\r]|\*/)\s*([a-z]+)")


class SqlAction(msgspec.Struct, frozen=True):
    """One action in a statement."""

    action: str
    """`select`, `insert`, `call` ..."""
    object: str
    """`schema.table` as the database folds it, a function's name, a file; empty where there is none."""
    columns: frozenset[str] | None = None
    """The columns of a `select` from one table; None: not known, or all of them."""
    verb: str | None = None
    """The verb of ours."""
    changes: frozenset[str] | None = None
    """The columns that an `insert` or `update` writes; None: not known, or all of them."""

    def __str__(self) -> str:
        return f"{self.action} {self.object}".strip()


class _OpaqueError(Exception):
    """The statement cannot be seen through."""


def actions_of(text: str) -> tuple[SqlAction, ...] | None:
    """The actions in SQL text; None where it counts as absent."""
    if not reads_the_same_everywhere(text) or any(number >= MAX_TOKENS for number, _ in enumerate(_TOKEN.finditer(text))):
        return None
    try:
        found = list(_actions(text, 0))
    except (SqlglotError, _OpaqueError, RecursionError):
        return None
    return tuple(dict.fromkeys(found))


def verbs_in_unreadable(text: str) -> frozenset[str]:
    """The verbs that SQL which cannot be read may have, by the words in it: a `never` is met by what is absent.

    Only words that do harm are looked for, so that a search text which some tool calls `query` is not taken for SQL.
    """
    lowered = text.lower()
    begins = frozenset(_FIRST_WORD.findall(lowered))
    if not _STARTS & begins:
        return frozenset()
    words = frozenset(_WORD.findall(lowered))
    if words & _WORDS["all"]:
        return _ALL_VERBS
    return frozenset(verb for verb, marks in _WORDS.items() if words & marks) | {verb for verb, marks in _BEGINS.items() if begins & marks}


def _actions(text: str, depth: int) -> Iterator[SqlAction]:
    for statement in sqlglot.parse(text, dialect="postgres"):
        if statement is None or isinstance(statement, exp.Semicolon):
            continue
        if isinstance(statement, exp.Command):
            explained = _EXPLAIN.match(statement.sql(dialect="postgres"))
            if explained is None or depth:
                raise _OpaqueError
            yield from _actions(explained["rest"], depth + 1)
            continue
        found = list(_actions_of_statement(statement))
        if not found and isinstance(statement, exp.Query | exp.Values):
            # It reads no table (`VALUES (1)`, `SELECT * FROM generate_series(1, 3)`), and is a `select` all the same.
            found = [_action("select", "")]
        yield from found


def _actions_of_statement(statement: exp.Expr) -> Iterator[SqlAction]:
    if not isinstance(statement, _STATEMENTS) or sum(1 for _ in islice(statement.find_all(exp.Lock), _MAX_LOCKS + 1)) > _MAX_LOCKS:
        raise _OpaqueError
    if isinstance(statement, exp.Transaction | exp.Commit | exp.Rollback):
        return
    targets: set[int] = set()
    for node in statement.walk():
        if isinstance(node, exp.Command):
            raise _OpaqueError
        for action, target in _targets(node):
            if isinstance(target, exp.Table):
                targets.add(id(target))
                yield msgspec.structs.replace(_action(action, _name(target)), changes=changed_columns(node, action))
            else:
                yield _action(action, target)
    columns = _columns(statement)
    if not targets and isinstance(statement, exp.Query) and statement.find(exp.Table) is None:
        yield _action("select", "")
    for node in statement.walk():
        if isinstance(node, exp.Table) and id(node) not in targets:
            yield from _read_table(node, columns)
        elif isinstance(node, exp.Anonymous) and not isinstance(node.parent, exp.Table):
            yield from _function(node, _schema_of_call(node))
        elif isinstance(node, _REACHING_FUNCTIONS) or (isinstance(node, exp.Operator) and not _is_built_in(node)):
            raise _OpaqueError


_STATEMENTS = (
    exp.Select,
    exp.SetOperation,
    exp.Subquery,
    exp.Values,
    exp.Insert,
    exp.Update,
    exp.Delete,
    exp.Merge,
    exp.Create,
    exp.Drop,
    exp.Alter,
    exp.TruncateTable,
    exp.Copy,
    exp.Grant,
    exp.Revoke,
    exp.Comment,
    exp.Analyze,
    exp.Set,
    exp.Transaction,
    exp.Commit,
    exp.Rollback,
)
_REACHING_FUNCTIONS = (exp.ReadCSV, exp.ReadParquet, exp.LoadData, exp.Use, exp.Attach, exp.Pragma, exp.Kill)
_CREATED = frozenset({"TABLE", "VIEW", "INDEX", "SCHEMA", "DATABASE"})
Target = tuple[str, exp.Table | str]


def _is_built_in(operator: exp.Operator) -> bool:
    """Whether `OPERATOR(...)` names one of the database's own; any other stands for a function that somebody made."""
    schema, dot, _ = str(operator.args.get("operator") or "").rpartition(".")
    return not dot or schema.strip().lower() == "pg_catalog"


def _targets(node: exp.Expr) -> Iterator[Target]:
    """What a node changes: the action and its table (or the name of something else). Tables beside it are only read."""
    match node:
        case exp.Insert() if not isinstance(node.parent, exp.When):
            table = _table_of(node.this)
            yield "insert", table
            conflict = node.args.get("conflict")
            if conflict is not None and "UPDATE" in str(conflict.args.get("action") or "").upper():
                yield "update", table
            if node.args.get("returning"):
                yield "select", table
        case exp.Update() if not isinstance(node.parent, exp.When):
            yield "update", _table_of(node.this)
            if node.args.get("returning"):
                yield "select", _table_of(node.this)
        case exp.Delete() if not isinstance(node.parent, exp.When):
            yield "delete", _table_of(node.this)
            if node.args.get("returning"):
                yield "select", _table_of(node.this)
        case exp.Merge():
            yield from _merge_targets(node)
        case exp.Create():
            yield from _create_targets(node)
        case exp.Drop():
            if node.args.get("cascade"):
                raise _OpaqueError
            tables = node.args.get("tables") or [node.this]
            yield from (("drop", _table_of(table)) for table in tables)
        case exp.Alter():
            yield from (("alter", table) for table in node.find_all(exp.Table))
        case exp.TruncateTable():
            if str(node.args.get("option") or "").lower() == "cascade":
                raise _OpaqueError
            yield from (("truncate", _table_of(table)) for table in node.expressions)
        case exp.Copy():
            yield from _copy_targets(node)
        case exp.Grant() | exp.Revoke():
            yield ("grant" if isinstance(node, exp.Grant) else "revoke"), _table_of(node.args.get("securable"))
        case exp.Comment():
            yield "comment", _table_of(node.this)
        case exp.Analyze():
            tables = node.args.get("tables")
            yield from (("analyze", _table_of(table)) for table in tables) if tables else (("analyze", ""),)
        case exp.Into():
            yield "create", _table_of(node.this)
        case exp.Lock():
            select = node.parent
            named = node.expressions or ([] if select is None else [table for table in select.find_all(exp.Table) if not _is_cte(table)])
            yield from (("lock", _name(table)) for table in named if isinstance(table, exp.Table))
        case exp.SetItem():
            yield "set", _set_name(node)
        case _:
            return


def _table_of(node: object) -> exp.Table:
    if isinstance(node, exp.Schema):
        node = node.this
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
        return node
    raise _OpaqueError


def _merge_targets(node: exp.Merge) -> Iterator[Target]:
    table = _table_of(node.this)
    for when in node.find_all(exp.When):
        then = when.args.get("then")
        word = str(then.this if isinstance(then, exp.Var) else type(then).__name__).lower()
        word = word.split()[0]
        if word in ("insert", "update", "delete"):
            yield word, table
        elif word != "do":
            raise _OpaqueError
    yield "select", table


def _create_targets(node: exp.Create) -> Iterator[Target]:
    if str(node.args.get("kind")).upper() not in _CREATED:
        raise _OpaqueError
    made = node.this
    if isinstance(made, exp.Index):
        yield "alter", _table_of(made.args.get("table"))
        return
    table = _table_of(made)
    yield "create", table
    if node.args.get("replace"):
        yield "drop", table


def _copy_targets(node: exp.Copy) -> Iterator[Target]:
    is_from = bool(node.args.get("kind"))
    copied = node.this
    if not isinstance(copied, exp.Subquery):
        yield ("insert" if is_from else "select"), _table_of(copied)
    for file in node.args.get("files") or []:
        if isinstance(file, exp.Literal) and file.is_string:
            yield "copy", str(file.this)
        elif isinstance(file, exp.Identifier) and not file.quoted and file.this.lower() in ("stdin", "stdout"):
            continue
        elif isinstance(file, exp.Identifier) and not file.quoted and file.this.lower() == "program":
            yield "transmit", "program"
        else:
            raise _OpaqueError


def _set_name(node: exp.SetItem) -> str:
    if isinstance(node.this, exp.EQ) and isinstance(node.this.this, exp.Column):
        return node.this.this.name.lower()
    raise _OpaqueError


def _read_table(table: exp.Table, columns: frozenset[str] | None) -> Iterator[SqlAction]:
    if table.args.get("rows_from"):
        return
    if isinstance(table.this, exp.Anonymous):
        yield from _function(table.this, _schema_of_table(table))
    elif isinstance(table.this, exp.Func | exp.XMLTable):
        if _schema_of_table(table) not in ("", "pg_catalog"):
            # A function that somebody made and called like one that the parser knows.
            yield _action("call", f"{_schema_of_table(table)}.{table.this.sql_name().lower()}")
    elif not isinstance(table.this, exp.Identifier):
        raise _OpaqueError
    elif not _is_cte(table):
        yield SqlAction("select", _name(table), columns, VERBS["select"])


def _is_cte(table: exp.Table) -> bool:
    """Whether a table's name is that of a common table expression which can be seen from where it stands."""
    if table.args.get("db") is not None:
        return False
    name = _part(table.this)
    below: exp.Expr = table
    node = table.parent
    while node is not None:
        clause = node if isinstance(node, exp.With) else node.args.get("with_")
        if isinstance(clause, exp.With) and below is not clause:
            for position, cte in enumerate(clause.expressions):
                is_inside = below is cte
                if is_inside and not clause.args.get("recursive"):
                    break
                if _part(cte.args["alias"].this) == name:
                    return True
                if position > 500:
                    raise _OpaqueError
        below, node = (node, node.parent)
    return False


def _schema_of_table(table: exp.Table) -> str:
    parts = [table.args.get("catalog"), table.args.get("db")]
    return ".".join(_part(part) for part in parts if part is not None)


def _schema_of_call(call: exp.Anonymous) -> str:
    parent = call.parent
    if not isinstance(parent, exp.Dot) or parent.expression is not call:
        return ""
    parts = list(parent.this.flatten()) if isinstance(parent.this, exp.Dot) else [parent.this]
    return ".".join(_part(part) if isinstance(part, exp.Identifier) else str(part.sql(dialect="postgres")).lower() for part in parts)


def _function(call: exp.Anonymous, schema: str) -> Iterator[SqlAction]:
    name = _part(call.this) if isinstance(call.this, exp.Identifier) else str(call.this).lower()
    # Letter case and quotes do not hide what a function of this name does.
    plain = name.strip('"').lower()
    full = f"{schema}.{name}" if schema and schema != "pg_catalog" else name
    for kind in ("opaque", "transmit", "administer"):
        if any(matches(full.replace('"', "").lower()) or matches(plain) for matches in _FUNCTIONS[kind]):
            if kind == "opaque":
                raise _OpaqueError
            yield SqlAction("call", full, None, kind)
            return
    if schema in ("", "pg_catalog") and any(matches(name) for matches in _FUNCTIONS["pure"]):
        return
    yield _action("call", full)


def _action(action: str, target: str) -> SqlAction:
    return SqlAction(action, target, None, VERBS.get(action, action))


def _name(table: exp.Table) -> str:
    parts = [table.args.get("catalog"), table.args.get("db"), table.this]
    return ".".join(_part(part) for part in parts if part is not None)


def _part(identifier: object) -> str:
    """One part of a name as the database folds it; quoted where it would read as something else without."""
    if not isinstance(identifier, exp.Identifier):
        raise _OpaqueError
    name = str(identifier.this)
    if not identifier.quoted:
        return name.lower()
    return name if re.fullmatch(r"[a-z_][a-z0-9_$]*", name) else '"' + name.replace('"', '""') + '"'


def _columns(statement: exp.Expr) -> frozenset[str] | None:
    """The columns that a plain `select` from one table names anywhere; None where that cannot be told."""
    if not isinstance(statement, exp.Select) or len(list(statement.find_all(exp.Table))) != 1:
        return None
    if any(not isinstance(star.parent, exp.Count) for star in statement.find_all(exp.Star)):
        return None
    if any(alias.args.get("columns") for alias in statement.find_all(exp.TableAlias)):
        return None  # `costs.daily AS d (a, day)` gives columns other names
    table = statement.find(exp.Table)
    names = set()
    for column in statement.find_all(exp.Column):
        if not isinstance(column.this, exp.Identifier):
            return None
        name = _part(column.this)
        if table is not None and name in (table.alias.lower(), _part(table.this)):
            return None
        names.add(name)
    return frozenset(names)
