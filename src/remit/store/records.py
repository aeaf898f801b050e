"""The store: typed records that know when they were seen and recorded, events and uses, one writer at a time.

Invariants:
- nothing is overwritten: a change appends a version, a removal appends one that says so, and every earlier state can be read;
- what is derived (heads, uses) can be made anew from what was appended, and comes out the same (`rebuild`);
- a call is one transaction: all of it is kept or nothing; a failure is RefusedError, in words, and the next run goes on;
- a recorded time never goes back, so that `as_of` is a place in the sequence.

Backends are proved by `testing.kits.store`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import msgspec
from sqlalchemy import Connection, Select, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from remit.model.errors import RefusedError
from remit.model.event import Event, Use
from remit.model.shown import printable
from remit.store import decided
from remit.store import events as event_log
from remit.store.address import address
from remit.store.database import ANSWERS_WITHIN_S, Database
from remit.store.decisions import clock_ns as wall_clock_ns
from remit.store.decisions import rfc3339
from remit.store.interning import Assign, append
from remit.store.kinds import Kind, body_of, digest_of, kind_of, record_of, storable, storable_key
from remit.store.locks import advisory_lock, checked_name, file_lock
from remit.store.tables import head, record

T = TypeVar("T")
WAIT_S = 5.0
"""How long a writer waits for another one, and `exclusive` for its holder."""
EVENTS_AT_ONCE = 10_000
"""Events in one transaction: in between another writer, such as a quarantine, gets its turn."""
LANES_AT_ONCE = 20
"""Lanes whose counts are moved in one transaction."""
_AT_ONCE = 500
SetAside = Callable[[Event, str], None]


class Version(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One state of a record."""

    sequence: int
    seen: str
    """When it was so, as whoever wrote it says."""
    recorded: str
    """When it was written: RFC 3339, UTC, microseconds."""
    by: str
    is_gone: bool
    """True: removed; `record` is what it was before."""
    record: T


class Damaged(msgspec.Struct, frozen=True):
    """A record that stands in the store and cannot be read."""

    why: str


class Store:
    """One store. Safe for several threads; a transaction belongs to the thread that opened it."""

    def __init__(self, database: Database, clock_ns: Callable[[], int]) -> None:
        """Use `Store.open`."""
        self._database = database
        self._clock_ns = clock_ns

    @classmethod
    def open(
        cls,
        url: str | None,
        *,
        clock_ns: Callable[[], int] = wall_clock_ns,
        wait_s: float = WAIT_S,
        must_exist: bool = False,
        answers_within_s: float = ANSWERS_WITHIN_S,
    ) -> Self:
        """Opens a store, makes it where there is none, brings it up where it is older.

        None is a file in the user's data folder; else `sqlite:///PATH` or `postgresql://...`. Raises RefusedError in words.
        `wait_s` is how long other writers are waited for. With `must_exist` no file is made in the place of one that is gone.
        A server that says nothing for `answers_within_s` is given up.
        """
        return cls(Database(address(url), wait_s, must_exist=must_exist, answers_within_s=answers_within_s), clock_ns)

    @property
    def is_local(self) -> bool:
        """Whether it is a file of this machine."""
        return self._database.address.is_local

    @property
    def shown(self) -> str:
        """Where it is, for people; holds no secret."""
        return self._database.address.shown

    @property
    def folder(self) -> Path:
        """Where what belongs to it and does not stand in it is kept, such as the key of the installation."""
        return self._database.address.folder

    def close(self) -> None:
        """Ends every connection."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    # --- writing ---------------------------------------------------------------------------------------------------------------

    def put(self, item: Any, *, seen: str, by: str = "") -> bool:
        """Appends a version of a record unless the current one is equal; whether it did."""
        return bool(self.put_all([item], seen=seen, by=by))

    def put_all(self, items: Iterable[T], *, seen: str, by: str = "") -> list[T]:
        """As `put`, in one transaction; gives those that changed. Of two with one key the later one counts."""
        by_kind: dict[Kind, dict[str, tuple[T, bytes]]] = {}
        for item in items:
            kind = kind_of(type(item))
            known = by_kind.setdefault(kind, {})
            key = storable_key(kind.key(item))
            known.pop(key, None)
            known[key] = (item, body_of(item))
        if not by_kind:
            return []
        changed: list[T] = []
        with self._database.write() as connection:
            rows = []
            for kind, known in by_kind.items():
                current = _current(connection, kind.name, known)
                for key, (item, body) in known.items():
                    version, digest, is_gone = current.get(key, (0, b"", False))
                    if digest == digest_of(body) and not is_gone:
                        continue
                    changed.append(item)
                    rows.append(_row(kind, key, version + 1, kind.form, body.decode(), is_gone=False))
            self._append(connection, rows, seen, by)
        return changed

    def remove(self, kind: type[Any], key: str, *, seen: str, by: str = "") -> bool:
        """Appends that a record is gone; its history stays. False: there was none."""
        found = kind_of(kind)
        key = storable_key(key)
        with self._database.write() as connection:
            row = connection.execute(_heads(found.name).where(head.c.key == key, head.c.is_gone.is_(False))).mappings().first()
            if row is None:
                return False
            gone = _row(found, key, row["version"] + 1, row["form"], row["body"], is_gone=True)
            self._append(connection, [gone], seen, by)
        return True

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything that this thread writes inside is kept together, or not at all."""
        with self._database.write():
            yield

    @contextmanager
    def exclusive(self, name: str, wait_s: float | None = None) -> Iterator[None]:
        """One holder of a name at a time, over processes; RefusedError names who holds it. Ends with its process at the latest."""
        name = checked_name(name)
        wait = self._database.wait_s if wait_s is None else wait_s
        since = self._now()[:19] + "Z"
        path = self._database.address.path
        if path is not None:
            lock = file_lock(path.with_name(f"{path.name}.{name}.lock"), name, since, wait)
        else:
            lock = advisory_lock(self._database.engine, name, since, wait)
        with self._database.in_words(), lock as check, self._database.guarded(check):
            yield

    def _append(self, connection: Connection, rows: Sequence[dict[str, Any]], seen: str, by: str) -> None:
        if not rows:
            return
        last, before = connection.execute(
            select(record.c.sequence, record.c.recorded).order_by(record.c.sequence.desc()).limit(1)
        ).first() or (
            0,
            "",
        )
        common = {"seen": storable(seen), "recorded": max(self._now(), before), "by": storable(by)}
        full = [{**row, **common, "sequence": last + number} for number, row in enumerate(rows, 1)]
        append(connection, record, full)
        made = (sqlite if self._database.is_sqlite else postgresql).insert(head)
        statement = made.on_conflict_do_update(
            index_elements=[head.c.kind, head.c.key], set_={"sequence": made.excluded.sequence, "is_gone": made.excluded.is_gone}
        )
        connection.execute(statement, [{name: row[name] for name in ("kind", "key", "sequence", "is_gone")} for row in full])

    def _now(self) -> str:
        return rfc3339(self._clock_ns())

    # --- reading ---------------------------------------------------------------------------------------------------------------

    def get(self, kind: type[T], key: str, as_of: str | None = None) -> T | None:
        """The current record of a key, or the one of a recorded time; None where there is none or it is gone."""
        found = kind_of(kind)
        question = self._question(found, as_of, lambda column: [column == storable_key(key)])
        row = self._database.read(lambda connection: connection.execute(question).mappings().first())
        return None if row is None else record_of(found, row["key"], row["form"], row["body"])

    def all(self, kind: type[T], prefix: str = "", as_of: str | None = None) -> list[T]:
        """Every current record whose key begins so, by key, or those of a recorded time. RefusedError for one that is damaged."""
        return [_whole(item) for _, item in self.each(kind, prefix, as_of)]

    def each(self, kind: type[T], prefix: str = "", as_of: str | None = None) -> list[tuple[str, T | Damaged]]:
        """As `all`, with the keys; a record that cannot be read is told and stops no other."""
        found = kind_of(kind)
        question = self._question(found, as_of, lambda column: _begins(column, storable(prefix)))
        rows = self._database.read(lambda connection: connection.execute(question.order_by(record.c.key)).mappings().all())
        return [(row["key"], _readable(found, row)) for row in rows]

    def history(self, kind: type[T], key: str) -> list[Version[T]]:
        """Every version of a record, the first one first."""
        found = kind_of(kind)
        question = select(record).where(record.c.kind == found.name, record.c.key == storable_key(key)).order_by(record.c.version)
        rows = self._database.read(lambda connection: connection.execute(question).mappings().all())
        return [_version(found, row) for row in rows]

    def changes(self, kind: type[T], after: int, most: int = 500) -> list[Version[T]]:
        """Versions of records of a kind that were appended behind a sequence number, in their order, so many at a time."""
        found = kind_of(kind)
        question = select(record).where(record.c.kind == found.name, record.c.sequence > after).order_by(record.c.sequence).limit(most)
        rows = self._database.read(lambda connection: connection.execute(question).mappings().all())
        return [_version(found, row) for row in rows]

    def sequence(self, kind: type[Any] | None = None) -> int:
        """A number that grows whenever any record (of a kind) is appended; 0 where there is none. One look into an index."""
        question = select(func.max(record.c.sequence))
        if kind is not None:
            question = question.where(record.c.kind == kind_of(kind).name)
        return self._database.read(lambda connection: connection.execute(question).scalar()) or 0

    def _question(self, kind: Kind, as_of: str | None, keys: Callable[[Any], list[Any]]) -> Select[Any]:
        if as_of is None:
            return _heads(kind.name).where(head.c.is_gone.is_(False), *keys(head.c.key))
        until = select(func.coalesce(func.max(record.c.sequence), 0)).where(record.c.recorded <= _moment(as_of)).scalar_subquery()
        latest = (
            select(func.max(record.c.sequence))
            .where(record.c.kind == kind.name, record.c.sequence <= until, *keys(record.c.key))
            .group_by(record.c.key)
        )
        return select(record).where(record.c.sequence.in_(latest), record.c.is_gone.is_(False))

    # --- events ----------------------------------------------------------------------------------------------------------------

    def add_events(
        self,
        events: Iterable[Event],
        cursors: Mapping[str, str] | None = None,
        *,
        assign: Assign | None = None,
        set_aside: SetAside | None = None,
    ) -> int:
        """Keeps events and counts them as uses; gives how many were new. The cursors, by source, are kept with the last of them.

        `assign` says which agent took an event, asked once for each new who; without it an event is whose its record says. An event
        whose time cannot be read is handed to `set_aside` with the reason; without that, it is RefusedError and none of its batch is kept.
        More than `EVENTS_AT_ONCE` are kept a batch at a time: what was kept when it fails is not counted again the next time.
        """
        rest = iter(events)
        added = 0
        while True:
            some = list(islice(rest, EVENTS_AT_ONCE))
            batch = [made for item in some if (made := _prepared(item, set_aside)) is not None]
            is_last = len(some) < EVENTS_AT_ONCE
            if batch or (is_last and cursors):
                with self._database.write() as connection:
                    added += event_log.add(connection, batch, assign)
                    if is_last and cursors:
                        event_log.set_cursors(connection, cursors)
            if is_last:
                return added

    def cursor(self, source: str) -> str | None:
        """How far a source was read; None: never."""
        return self._database.read(lambda connection: event_log.cursor_of(connection, source))

    def rebind(self, assign: Assign) -> int:
        """Asks anew which agent took what, once for each distinct who; events and uses follow. Gives how many whos changed."""
        turning = self._database.read(lambda connection: event_log.turning_lanes(connection, assign))
        changed = 0
        for start in range(0, len(turning), LANES_AT_ONCE):
            # In turns, each of them whole, so that no other writer waits for all of them.
            with self._database.write() as connection:
                changed += event_log.rebind(connection, assign, turning[start : start + LANES_AT_ONCE])
        return changed

    def uses(self, agent: str | None = None, principal: str | None = None) -> list[Use]:
        """What really happened, counted; of an agent (`""`: of nobody known), of a principal, or all."""
        return self._database.read(lambda connection: event_log.uses(connection, agent, principal))

    def events(self, agent: str | None = None, limit: int = 100, before: str | None = None) -> list[Event]:
        """Events newest first; `before` is an RFC 3339 time that all of them are older than."""
        until = None if before is None else _moment(before)
        return self._database.read(lambda connection: event_log.events(connection, agent, limit, until))

    def denied_since(self, moment: str, most: int = 100_000) -> int:
        """How many decisions of enforcement points were denials since an RFC 3339 time; of more than `most` decisions some are not seen."""
        since = event_log.microseconds(_moment(moment))
        return self._database.read(lambda connection: event_log.denied_since(connection, since, most))

    def touched(self, text: str, most: int = 20) -> list[event_log.Touched]:
        """Resources on record whose name holds a text, whatever its case, each with the agents that touched it."""
        return self._database.read(lambda connection: event_log.touched(connection, text, most))

    def decisions(self, agent: str | None = None, limit: int = 100, before: str | None = None, *, only_denied: bool = False) -> list[Event]:
        """Recorded decisions, newest first; `before` is the id of a decision that all of them are older than."""
        return self._database.read(lambda connection: decided.decisions(connection, agent, limit, before, only_denied=only_denied))

    def denials_after(self, number: int, most: int = 5_000) -> tuple[list[tuple[int, Event]], int]:
        """Decisions that did not allow among the next `most` events, each with its number, and the number to ask behind next."""
        return self._database.read(lambda connection: decided.denials_after(connection, number, most))

    def last_event(self) -> int:
        """The number of the event that came in last; 0 where there is none."""
        return self._database.read(decided.last_number)

    # --- derived ---------------------------------------------------------------------------------------------------------------

    def decision(self, identifier: str) -> Event | None:
        """The recorded decision of this id; None where no log that was read holds it."""
        return self._database.read(lambda connection: event_log.decision(connection, identifier))

    def rebuild(self) -> None:
        """Makes everything derived anew from what was appended."""
        with self._database.write() as connection:
            connection.execute(delete(head))
            latest = select(func.max(record.c.sequence)).group_by(record.c.kind, record.c.key)
            current = select(record.c.kind, record.c.key, record.c.sequence, record.c.is_gone).where(record.c.sequence.in_(latest))
            connection.execute(insert(head).from_select(["kind", "key", "sequence", "is_gone"], current))
            event_log.recount(connection)


def _prepared(item: Event, set_aside: SetAside | None) -> event_log.Prepared | None:
    try:
        return event_log.prepared(item)
    except (ValueError, OverflowError) as error:
        if set_aside is None:
            raise RefusedError(
                f"{printable(item.place)}: the time `{printable(item.happened)}` cannot be read: {printable(str(error))}"
            ) from None
        set_aside(item, f"the time `{printable(item.happened)}` cannot be read")
        return None


def _row(kind: Kind, key: str, version: int, form: int, body: str, *, is_gone: bool) -> dict[str, Any]:
    digest = digest_of(body.encode("utf-8"))
    return {"kind": kind.name, "key": key, "version": version, "form": form, "body": body, "digest": digest, "is_gone": is_gone}


def _version(kind: Kind, row: Mapping[Any, Any]) -> Version[Any]:
    return Version(
        sequence=row["sequence"],
        seen=row["seen"],
        recorded=row["recorded"],
        by=row["by"],
        is_gone=row["is_gone"],
        record=record_of(kind, row["key"], row["form"], row["body"]),
    )


def _current(connection: Connection, kind: str, keys: Iterable[str]) -> dict[str, tuple[int, bytes, bool]]:
    found: dict[str, tuple[int, bytes, bool]] = {}
    rest = iter(keys)
    while some := list(islice(rest, _AT_ONCE)):
        question = (
            select(head.c.key, record.c.version, record.c.digest, head.c.is_gone)
            .select_from(head.join(record, head.c.sequence == record.c.sequence))
            .where(head.c.kind == kind, head.c.key.in_(some))
        )
        for key, version, digest, is_gone in connection.execute(question):
            found[key] = (version, bytes(digest), is_gone)
    return found


def _heads(kind: str) -> Select[Any]:
    return select(record).select_from(head.join(record, head.c.sequence == record.c.sequence)).where(head.c.kind == kind)


def _begins(column: Any, prefix: str) -> list[Any]:
    """Conditions under which a text begins with a prefix, such that an index serves them."""
    if not prefix:
        return []
    conditions = [column >= prefix]
    for end in range(len(prefix), 0, -1):
        last = ord(prefix[end - 1])
        if last < 0x10FFFF:
            following = 0xE000 if last == 0xD7FF else last + 1
            conditions.append(column < prefix[: end - 1] + chr(following))
            break
    return conditions


def _moment(text: str) -> str:
    try:
        at = event_log.rfc3339_of(event_log.microseconds(text))
    except (ValueError, OverflowError):
        raise RefusedError(f"`{printable(text)}` is not a time; write it like `2026-11-26T10:00:00Z`") from None
    # As recorded times are written: with microseconds, so that they compare as text.
    return at if "." in at else f"{at[:-1]}.000000Z"


def _readable(kind: Kind, row: Mapping[Any, Any]) -> Any:
    try:
        return record_of(kind, row["key"], row["form"], row["body"])
    except RefusedError as error:
        return Damaged(str(error))


def _whole(item: T | Damaged) -> T:
    if isinstance(item, Damaged):
        raise RefusedError(item.why)
    return item
