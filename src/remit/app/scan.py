"""Reads connections into the store: evidence, native objects, audit records, decisions. The edge where the world comes in.

Invariants:
- what was not permitted to be read is a gap, and what stood behind it keeps its last known form: never counted as absent;
- a connection that cannot be read costs no other, and keeps what it showed before;
- records and the cursor behind them are kept in one transaction, so that a scan that dies loses nothing and counts nothing twice;
- what Remit itself did is no agent's use.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, TypeVar

import msgspec

from remit.app.current import Current
from remit.app.discovery import discover
from remit.contracts import registry
from remit.contracts.source import Progress, Scope
from remit.contracts.system import Auditor, IdentitySystem, RawRecord, Reader, Works
from remit.discover.resolve import resolve
from remit.model.access import NativeObject, Unread
from remit.model.connection import Connection
from remit.model.decision import LoggedDecision, Outcome, Step
from remit.model.errors import RefusedError
from remit.model.event import Event, Result
from remit.model.evidence import MAY_HIDE, Evidence, Gap, GapKind
from remit.model.ids import AGENT_PREFIX, is_agent_slug
from remit.model.ledger import Reading, Scan
from remit.model.masking import without_secrets
from remit.model.shown import printable
from remit.store.decisions import Unread as UnreadLine
from remit.store.decisions import read_decisions_from

_BATCH = 5_000
"""Events that are kept in one transaction."""
_EXAMPLES = 5
_MOST_GAPS = 200
_BROKEN = frozenset({GapKind.PARSE_ERROR, GapKind.TOO_LARGE, GapKind.UNSUPPORTED, GapKind.ENCODING, GapKind.BINARY})
"""Why a part of a log was passed over for good; what was not permitted is tried again."""
_SAID_BY_PEOPLE = ("Tags", "Description", "comment")
_OBJECTS_TOLD, _RECORDS_TOLD = 50, 500
"""After how many more it is told how far a system was read."""
OnProgress = Callable[[Progress], None]
T = TypeVar("T")


class _Records:
    """Audit records on their way into the store, a batch with its cursor at a time."""

    def __init__(self, current: Current, source: str, known: Container[str] | None = None) -> None:
        """`known` are the agents that are known here; None: whom a record is about is not asked."""
        self._current = current
        self._source = source
        self._known = known
        self.of_strangers = 0
        self._batch: list[Event] = []
        self.added = 0
        self.unread = 0
        self.examples: list[str] = []

    def keep(self, events: Sequence[Event], cursor: str) -> None:
        """Adds the events of one record."""
        self._batch += [_without_secrets_of(event) for event in events]
        self._cursor = cursor
        if len(self._batch) >= _BATCH:
            self.flush()

    def set_aside(self, place: str, why: str, cursor: str) -> None:
        """Counts a record that cannot be understood; it stops nothing."""
        self._count(place, why)
        self.keep((), cursor)

    def flush(self) -> None:
        """Keeps what is waiting, and how far the log was read."""
        if hasattr(self, "_cursor"):
            cursors = {self._source: self._cursor}
            own = [event for event in self._batch if self._is_known(event)]
            strange = [event for event in self._batch if not self._is_known(event)]
            with self._current.store.transaction():
                strangers = self._kept(strange, {}) if strange else 0
                self.added += strangers + self._kept(own, cursors)
            self.of_strangers += strangers
            self._batch = []

    def _is_known(self, event: Event) -> bool:
        return self._known is None or not event.agent or event.agent in self._known

    def _kept(self, events: Sequence[Event], cursors: Mapping[str, str]) -> int:
        return self._current.store.add_events(events, cursors, set_aside=lambda event, why: self._count(event.place, why))

    def _count(self, place: str, why: str) -> None:
        self.unread += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(f"{printable(place, 300)}: {printable(why, 200)}")


def look(current: Current, connection: Connection, environment: Mapping[str, str], at: str, on_progress: OnProgress | None = None) -> Scan:
    """One look at one connection; what it showed is in the store when this returns. A fault stands in the scan."""
    try:
        if connection.kind == "code":
            scan = _look_at_code(current, connection, at, on_progress)
        elif connection.kind == "decisions":
            scan = read_decisions(current, connection.id, Path(connection.settings["file"]), at)
        else:
            scan = _look_at_system(current, connection, environment, at, on_progress)
    except RefusedError as error:
        scan = Scan(connection=connection.id, at=at, fault=str(error))
    scan = _with_before(scan, current.store.get(Scan, connection.id))
    current.store.put(scan, seen=at)
    return scan


def _with_before(scan: Scan, before: Scan | None) -> Scan:
    """What earlier looks could not understand stays unknown: a log is not read twice."""
    if before is None:
        return scan
    kept = tuple(gap for gap in before.gaps if gap.kind in _BROKEN and gap not in scan.gaps)
    return msgspec.structs.replace(
        scan,
        unread_before=before.unread_in_all,
        unread_examples=scan.unread_examples or before.unread_examples,
        gaps=(*scan.gaps, *kept)[:_MOST_GAPS],
    )


def _look_at_code(current: Current, connection: Connection, at: str, on_progress: OnProgress | None) -> Scan:
    root = connection.settings["path"]
    if not Path(root).exists():
        raise RefusedError(f"`{printable(root, 1000)}` does not exist; `remit disconnect {connection.name}` forgets it")
    inventory = discover(registry.find("SOURCE").values(), Scope(root=PurePath(root), on_progress=on_progress))
    ledger = inventory.ledger
    if not ledger.files_read and any(gap.place.path in ("", ".") and gap.kind is GapKind.NO_PERMISSION for gap in ledger.skipped):
        raise RefusedError(f"`{printable(root, 1000)}` cannot be opened: no permission")
    changed = current.store.put(Reading(connection=connection.id, inventory=inventory), seen=at)
    return Scan(connection=connection.id, at=at, objects=ledger.files_read, changed=int(changed))


def _look_at_system(
    current: Current, connection: Connection, environment: Mapping[str, str], at: str, on_progress: OnProgress | None
) -> Scan:
    system = current.identity_system(connection.kind)
    if system is None:
        raise RefusedError(f"`{connection.id}` is of a kind that this version cannot read")
    reader = system.open(connection, environment)
    try:
        scan = _read_state(current, connection, reader, at, on_progress)
        if scan.fault:
            return scan
        records = _Records(current, connection.id)
        fault = ""
        missing: tuple[Gap, ...] = ()
        if not isinstance(system.features["audit"], Works):
            return scan  # records that nobody can read yet are left where they are, and read later
        try:
            own = _own(system, current, connection)
            audit = system.auditor(connection, current.objects(connection.id))
            missing = _read_records(audit, reader, records, current.store.cursor(connection.id), own, on_progress)
        except RefusedError as error:
            fault = f"its state was read, its audit records were not: {error}"
        records.flush()
    finally:
        reader.close()
    return msgspec.structs.replace(
        scan, events=records.added, unread_records=records.unread, unread_examples=tuple(records.examples), gaps=missing, fault=fault
    )


def _counted(items: Iterable[T], what: str, every: int, on_progress: OnProgress | None) -> Iterator[T]:
    """Says how many came so far, at the first and after each so many more."""
    for number, item in enumerate(items, 1):
        if on_progress is not None and number % every == 1:
            on_progress(Progress(files=number, bytes=0, path="", what=what))
        yield item


def _read_state(current: Current, connection: Connection, reader: Reader, at: str, on_progress: OnProgress | None = None) -> Scan:
    """The system's own objects and the agents that it hosts."""
    items: list[NativeObject | Evidence | Gap] = []
    fault = ""
    try:
        items.extend(_counted(reader.read(), "identities and other things read", _OBJECTS_TOLD, on_progress))
    except RefusedError as error:
        fault = str(error)
    return keep_state(current, connection, items, at, fault)


def keep_state(current: Current, connection: Connection, items: Iterable[NativeObject | Evidence | Gap], at: str, fault: str = "") -> Scan:
    """Keeps what a system showed of itself; with a fault it showed a part, and nothing counts as gone."""
    objects: dict[str, NativeObject] = {}
    evidence: list[Evidence | Gap] = []
    for item in items:
        if isinstance(item, NativeObject):
            objects[f"{item.kind}|{item.id}"] = _without_secrets(item)
        else:
            evidence.append(item)
    gaps = [item for item in evidence if isinstance(item, Gap)]
    store = current.store
    known = {f"{item.kind}|{item.id}": item for item in current.objects(connection.id)}
    objects = {key: _with_last_known(item, known[key], gaps) if key in known else item for key, item in objects.items()}
    gone = [] if fault else [key for key, item in known.items() if key not in objects and not _is_hidden(item, objects.values(), gaps)]
    with store.transaction():
        changed = store.put_all(objects.values(), seen=at)
        for key in gone:
            store.remove(NativeObject, f"{connection.id}|{key}", seen=at)
        if not fault:
            store.put(Reading(connection=connection.id, inventory=resolve(evidence)), seen=at)
    current.forget(connection.id)
    return Scan(connection=connection.id, at=at, objects=len(objects), changed=len(changed), gone=len(gone), fault=fault)


def _with_last_known(item: NativeObject, known: NativeObject, gaps: Sequence[Gap]) -> NativeObject:
    """An object of which a part was out of sight keeps that part as it was last seen.

    Policies are left out: who derives access from them says that they were not read.
    """
    if not any(gap.kind in MAY_HIDE and gap.place.path == item.id for gap in gaps):
        return item
    hidden = {
        name: value for name, value in known.body.items() if name not in item.body and "Polic" not in name and name != "PermissionsBoundary"
    }
    return msgspec.structs.replace(item, body={**item.body, **hidden}) if hidden else item


def _without_secrets(item: NativeObject) -> NativeObject:
    """What people wrote about a thing may hold a password; policies stay as they are written, to be put back as they were."""
    said = {name: _clean(item.body[name]) for name in _SAID_BY_PEOPLE if name in item.body}
    return (
        msgspec.structs.replace(item, body={**item.body, **said}) if any(item.body[name] != text for name, text in said.items()) else item
    )


def _without_secrets_of(event: Event) -> Event:
    kept = {name: without_secrets(getattr(event, name)) for name in ("session", "person", "resource", "because")}
    return msgspec.structs.replace(event, **kept) if any(getattr(event, name) != text for name, text in kept.items()) else event


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        # A tag called like a secret names what its value is.
        return {without_secrets(str(key)): _clean_tag(str(key), text) for key, text in value.items()}
    return without_secrets(value) if isinstance(value, str) else value


def _clean_tag(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    named = f"{key}={value}"
    return without_secrets(value) if without_secrets(named) == named else without_secrets(named).partition("=")[2]


def _is_hidden(known: NativeObject, seen: Collection[NativeObject], gaps: Sequence[Gap]) -> bool:
    """Whether an object that was not seen may only have been out of sight."""
    unread = [gap for gap in gaps if gap.is_file]
    if not unread:
        return False
    # INVARIANT (not permitted is not absent): a kind of which nothing was seen may be behind any gap.
    return not any(item.kind == known.kind for item in seen) or any(known.id in gap.place.path for gap in unread)


def _own(system: IdentitySystem, current: Current, connection: Connection) -> frozenset[str]:
    return frozenset(principal.ref for principal in system.principals(current.objects(connection.id)) if principal.is_own)


def _read_records(
    audit: Auditor,
    reader: Reader,
    records: _Records,
    cursor: str | None,
    own: frozenset[str],
    on_progress: OnProgress | None = None,
) -> tuple[Gap, ...]:
    gaps = []
    for record in _counted(reader.records(cursor), "audit records read", _RECORDS_TOLD, on_progress):
        if isinstance(record, Gap):
            gaps.append(record)
            continue
        read = _audited(audit, record)
        if isinstance(read, Unread):
            records.set_aside(read.place, read.why, record.cursor)
        else:
            records.keep([event for event in read if event.principal not in own], record.cursor)
    return tuple(gaps)


def _audited(audit: Auditor, record: RawRecord) -> Sequence[Event] | Unread:
    try:
        return audit(record)
    except Exception as error:  # noqa: BLE001 - a hostile record may break a reader in any way; the scan goes on
        return Unread(place=record.place, why=f"the reader stopped: {type(error).__name__}")


# --- decisions -------------------------------------------------------------------------------------------------------------------------


def read_decisions(current: Current, source: str, path: Path, at: str, known: Container[str] | None = None) -> Scan:
    """The new decisions of one log. With `known`, those about agents that are none of these are counted apart; they are kept too."""
    records = _Records(current, source, known)
    try:
        for line, cursor in read_decisions_from(path, current.store.cursor(source)):
            if isinstance(line, UnreadLine):
                records.set_aside(f"{path}:{line.number}", line.why, cursor)
            else:
                records.keep([_event(line, source, f"{path}:{cursor.rpartition(':')[2]}")], cursor)
    except OSError as error:
        raise RefusedError(f"`{printable(str(path), 1000)}` cannot be read: {error.strerror or error}") from error
    records.flush()
    return Scan(
        connection=source,
        at=at,
        events=records.added,
        of_strangers=records.of_strangers,
        unread_records=records.unread,
        unread_examples=tuple(records.examples),
    )


def default_logs(folder: Path) -> Iterator[tuple[str, Path]]:
    """The logs that gateway and serve write by default, each with the source that its decisions count under."""
    if folder.is_dir():
        for path in sorted(folder.glob("*.jsonl")):
            yield f"decisions:state/{path.name}", path


def _event(line: LoggedDecision, source: str, place: str) -> Event:
    slug = line.agent.removeprefix(AGENT_PREFIX)
    return Event(
        id=line.id,
        source=source,
        happened=line.time,
        principal="",
        system=line.system,
        action=line.action,
        resource=line.resource,
        result=_result(line),
        place=place,
        session=line.session,
        agent=slug if is_agent_slug(slug) else "",
        decision=line.id,
        outcome=line.outcome,
        would=line.would,
        because=line.because,
    )


def _result(line: LoggedDecision) -> Result:
    if line.outcome in (Outcome.ALLOW, Outcome.MODIFY):
        return Result.ALLOWED
    return Result.STOPPED if line.step in (Step.FAULT, Step.STANDING) else Result.DENIED
