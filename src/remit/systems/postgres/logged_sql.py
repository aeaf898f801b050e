"""The text of a logged statement to what it does, in Postgres' own words.

A statement is first reduced to its skeleton: comments go, every literal becomes `''`, long lists of values become one. What is read, kept
in memory or shown is the skeleton, so that no literal (a password, a customer's name) ever leaves this module.

Invariants:
- every statement of a text is read by itself; one that cannot be read is told, and hides no other;
- what changes the session alone (transactions, settings, cursors) and what the catalogue shows to everyone does nothing to a resource;
- a name without a schema keeps its bare form: which schema it is in is the caller's question.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from remit.decide.statements.sql import SqlAction, actions_of

Name = tuple[str, ...]
"""The parts of a name as Postgres folds them, unquoted: `("app", "orders")`, or `("orders",)` where the text gives no schema."""

BUILT_IN = frozenset((pkgutil.get_data("remit.systems.postgres", "built_in_functions.txt") or b"").decode().split())
"""Functions of `pg_catalog` that PUBLIC may execute (PostgreSQL 18): calling one needs no grant."""
_GUARDED_CATALOGUE = frozenset(
    """pg_aios pg_authid pg_backend_memory_contexts pg_config pg_file_settings pg_hba_file_rules pg_ident_file_mappings pg_largeobject
    pg_replication_origin_status pg_shadow pg_shmem_allocations pg_shmem_allocations_numa pg_statistic pg_statistic_ext_data pg_subscription
    pg_user_mapping""".split()  # noqa: SIM905 - a table of names
)
"""Relations of `pg_catalog` that PUBLIC may not read (PostgreSQL 18)."""
MAX_CHARS = 100_000
"""A longer skeleton is not read."""

_PIECE = re.compile(
    r"""
    (?P<escaped>[eE]'(?:[^'\\]|\\.|'')*')
  | (?P<string>(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*')
  | (?P<dollar>\$(?P<tag>[^\W\d]\w*|)\$.*?\$(?P=tag)\$)
  | (?P<name>(?:[uU]&)?"(?:[^"]|"")*")
  | (?P<line>--[^\n\r]*)
  | (?P<block>/\*)
  | (?P<space>\s+)
  | (?P<parameter>\$\d+)
  | (?P<word>[^\W\d][\w$]*)
  | (?P<number>\d[\w.]*)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_KEPT_CONSTANTS = 8
"""A function's arguments stay; a longer list is one of values."""
_CONSTANT_WORDS = frozenset({"null", "default", "true", "false"})
_HASH_OPERATORS = (("#>>", "->>"), ("<#>", "<->"), ("#>", "->"), ("#-", "-"), ("#=", "="), ("#", "+"))
"""Operators that the reader takes for a comment of another database, and ones of the same arity."""
_OPAQUE = re.compile(
    r"\b(?:pg_catalog\.)?(query_to_xml\w*|table_to_xml\w*|schema_to_xml\w*|database_to_xml\w*|cursor_to_xml\w*|ts_stat|crosstab\w*|pg_read_\w+|pg_ls_\w+|"
    r"pg_stat_file|lo_import|pg_file_\w+|pg_write_\w+|eval|exec\w*)(?=\s*\()",
    re.IGNORECASE,
)
_SHOWN_NAME = r'(?:"(?:[^"]|"")*"|[^\W\d][\w$]*)'
_DOTTED = rf"{_SHOWN_NAME}(?:\s*\.\s*{_SHOWN_NAME})*"
_SESSION_WORDS = frozenset(
    """begin start commit end rollback abort savepoint release show reset discard deallocate listen unlisten notify close fetch move
    checkpoint prepare explain values""".split()  # noqa: SIM905 - a table of words
)
_ROLE = re.compile(
    rf"(?P<action>create|alter|drop)\s+(?:role|user|group)\s+(?!mapping\b)(?:if\s+exists\s+)?(?P<name>{_SHOWN_NAME})", re.IGNORECASE
)
_OBJECT = re.compile(
    rf"(?P<action>create|alter|drop)\s+(?:or\s+replace\s+)?(?P<kind>schema|database|function|procedure|routine|aggregate)\s+"
    rf"(?:if\s+(?:not\s+)?exists\s+)?(?P<name>{_DOTTED})",
    re.IGNORECASE,
)
_RELATION = re.compile(
    rf"(?P<action>create|alter|drop)\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+|unlogged\s+|foreign\s+|materialized\s+|recursive\s+)*"
    rf"(?P<kind>table|view|sequence|index)\s+(?:concurrently\s+)?(?:if\s+(?:not\s+)?exists\s+)?(?:only\s+)?(?P<name>{_DOTTED})",
    re.IGNORECASE,
)
_UPKEEP = re.compile(
    rf"(?:refresh\s+materialized\s+view(?:\s+concurrently)?|cluster|reindex(?:\s*\([^()]*\))?\s+table|vacuum(?:\s*\([^()]*\)|\s+full|\s+freeze|\s+verbose|\s+analyze)*|"
    rf"lock(?:\s+table)?(?:\s+only)?)\s+(?P<name>{_DOTTED})",
    re.IGNORECASE,
)
_CALL = re.compile(rf"call\s+(?P<name>{_DOTTED})", re.IGNORECASE)
_CURSOR = re.compile(r"declare\b.*?\bcursor\b.*?\bfor\s+(?P<rest>.+)\Z", re.IGNORECASE | re.DOTALL)
_SESSION_USER = re.compile(rf"set\s+(?:session\s+|local\s+)?session\s+authorization\s+(?P<name>{_SHOWN_NAME})", re.IGNORECASE)
_AT_CURSOR = re.compile(rf"\bwhere\s+current\s+of\s+{_SHOWN_NAME}", re.IGNORECASE)
_CASCADE = re.compile(r"\b(?:cascade|restrict)\b", re.IGNORECASE)
_ANY_RESOURCE = frozenset(
    {
        "do",
        "grant",
        "revoke",
        "reassign",
        "security",
        "copy",
        "load",
        "import",
        "alter",
        "create",
        "drop",
        "comment",
        "vacuum",
        "reindex",
        "cluster",
    }
)
"""Statements that act on something which is not read further: the action is told, its resource is `*`."""


class Done(msgspec.Struct, frozen=True):
    """One thing that a statement does."""

    action: str
    """Postgres' own word: `select`, `insert`, `execute` ...; `alter`, `drop` and `comment` are what an owner may do."""
    kind: str
    """`relation`, `function`, `role`, `schema` or `database` (() is the one of the session); empty where the object is not told."""
    name: Name = ()
    columns: tuple[str, ...] = ()
    """What a SELECT names, an INSERT or UPDATE writes; empty: not told, or all of them."""


class Reading(msgspec.Struct, frozen=True):
    """What a text does, and how each statement that could not be read begins."""

    done: tuple[Done, ...]
    unread: tuple[str, ...] = ()


def skeleton(text: str) -> str:
    """The text without comments and literals."""
    return "".join(_collapsed(list(_pieces(text))))


def statement_parts(text: str) -> Reading:
    """What the statements of a text do, each thing once, in their order."""
    return _read(skeleton(text))


def prepared_text(detail: str) -> str | None:
    """The statement that `EXECUTE name` runs, from the detail of its record; None where it does not say."""
    begins, _, rest = detail.partition(": ")
    found = re.match(rf"prepare\s+{_SHOWN_NAME}\s*(?:\([^()]*\)\s*)?as\s+(.+)\Z", rest, re.IGNORECASE | re.DOTALL)
    return found[1] if begins == "prepare" and found else None


@lru_cache(maxsize=4096)
def _read(text: str) -> Reading:
    done: dict[Done, None] = {}
    unread = []
    for statement in _split(text):
        found = _of_statement(statement)
        if found is None:
            unread.append(re.split(r"\W", statement.lower(), maxsplit=1)[0][:20])
        else:
            done.update(dict.fromkeys(found))
    return Reading(tuple(done), tuple(unread))


# --- skeletons ------------------------------------------------------------------------------------------------------------------


def _pieces(text: str) -> Iterator[str]:
    position = 0
    while position < len(text):
        piece = _PIECE.match(text, position)
        if piece is None:  # cannot be: `other` takes any character
            return
        position = piece.end()
        kind = "dollar" if piece.lastgroup == "tag" else piece.lastgroup
        if kind in ("escaped", "string", "dollar"):
            yield "''"
        elif kind == "block":
            position = _end_of_comment(text, position)
            yield " "
        elif kind in ("line", "space"):
            yield " "
        else:
            yield piece[0]


def _end_of_comment(text: str, position: int) -> int:
    """Comments of Postgres nest."""
    depth = 1
    while depth:
        edge = _BLOCK_EDGE.search(text, position)
        if edge is None:
            return len(text)
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
    return position


def _is_constant(piece: str) -> bool:
    return piece == "''" or piece[0].isdigit() or (piece[0] == "$" and piece[1:].isdigit()) or piece.lower() in _CONSTANT_WORDS


def _group_end(pieces: list[str], start: int) -> int | None:
    """Where a bracket of constants ends that opens at `start`; None for any other."""
    at = start + 1
    has_constant = False
    while at < len(pieces):
        piece = pieces[at]
        if piece == ")":
            return at if has_constant else None
        if _is_constant(piece):
            has_constant = True
        elif piece not in (",", "-", "+") and not piece.isspace():
            return None
        at += 1
    return None


def _collapsed(pieces: list[str]) -> Iterator[str]:
    """Of a long bracket of constants one stays, and of several brackets in a row the first: lists of values can be very long."""
    at = 0
    while at < len(pieces):
        end = _group_end(pieces, at) if pieces[at] == "(" else None
        if end is None:
            yield pieces[at]
            at += 1
            continue
        constants = [piece for piece in pieces[at + 1 : end] if _is_constant(piece)]
        yield from pieces[at : end + 1] if len(constants) <= _KEPT_CONSTANTS else ("(", constants[0], ")")
        at = end + 1
        while True:
            ahead = at
            while ahead < len(pieces) and (pieces[ahead].isspace() or pieces[ahead] == ","):
                ahead += 1
            if ahead == at or ahead >= len(pieces) or pieces[ahead] != "(" or "," not in pieces[at:ahead]:
                break
            end = _group_end(pieces, ahead)
            if end is None:
                break
            at = end + 1


def _split(text: str) -> Iterator[str]:
    """The statements of a skeleton: only names in quotes can hide a semicolon there."""
    begun: list[str] = []
    for piece in _PIECE.finditer(text):
        if piece[0] == ";":
            yield from filter(None, ("".join(begun).strip(),))
            begun = []
        else:
            begun.append(piece[0])
    yield from filter(None, ("".join(begun).strip(),))


# --- statements -----------------------------------------------------------------------------------------------------------------


def _of_statement(statement: str) -> list[Done] | None:
    """What one statement does; None where it cannot be read."""
    cursor = _CURSOR.match(statement)
    if cursor is not None:
        statement = cursor["rest"]
    first = re.split(r"\W", statement.lower(), maxsplit=1)[0]
    if first == "set":
        user = _SESSION_USER.match(statement)
        return [Done("set", "role", _folded(user["name"]))] if user is not None else []
    if first in _SESSION_WORDS and first not in ("explain", "values"):
        return []
    if len(statement) > MAX_CHARS:
        return None
    return _parsed(statement) if first not in ("call", "do", "lock") else _by_words(statement, first)


def _parsed(statement: str) -> list[Done] | None:
    first = re.split(r"\W", statement.lower(), maxsplit=1)[0]
    named = [*(_by_words(statement, first) or ())] if _ROLE.match(statement) or _OBJECT.match(statement) else []
    if named:
        return named
    opaque = [Done("execute", "function", ("pg_catalog", found.lower())) for found in _OPAQUE.findall(statement)]
    readable = _OPAQUE.sub("pg_typeof", statement)
    for hashed, plain in _HASH_OPERATORS:
        readable = readable.replace(hashed, plain)
    readable = _AT_CURSOR.sub("", readable)
    if first in ("drop", "truncate", "alter"):
        readable = _CASCADE.sub("", readable)
    actions = actions_of(readable)
    if actions is None:
        return _by_words(statement, first)
    is_temporary = re.match(r"create\s+(?:(?:local|global)\s+)?temp", statement, re.IGNORECASE) is not None
    found = opaque + [done for action in actions for done in _done(action, is_temporary)]
    if first == "create" and not re.search(r"\bas\b", statement, re.IGNORECASE):
        # A table that a new one only refers to is not read.
        found = [msgspec.structs.replace(done, action="references") if done.action == "select" else done for done in found]
    return found


_NATIVE = {"lock": "update", "analyze": "maintain"}
"""What Postgres asks for where the statement has another name than the privilege."""


def _done(action: SqlAction, is_temporary: bool) -> Iterator[Done]:
    if action.action == "call":
        if not _is_built_in(_folded(action.object)):
            yield Done("execute", "function", _folded(action.object))
    elif action.action in ("copy", "transmit"):
        yield Done("copy", "")
    elif action.action == "create":
        yield Done("temporary", "database") if is_temporary else Done("create", "schema", _folded(action.object)[:-1])
    elif action.action == "set" or not action.object:
        return
    elif not _is_shown_to_all(_folded(action.object)):
        named = action.columns if action.action == "select" else action.changes
        columns = tuple(sorted(_folded(column)[0] for column in named or ()))
        yield Done(_NATIVE.get(action.action, action.action), "relation", _folded(action.object), columns)


def _is_built_in(name: Name) -> bool:
    if not name or name[:-1] in ((), ("pg_catalog",)):
        return not name or name[-1] in BUILT_IN
    return name[0] == "information_schema"


def _is_shown_to_all(name: Name) -> bool:
    """Whether a relation is one of the catalogue that PUBLIC may read, or of the session alone."""
    schema = name[-2] if len(name) > 1 else ""
    if schema in ("information_schema", "pg_temp"):
        return True
    if schema == "pg_catalog" or (schema == "" and name[-1].startswith("pg_")):
        return name[-1] not in _GUARDED_CATALOGUE
    return False


def _by_words(statement: str, first: str) -> list[Done] | None:
    """Statements that no parser sees through, by their first words."""
    if role := _ROLE.match(statement):
        return [Done(role["action"].lower(), "role", _folded(role["name"]))]
    if made := _OBJECT.match(statement):
        action, kind, name = made["action"].lower(), made["kind"].lower(), _folded(made["name"])
        if kind in ("schema", "database"):
            return [Done("create", "database") if (kind, action) == ("schema", "create") else Done(_NATIVE.get(action, action), kind, name)]
        if action == "create":
            return [Done("create", "schema", name[:-1])]
        return [Done(action, "function", name)]
    if related := _RELATION.match(statement):
        name = _folded(related["name"])
        if related["action"].lower() == "create":
            return [Done("create", "schema", name[:-1])]
        return [Done(related["action"].lower(), "relation", name)]
    if called := _CALL.match(statement):
        return [Done("execute", "function", _folded(called["name"]))]
    if upkeep := _UPKEEP.match(statement):
        return [Done("update" if first == "lock" else "maintain", "relation", _folded(upkeep["name"]))]
    return [Done(first, "")] if first in _ANY_RESOURCE else None


def _folded(dotted: str) -> Name:
    """The parts of a name as Postgres folds them."""
    return tuple(part[1:-1].replace('""', '"') if part.startswith('"') else part.lower() for part in re.findall(_SHOWN_NAME, dotted))
