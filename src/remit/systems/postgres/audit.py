"""One record of Postgres' JSON log to the events in it (`log_destination = jsonlog`, `log_statement = all`).

Source: PostgreSQL 18 manual, 19.8.10 "Using JSON-Format Log Output", and `exec_simple_query`, `exec_execute_message` of `postgres.c` for
the forms of a message: `statement: ...`, `execute NAME: ...`, and the same behind `duration: ... ms`. Invariants:
- a statement's record says that it was begun; the ERROR that follows in the same session says how it ended. `settled` drops the first of
  such a pair, so that what was refused is never counted as allowed too. Where the permission is missed before the statement is begun (the
  extended protocol checks it at bind time) there is only the ERROR;
- a refused text was refused as a whole: every object in it counts as denied, although the message names one;
- Remit's own sessions are told by application name and login role together, since anybody may set an application name;
- neither literals nor parameters are kept; names in the log are hostile text.

Not seen here: what a function, a trigger or a DO block does inside; which schema `search_path` leads to, unless the relations of the
database are given; messages in another language than English (`lc_messages`). `SET ROLE` leaves the user of the login in the log.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from remit.contracts.system import RawRecord
from remit.model.access import NativeObject, Unread
from remit.model.connection import Connection
from remit.model.event import Event, Result
from remit.model.evidence import Gap
from remit.model.shown import printable
from remit.systems.postgres.logged_sql import Done, Name, prepared_text, statement_parts
from remit.systems.postgres.names import canonical, function_name, relation_name
from remit.systems.postgres.objects import FUNCTION, RELATION

OWN_APPLICATIONS = frozenset({"remit", "remit-proof"})
"""What Remit's own connections call themselves."""
_OWN_ROLES = frozenset({"remit_read", "remit_write"})
_REFUSED = "42501"
_NEVER_BEGUN = frozenset({"42601"})
"""Errors of grammar: nothing of the text was looked at, and nothing done."""
_ENDS = frozenset({"ERROR", "FATAL", "PANIC"})
_MESSAGE = re.compile(r"(?:duration: [\d.]+ ms +)?(?P<form>statement|execute (?P<prepared>[^:]*)): (?P<text>.*)\Z", re.DOTALL)
_MORE_TEXT = re.compile(
    r": (?=\s*(?:select|insert|update|delete|merge|with|truncate|copy|create|alter|drop|grant|revoke|do|call|table)\b)", re.IGNORECASE
)
_TIME = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?) (\S+)\Z")
_MAX_SESSION_CHARS = 200


class _Line(msgspec.Struct):
    """The members of a record that matter here."""

    timestamp: str
    error_severity: str
    session_id: str = ""
    line_num: int = 0
    message: str = ""
    user: str = ""
    dbname: str = ""
    application_name: str = ""
    backend_type: str = "client backend"
    session_start: str = ""
    state_code: str = ""
    statement: str = ""
    detail: str = ""


class Known(msgspec.Struct, frozen=True):
    """The relations and functions of a database, by which a name without a schema finds its own."""

    relations: Mapping[str, frozenset[str]] = {}
    """Name -> schemas that have it."""
    functions: Mapping[tuple[str, str], tuple[str, ...]] = {}
    """(schema, name) -> arguments of each function of that name."""


NOTHING_KNOWN = Known()
_DECODER = msgspec.json.Decoder(_Line)


def known_of(objects: Iterable[NativeObject]) -> Known:
    """The names in the objects of a connection."""
    relations: dict[str, set[str]] = defaultdict(set)
    functions: dict[tuple[str, str], list[str]] = defaultdict(list)
    for found in objects:
        if found.kind == RELATION:
            relations[found.body["name"]].add(found.body["schema"])
        elif found.kind == FUNCTION:
            functions[found.body["schema"], found.body["name"]].append(found.body["arguments"])
    return Known(
        {name: frozenset(schemas) for name, schemas in relations.items()}, {name: tuple(sorted(each)) for name, each in functions.items()}
    )


def events_of(connection: Connection, record: RawRecord, known: Known = NOTHING_KNOWN) -> Sequence[Event] | Unread:
    """What somebody did or tried to do by one record; () where it is nobody's action, Unread where it cannot be read."""
    try:
        line = _DECODER.decode(record.payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Unread(place=record.place, why=f"this is no record of the JSON log of Postgres: {printable(str(error))}")
    texts = _texts(line)
    if not texts or not _is_of_an_agent(connection, line):
        return ()
    happened = _when(line)
    if happened is None:
        return Unread(place=record.place, why=f"its time `{printable(line.timestamp, 60)}` cannot be told; set `log_timezone` to `UTC`")
    # A log that was copied from elsewhere may lack what counts its lines; then its place must do.
    called = f"{line.session_id}:{line.line_num}:{line.timestamp}" if line.session_id else record.place
    done: dict[Done, None] = {}
    unread: list[str] = []
    for number, text in enumerate(texts):
        reading = statement_parts(text)
        done.update(dict.fromkeys(reading.done))
        unread += reading.unread if number == 0 else ()
    if unread and not done:
        begins = ", ".join(f"`{printable(word, 20)}`" for word in dict.fromkeys(unread))
        return Unread(place=record.place, why=f"a statement of `{printable(line.user, 80)}` that begins with {begins} cannot be read")
    result = Result.DENIED if line.state_code == _REFUSED else Result.FAILED if line.error_severity in _ENDS else Result.ALLOWED
    # What could not be read beside what could stays visible, as an action that no table knows.
    done.update(dict.fromkeys(Done(word or "unknown", "") for word in unread))
    return tuple(
        Event(
            id=f"{called}:{number}",
            source=connection.id,
            happened=happened,
            principal=canonical(connection.id, line.user),
            system=connection.id,
            action=each.action,
            resource=_resource(each, line, known),
            result=result,
            place=record.place,
            session=line.application_name[:_MAX_SESSION_CHARS],
            columns=each.columns,
        )
        for number, each in enumerate(done)
    )


def settled(records: Iterable[RawRecord | Gap], most_waiting: int = 2000) -> Iterator[RawRecord | Gap]:
    """The records in their order, without a statement's record whose ERROR follows as the next record of its session.

    A statement waits for the next record of its session, for `most_waiting` further records, or for the end. Cursors stay those of the
    records, so a reading that ends between the two counts the statement as begun and, the next time, its refusal too.
    """
    waiting: deque[_Waiting] = deque()
    begun: dict[str, _Waiting] = {}
    for record in records:
        entry = _Waiting(record)
        line = _decoded(record) if isinstance(record, RawRecord) else None
        if line is not None and line.session_id:
            before = begun.pop(line.session_id, None)
            if before is not None:
                before.is_open = False
                before.is_refuted = line.error_severity in _ENDS and before.ends_as == (line.line_num, line.statement)
            entry.ends_as = _ends_as(line)
            entry.is_open = entry.ends_as is not None
            if entry.is_open:
                begun[line.session_id] = entry
        waiting.append(entry)
        while waiting and (not waiting[0].is_open or len(waiting) > most_waiting):
            first = waiting.popleft()
            if not first.is_refuted:
                yield first.record
    yield from (entry.record for entry in waiting if not entry.is_refuted)


class _Waiting:
    """A record that was read and not yet handed on."""

    __slots__ = ("ends_as", "is_open", "is_refuted", "record")

    def __init__(self, record: RawRecord | Gap) -> None:
        self.record = record
        self.ends_as: tuple[int, str] | None = None
        self.is_open = False
        self.is_refuted = False


def _ends_as(line: _Line) -> tuple[int, str] | None:
    """Line number and text of the ERROR that would be about this statement; None where this is no statement that was just begun."""
    found = _MESSAGE.match(line.message) if line.error_severity == "LOG" and not line.message.startswith("duration:") else None
    return (line.line_num + 1, found["text"]) if found is not None else None


def _decoded(record: RawRecord) -> _Line | None:
    try:
        return _DECODER.decode(record.payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _texts(line: _Line) -> list[str]:
    """The SQL of a record: its statement, and each further reading where a prepared statement's name could hide one; [] for none."""
    if line.error_severity in _ENDS:
        return [line.statement] if line.statement and line.state_code not in _NEVER_BEGUN else []
    if line.error_severity != "LOG":
        return []
    found = _MESSAGE.match(line.message)
    if found is None or (found["prepared"] or "").startswith("fetch from "):
        return []
    text: str = found["text"]
    if found["form"] == "statement":
        return [prepared_text(line.detail) or text]
    # A name is the client's to choose, `x: select 1 --` too: what may stand behind one is read as well.
    return [text, *(text[more.end() :] for more in _MORE_TEXT.finditer(text))]


def _is_of_an_agent(connection: Connection, line: _Line) -> bool:
    """Whether a session is a client's, in this database, and not Remit's own."""
    if line.backend_type != "client backend" or not line.user:
        return False
    users, database = _own_users_and_database(connection)
    if database is not None and line.dbname and line.dbname != database:
        return False
    return not (line.application_name in OWN_APPLICATIONS and line.user in users)


def _own_users_and_database(connection: Connection) -> tuple[frozenset[str], str | None]:
    users: set[str] = set()
    database = None
    for name in ("write_url", "url"):
        try:
            parts = urlsplit(connection.setting(name) or "")
            asked = parse_qs(parts.query)
            user = unquote(parts.username or "") or next(iter(asked.get("user", ())), "")
        except ValueError:
            continue
        users.update({user} if user else ())
        database = unquote(parts.path.strip("/")) or next(iter(asked.get("dbname", ())), "") or database
    return frozenset(users) or _OWN_ROLES, database


def _when(line: _Line) -> str | None:
    """The time in UTC. A zone other than UTC is told by the start of the session, which its id gives in seconds since 1970."""
    found, begun = _TIME.match(line.timestamp), _TIME.match(line.session_start)
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
        if found[2] not in ("UTC", "GMT", "Z", "Etc/UTC"):
            if begun is None or begun[2] != found[2]:
                return None
            started = datetime.fromtimestamp(int(line.session_id.partition(".")[0], 16), UTC)
            apart = datetime.fromisoformat(begun[1]).replace(tzinfo=UTC) - started
            at -= timedelta(minutes=15) * round(apart / timedelta(minutes=15))
    except (ValueError, OverflowError, OSError):
        return None
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}Z"


def _resource(done: Done, line: _Line, known: Known) -> str:
    name = done.name[1:] if len(done.name) > 2 and done.name[0] == line.dbname else done.name
    if done.kind == "relation":
        return relation_name(_schema(name, line.user, known), name[-1])
    if done.kind == "function":
        schema = name[-2] if len(name) > 1 else _function_schema(name[-1], line.user, known)
        overloads = known.functions.get((schema, name[-1]), ())
        return f"function/{function_name(schema, name[-1], overloads[0] if len(overloads) == 1 else '*')}"
    if done.kind == "schema":
        return f"schema/{name[-1] if name else 'public'}"
    if done.kind == "database":
        return f"database/{name[-1] if name else line.dbname}"
    return f"role/{name[-1]}" if done.kind == "role" and name else "*"


def _schema(name: Name, user: str, known: Known) -> str:
    """The schema of a relation: said, else that of the usual search path which has it, else the only one that does, else `public`."""
    if len(name) > 1:
        return name[-2]
    schemas = known.relations.get(name[-1], frozenset())
    if name[-1].startswith("pg_") and not schemas:
        return "pg_catalog"
    return next((schema for schema in (user, "public") if schema in schemas), min(schemas) if len(schemas) == 1 else "public")


def _function_schema(name: str, user: str, known: Known) -> str:
    schemas = {schema for schema, other in known.functions if other == name}
    return next((schema for schema in (user, "public") if schema in schemas), min(schemas) if len(schemas) == 1 else "public")
