"""One question of `remit evaluate postgres`: may this role run this statement in the world of a catalogue dump?

A statement is `{"verb", "schema", "table", "columns"}`, run as the role itself: SELECT names the columns it reads; INSERT and UPDATE
name those they set, from values and not from other columns; DELETE and TRUNCATE take the whole table, without a condition. What
Postgres would refuse for another reason than a privilege (no such table or column, a sequence that is to be updated) is denied too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from remit.model.access import Verdict
from remit.model.shown import printable
from remit.systems.postgres.names import quoted, relation_name
from remit.systems.postgres.objects import objects_of_dump
from remit.systems.postgres.rights import Refusal, Right, Rights
from remit.systems.postgres.row_security import refusal_of_rows
from remit.systems.postgres.world import Thing, World

VERBS = ("select", "insert", "update", "delete", "truncate")
_SYSTEM_COLUMNS = ("tableoid", "cmax", "xmax", "cmin", "xmin", "ctid")
_KINDS: Mapping[str, tuple[str, ...]] = {
    "select": ("table", "partitioned table", "view", "materialized view", "foreign table", "sequence"),
    "insert": ("table", "partitioned table", "view", "foreign table"),
    "update": ("table", "partitioned table", "view", "foreign table"),
    "delete": ("table", "partitioned table", "view", "foreign table"),
    "truncate": ("table", "partitioned table", "foreign table"),
}
_SEQUENCE_COLUMNS = ("last_value", "log_cnt", "is_called")


class Evaluator:
    """Answers cases, and keeps the world of the latest dump."""

    def __init__(self) -> None:
        self._dump: Any = None
        self._world: World | None = None

    def evaluate(self, case: Mapping[str, Any], load: Callable[[str], Any]) -> Verdict:
        """The verdict on one case; a bad case is a ValueError, in words."""
        role, statement = _request(case)
        world = self._world_of(_text(case, "world", "the case"), load)
        if role not in world.roles:
            raise ValueError(f"the world has no role `{printable(role)}`")
        return verdict(world, role, *statement)

    def _world_of(self, path: str, load: Callable[[str], Any]) -> World:
        dump = load(path)
        if self._world is None or dump is not self._dump:
            if not isinstance(dump, Mapping):
                raise ValueError("the world is no catalogue dump: it is not a JSON object")
            world = World(objects_of_dump("postgres:world", dump))
            if world.unread:
                place, why = world.unread[0]
                raise ValueError(f"the world cannot be read: {printable(place)}: {printable(why)}")
            self._dump, self._world = dump, world
        return self._world


def _request(case: Mapping[str, Any]) -> tuple[str, tuple[str, str, str, tuple[str, ...]]]:
    request = case.get("request")
    if not isinstance(request, Mapping):
        raise ValueError("the case has no `request`")
    statement = request.get("statement")
    if not isinstance(statement, Mapping):
        raise ValueError("the request has no `statement`")
    verb = _text(statement, "verb", "the statement").lower()
    if verb not in VERBS:
        raise ValueError(f"the verb `{printable(verb)}` is none of {', '.join(VERBS)}")
    columns = statement.get("columns", [])
    if not isinstance(columns, list) or not all(isinstance(column, str) for column in columns):
        raise ValueError("`columns` of the statement is no list of names")
    role = _text(request, "role", "the request")
    return role, (verb, _text(statement, "schema", "the statement"), _text(statement, "table", "the statement"), tuple(columns))


def _text(form: Mapping[str, Any], name: str, what: str) -> str:
    value = form.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{what} has no `{name}`")
    return value


def verdict(world: World, role: str, verb: str, schema: str, table: str, columns: tuple[str, ...]) -> Verdict:
    """What Postgres answers to a statement of a role."""
    rights = Rights(world, role)
    thing = world.thing(relation_name(schema, table))
    looked_up = rights.usage_of_schema(schema)
    if isinstance(looked_up, Refusal):
        return refused(looked_up)
    if thing is None:
        return Verdict(is_allowed=False, because=f"there is no relation {quoted(schema)}.{quoted(table)}")
    impossible = _impossible(thing, verb, columns)
    if impossible:
        return Verdict(is_allowed=False, because=impossible)
    answer = statement_right(rights, thing, verb, columns)
    if isinstance(answer, Refusal):
        return refused(answer)
    missing = rights.missing_sequence(thing, columns) if verb == "insert" else None
    if missing is not None:
        return refused(no_sequence(rights, *missing))
    hidden = refusal_of_rows(world, role, thing, verb)
    return refused(hidden) if hidden is not None else granted(answer)


def statement_right(rights: Rights, thing: Thing, verb: str, columns: tuple[str, ...]) -> Right | Refusal:
    """What the executor checks. A statement that names no column needs the privilege on the whole or on one column."""
    answer = rights.on(thing, verb, columns)
    if isinstance(answer, Refusal) and not columns and verb in ("select", "insert"):
        some = rights.columns(thing, verb)
        return rights.on(thing, verb, some[:1]) if some else answer
    return answer


def no_sequence(rights: Rights, column: str, sequence: Thing) -> Refusal:
    """Why an INSERT fails that leaves a column to its default."""
    text = f"the default of column {quoted(column)} draws from {sequence.resource}, on which nothing grants `{rights.role}` USAGE"
    return Refusal(text, rights.place_of(sequence))


def _impossible(thing: Thing, verb: str, columns: tuple[str, ...]) -> str:
    """Why no role can run the statement; empty: it can be run."""
    kind = str(thing.body["kind"])
    if kind not in _KINDS[verb]:
        return f"a {kind} takes no {verb.upper()}"
    known = {*thing.columns, *(_SEQUENCE_COLUMNS if kind == "sequence" else ()), *(_SYSTEM_COLUMNS if verb == "select" else ())}
    missing = [column for column in columns if column not in known]
    if missing:
        return f"{thing.resource} has no column {quoted(printable(missing[0]))}"
    if verb == "update" and not columns:
        return "an UPDATE sets one column at least"
    return ""


def granted(right: Right) -> Verdict:
    """An allow, with the way from the role to the grant."""
    way = "".join(f"`{step.member}` is a member of `{step.role}`; " for step in right.way)
    return Verdict(is_allowed=True, because=f"{way}{right.text}", place=right.place)


def refused(refusal: Refusal) -> Verdict:
    """A denial. Postgres has no grant that denies, so none is explicit."""
    return Verdict(is_allowed=False, depends_on=refusal.depends_on, because=refusal.text, place=refusal.place)
