"""Events into the store, uses out of it: counted as they come, late and out of order, none twice.

Invariants:
- an event is told by its source and id; the first one stays, a second one counts nothing;
- an event, its place in the counts and its source's cursor are one transaction;
- uses are told apart by agent, source, principal, credential and act, never by session: sessions with names drawn at random make no more
  of them; of a principal with more than `MOST_CREDENTIALS` credentials the later ones count together, without a name;
- the agent of an event hangs on its who alone, so that other bindings cost as much as there are whos, not events. Only a lane whose whos
  part ways (one session of a shared identity turns out to be another agent's) is counted again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, bindparam, case, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from remit.model.decision import Outcome
from remit.model.event import Event, Result, Use, Who
from remit.store.interning import ActKey, Assign, WhoKey, Whos, acts, append, chunks, next_number, sources
from remit.store.kinds import storable, storable_key
from remit.store.tables import act, event, lane, source, use, who

_RESULTS = (Result.ALLOWED, Result.DENIED, Result.FAILED, Result.ALLOWED, Result.STOPPED)
_CODES = {Result.ALLOWED: 0, Result.DENIED: 1, Result.FAILED: 2, Result.STOPPED: 4}
_DENIED = _CODES[Result.DENIED]
_STOPPED = _CODES[Result.STOPPED]
"""Counted neither as allowed nor as denied."""
_WOULD_DENY = 3
"""Allowed by a point that only observes, and denied by `enforce`."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


_ACTS_EACH = 20
"""Acts that are looked at for each resource that a search may show."""


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """A resource that something happened to, and by which agents."""

    system: str
    resource: str
    agents: tuple[str, ...]
    """Slugs; an empty one: somebody that Remit does not know."""


class _Detail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    person: str = ""
    decision: str = ""
    outcome: Outcome | None = None
    would: Outcome | None = None
    because: str = ""


_NO_DETAIL = _Detail()


def microseconds(happened: str) -> int:
    """Microseconds since 1970 of an RFC 3339 time; raises ValueError."""
    at = datetime.fromisoformat(happened)
    if at.tzinfo is None:
        raise ValueError("it names no time zone")
    return (at - _EPOCH) // _MICROSECOND


def rfc3339_of(us: int) -> str:
    """RFC 3339, UTC: seconds, and microseconds where there are some."""
    at = (_EPOCH + us * _MICROSECOND).replace(tzinfo=None)
    return f"{at.isoformat()}Z"


# --- writing ---------------------------------------------------------------------------------------------------------------------


class Prepared(msgspec.Struct, frozen=True):
    """An event as its row will be, before numbers are known."""

    source: str
    id: str
    happened: int
    who: WhoKey
    act: ActKey
    result: int
    place: str
    detail: str | None


def prepared(item: Event) -> Prepared:
    """One event made storable; raises ValueError when its time cannot be read."""
    detail = None
    if item.person or item.decision or item.outcome is not None or item.would is not None or item.because:
        kept = _Detail(
            person=storable(item.person),
            decision=storable(item.decision),
            outcome=item.outcome,
            would=item.would,
            because=storable(item.because),
        )
        detail = msgspec.json.encode(kept).decode()
    return Prepared(
        item.source,
        storable_key(item.id),
        microseconds(item.happened),
        (item.source, item.principal, item.session, item.credential, item.agent),
        (item.system, item.action, item.resource, item.columns),
        _WOULD_DENY if item.result is Result.ALLOWED and item.would is Outcome.DENY else _CODES[item.result],
        storable(item.place),
        detail,
    )


def add(connection: Connection, batch: Sequence[Prepared], assign: Assign | None) -> int:
    """Keeps those that are new, and counts them."""
    unique: dict[tuple[str, str], Prepared] = {}
    for item in batch:
        unique.setdefault((item.source, item.id), item)
    numbers = sources(connection, {item.source for item in batch})
    for name, number in numbers.items():
        ids = [id_ for of, id_ in unique if of == name]
        for some in chunks(ids):
            found = connection.execute(select(event.c.id).where(event.c.source == number, event.c.id.in_(some))).scalars()
            for known in found:
                del unique[name, known]
    if not unique:
        return 0
    new = list(unique.values())
    lasts: dict[WhoKey, int] = {}
    for item in new:
        lasts[item.who] = max(lasts.get(item.who, item.happened), item.happened)
    whos = Whos(connection, numbers, assign).numbers(lasts)
    act_numbers = acts(connection, {item.act for item in new})
    number = next_number(connection, event)
    rows, tallies = [], _Tallies()
    for item in new:
        who_number, lane_number, agent = whos[item.who]
        act_number = act_numbers[item.act]
        rows.append(
            {
                "number": number,
                "source": numbers[item.source],
                "id": item.id,
                "who": who_number,
                "act": act_number,
                "happened": item.happened,
                "result": item.result,
                "place": item.place,
                "detail": item.detail,
            }
        )
        is_denied = item.result == _DENIED
        is_allowed = not is_denied and item.result != _STOPPED
        counts = [item.happened, item.happened, int(is_allowed), int(is_denied), int(item.result == _WOULD_DENY), number]
        tallies.merge((agent, lane_number, act_number), counts)
        number += 1
    append(connection, event, rows)
    tallies.write(connection)
    return len(rows)


def set_cursors(connection: Connection, cursors: Mapping[str, str]) -> None:
    """How far each source was read."""
    numbers = sources(connection, set(cursors))
    for name, cursor in cursors.items():
        connection.execute(update(source).where(source.c.number == numbers[name]).values(cursor=storable(cursor)))


def cursor_of(connection: Connection, name: str) -> str | None:
    """How far a source was read; None: never."""
    found: str | None = connection.execute(select(source.c.cursor).where(source.c.name == storable_key(name))).scalar()
    return found


_COUNTS = ("first", "last", "allowed", "denied", "would_deny", "latest")


class _Tallies:
    """Counts of one batch, by agent, lane and act."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, int, int], list[int]] = {}

    def merge(self, key: tuple[str, int, int], counts: list[int]) -> None:
        """Adds up; of two latest events at the same time that with the greater number is the latest."""
        row = self._rows.setdefault(key, counts)
        if row is not counts:
            latest = max((row[1], row[-1]), (counts[1], counts[-1]))
            row[:] = min(row[0], counts[0]), latest[0], row[2] + counts[2], row[3] + counts[3], row[4] + counts[4], latest[1]

    def write(self, connection: Connection) -> None:
        """Adds the counts to those that stand there."""
        if not self._rows:
            return
        rows = [(*key, *counts) for key, counts in self._rows.items()]
        names = ("agent", "lane", "act", *_COUNTS)
        if connection.dialect.name != "postgresql":
            connection.execute(_added(sqlite.insert(use)), [dict(zip(names, row, strict=True)) for row in rows])
            return
        # All of them in one statement: a round trip for each is slow.
        columns = [
            func.unnest(bindparam(f"{name}s", list(values), postgresql.ARRAY(use.c[name].type)))
            for name, values in zip(names, zip(*rows, strict=True), strict=True)
        ]
        connection.execute(_added(postgresql.insert(use).from_select(names, select(*columns))))


def _added(made: Any) -> Any:
    new = made.excluded
    is_latest = or_(new.last > use.c.last, and_(new.last == use.c.last, new.latest > use.c.latest))
    return made.on_conflict_do_update(
        index_elements=[use.c.agent, use.c.lane, use.c.act],
        set_={
            "first": case((new.first < use.c.first, new.first), else_=use.c.first),
            "last": case((is_latest, new.last), else_=use.c.last),
            "allowed": use.c.allowed + new.allowed,
            "denied": use.c.denied + new.denied,
            "would_deny": use.c.would_deny + new.would_deny,
            "latest": case((is_latest, new.latest), else_=use.c.latest),
        },
    )


# --- whose they are --------------------------------------------------------------------------------------------------------------


class _Turned(msgspec.Struct):
    """What other bindings make of the whos of some lanes."""

    changed: dict[int, str] = {}
    """Number of a who -> the agent that it is taken for now."""
    becomes: dict[int, dict[str, set[str]]] = {}
    """Lane -> agent that whos of it were taken for -> agents that they are taken for now."""


def _turned(connection: Connection, assign: Assign, lanes: Sequence[int] | None) -> _Turned:
    question = select(
        who.c.number, who.c.lane, who.c.session, who.c.credential, who.c.said, who.c.agent, source.c.name, lane.c.principal
    ).select_from(who.join(lane, who.c.lane == lane.c.number).join(source, lane.c.source == source.c.number))
    if lanes is not None:
        question = question.where(who.c.lane.in_(lanes))
    found = _Turned()
    for number, lane_number, session, credential, said, agent, source_name, principal in connection.execute(question):
        now = storable_key(assign(Who(source=source_name, principal=principal, session=session, credential=credential, agent=said)))
        found.becomes.setdefault(lane_number, {}).setdefault(agent, set()).add(now)
        if now != agent:
            found.changed[number] = now
    return found


def turning_lanes(connection: Connection, assign: Assign) -> list[int]:
    """The lanes in which some who is taken for another agent now. Changes nothing."""
    becomes = _turned(connection, assign, None).becomes
    return [number for number, agents in becomes.items() if any(now != {agent} for agent, now in agents.items())]


def rebind(connection: Connection, assign: Assign, lanes: Sequence[int]) -> int:
    """Asks anew whom each who of these lanes is taken for, and moves their counts; gives how many changed."""
    found = _turned(connection, assign, lanes)
    of: dict[str, list[int]] = defaultdict(list)
    for number, agent in found.changed.items():
        of[agent].append(number)
    for agent, numbers in of.items():
        for some in chunks(numbers):
            connection.execute(update(who).where(who.c.number.in_(some)).values(agent=agent))
    parted = [number for number, agents in found.becomes.items() if any(len(now) > 1 for now in agents.values())]
    if parted:
        recount(connection, parted)
    whole = {number: agents for number, agents in found.becomes.items() if number not in set(parted)}
    _move(connection, {number: {agent: next(iter(now)) for agent, now in agents.items()} for number, agents in whole.items()})
    return len(found.changed)


def _move(connection: Connection, moved: Mapping[int, Mapping[str, str]]) -> None:
    """The counts of lanes under other agents' names, those that meet added up."""
    for some in chunks(moved):
        tallies = _Tallies()
        for row in connection.execute(select(use).where(use.c.lane.in_(some))).mappings():
            tallies.merge((moved[row["lane"]][row["agent"]], row["lane"], row["act"]), [row[name] for name in _COUNTS])
        connection.execute(delete(use).where(use.c.lane.in_(some)))
        tallies.write(connection)


def recount(connection: Connection, lanes: Sequence[int] | None = None) -> None:
    """Makes the counts of some lanes anew from the events themselves; None: of all."""
    connection.execute(delete(use) if lanes is None else delete(use).where(use.c.lane.in_(lanes)))
    group = (who.c.agent, who.c.lane, event.c.act)
    is_denied = case((event.c.result == _DENIED, 1), else_=0)
    is_allowed = case((event.c.result.in_((_DENIED, _STOPPED)), 0), else_=1)
    would_deny = case((event.c.result == _WOULD_DENY, 1), else_=0)
    counted = select(
        who.c.agent,
        who.c.lane,
        event.c.act,
        func.min(event.c.happened).over(partition_by=group).label("first"),
        event.c.happened.label("last"),
        func.sum(is_allowed).over(partition_by=group).label("allowed"),
        func.sum(is_denied).over(partition_by=group).label("denied"),
        func.sum(would_deny).over(partition_by=group).label("would_deny"),
        event.c.number.label("latest"),
        func.row_number().over(partition_by=group, order_by=(event.c.happened.desc(), event.c.number.desc())).label("rank"),
    ).select_from(event.join(who, event.c.who == who.c.number))
    if lanes is not None:
        counted = counted.where(who.c.lane.in_(lanes))
    ranked = counted.subquery()
    names = ["agent", "lane", "act", "first", "last", "allowed", "denied", "would_deny", "latest"]
    connection.execute(insert(use).from_select(names, select(*(ranked.c[name] for name in names)).where(ranked.c.rank == 1)))


# --- reading ---------------------------------------------------------------------------------------------------------------------


def uses(connection: Connection, agent: str | None, principal: str | None) -> list[Use]:
    """Uses of an agent, of a principal, or all; by agent, principal, act. What was only asked for by a stopped agent is none."""
    question = (
        select(
            use.c.agent, lane.c.principal, source.c.name, act.c.system, act.c.action, act.c.resource, use.c.first, use.c.last,
            use.c.allowed, use.c.denied, use.c.would_deny, event.c.place, who.c.session, lane.c.credential, act.c.columns,
        )
        .select_from(
            use.join(lane, use.c.lane == lane.c.number)
            .join(source, lane.c.source == source.c.number)
            .join(act, use.c.act == act.c.number)
            .join(event, use.c.latest == event.c.number)
            .join(who, event.c.who == who.c.number)
        )
        .where(use.c.allowed + use.c.denied > 0)
        .order_by(use.c.agent, lane.c.principal, act.c.system, act.c.action, act.c.resource, lane.c.number, act.c.number)
    )  # fmt: skip
    if agent is not None:
        question = question.where(use.c.agent == storable_key(agent))
    if principal is not None:
        question = question.where(lane.c.principal == storable_key(principal))
    return [
        Use(
            agent=of,
            principal=by,
            source=source_name,
            system=system,
            action=action,
            resource=resource,
            first=rfc3339_of(first),
            last=rfc3339_of(last),
            allowed=allowed,
            denied=denied,
            would_deny=would_deny,
            place=place,
            session=session,
            credential=credential,
            columns=_columns(columns),
        )
        for (
            of, by, source_name, system, action, resource, first, last, allowed, denied, would_deny, place, session, credential, columns,
        ) in connection.execute(question)
    ]  # fmt: skip


def events(connection: Connection, agent: str | None, limit: int, before: str | None) -> list[Event]:
    """Events newest first; `before` is a time that they are all older than."""
    until = None if before is None else microseconds(before)
    numbers = _newest(connection, agent, limit, until)
    found = whole(connection, numbers)
    return [found[number] for number in numbers]


def whole(connection: Connection, numbers: Sequence[int]) -> dict[int, Event]:
    """The events of these numbers."""
    found: dict[int, Event] = {}
    for some in chunks(numbers):
        question = (
            select(event, source.c.name, lane.c.principal, who.c.session, who.c.credential, who.c.agent, act)
            .select_from(
                event.join(source, event.c.source == source.c.number)
                .join(who, event.c.who == who.c.number)
                .join(lane, who.c.lane == lane.c.number)
                .join(act, event.c.act == act.c.number)
            )
            .where(event.c.number.in_(some))
        )
        for row in connection.execute(question):
            found[row[0]] = _event(row._mapping)
    return found


def code_of(result: Result) -> int:
    """How a result is written down."""
    return _CODES[result]


def decision(connection: Connection, identifier: str) -> Event | None:
    """The recorded decision of this id, from whichever log."""
    sources = select(source.c.number).where(source.c.name.like("decisions:%"))
    those = select(event.c.number).where(event.c.source.in_(sources), event.c.id == storable_key(identifier)).limit(1)
    number = connection.execute(those).scalar()
    return None if number is None else whole(connection, [number])[number]


def denied_since(connection: Connection, since: int, most: int) -> int:
    """How many decisions of points denied since then, among at most so many decisions."""
    of_points = select(source.c.number).where(source.c.name.like("decisions:%"))
    # By who, so that what systems recorded in the same time is not looked through.
    whos = select(who.c.number).join(lane, who.c.lane == lane.c.number).where(lane.c.source.in_(of_points), who.c.last >= since)
    latest = select(event.c.result).where(event.c.who.in_(whos), event.c.happened >= since).limit(most).subquery()
    counted = select(func.count()).select_from(latest).where(latest.c.result.in_((_DENIED, _STOPPED)))
    return connection.execute(counted).scalar() or 0


def touched(connection: Connection, text: str, most: int) -> list[Touched]:
    """Resources whose name holds a text, whatever its case, and the agents on record there."""
    question = select(act.c.number, act.c.system, act.c.resource).where(act.c.resource.icontains(storable(text), autoescape=True))
    found: dict[tuple[str, str], set[str]] = {}
    names: dict[int, tuple[str, str]] = {}
    # Several acts are about one resource; so many of them that a search stays a search.
    for number, system, resource in connection.execute(question.order_by(act.c.number).limit(most * _ACTS_EACH)):
        if (system, resource) in found or len(found) < most:
            names[number] = (system, resource)
            found.setdefault((system, resource), set())
    for some in chunks(names):
        those = select(use.c.agent, use.c.act).where(use.c.act.in_(some), use.c.allowed + use.c.denied > 0).distinct()
        for agent, number in connection.execute(those):
            found[names[number]].add(agent)
    return [Touched(system=name[0], resource=name[1], agents=tuple(sorted(agents))) for name, agents in found.items()]


def _newest(connection: Connection, agent: str | None, limit: int, until: int | None) -> list[int]:
    question = select(event.c.happened, event.c.number).order_by(event.c.happened.desc(), event.c.number.desc()).limit(limit)
    if until is not None:
        question = question.where(event.c.happened < until)
    if agent is None:
        return [number for _, number in connection.execute(question)]
    # Who by who, the latest first, until no other can hold a later one: an agent's few events are not looked for among a million.
    best: list[tuple[int, int]] = []
    those = select(who.c.number, who.c.last).where(who.c.agent == storable_key(agent)).order_by(who.c.last.desc(), who.c.number)
    for number, last in connection.execute(those).all():
        if len(best) >= limit and last < best[-1][0]:
            break
        best += [(happened, of) for happened, of in connection.execute(question.where(event.c.who == number))]
        best = sorted(best, reverse=True)[:limit]
    return [number for _, number in best]


def _event(row: Mapping[Any, Any]) -> Event:
    detail = msgspec.json.decode(row[event.c.detail], type=_Detail) if row[event.c.detail] else _NO_DETAIL
    return Event(
        id=row[event.c.id],
        source=row[source.c.name],
        happened=rfc3339_of(row[event.c.happened]),
        principal=row[lane.c.principal],
        system=row[act.c.system],
        action=row[act.c.action],
        resource=row[act.c.resource],
        result=_RESULTS[row[event.c.result]],
        place=row[event.c.place],
        session=row[who.c.session],
        credential=row[who.c.credential],
        agent=row[who.c.agent],
        person=detail.person,
        decision=detail.decision,
        outcome=detail.outcome,
        would=detail.would,
        because=detail.because,
        columns=_columns(row[act.c.columns]),
    )


def _columns(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...]) if text != "[]" else ()
