"""Recorded decisions, read in the order of their ids (which is that of time), and as they come in.

Invariants:
- only events of decision logs are given: their sources begin with `decisions:`;
- a look at what came in ends at a number, and the next one begins behind it: nothing is left out, nothing comes twice.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, func, select

from remit.model.event import Event, Result
from remit.store import events as event_log
from remit.store.kinds import storable_key
from remit.store.tables import event, lane, source, who

_NOT_ALLOWED = tuple(event_log.code_of(result) for result in (Result.DENIED, Result.STOPPED))
_LOGS = "decisions:%"


def decisions(connection: Connection, agent: str | None, limit: int, before: str | None, *, only_denied: bool) -> list[Event]:
    """Decisions newest first; `before` is the id of one that all are older than."""
    narrowed = select(event.c.id, event.c.number, event.c.happened)
    if before is not None:
        narrowed = narrowed.where(event.c.id < storable_key(before))
    if only_denied:
        narrowed = narrowed.where(event.c.result.in_(_NOT_ALLOWED))
    best: list[tuple[str, int]] = []
    sources = list(connection.execute(select(source.c.number).where(source.c.name.like(_LOGS))).scalars())
    if agent is None:
        for number in sources:
            question = narrowed.where(event.c.source == number).order_by(event.c.id.desc()).limit(limit)
            best += [(identifier, of) for identifier, of, _ in connection.execute(question)]
    else:
        best = _of_agent(connection, agent, sources, narrowed, limit)
    numbers = [number for _, number in sorted(best, reverse=True)[:limit]]
    found = event_log.whole(connection, numbers)
    return [found[number] for number in numbers]


def _of_agent(connection: Connection, agent: str, sources: list[int], narrowed: Select[Any], limit: int) -> list[tuple[str, int]]:
    """Who by who, the latest first, until no other can hold a later one."""
    best: list[tuple[int, str, int]] = []
    those = (
        select(who.c.number, who.c.last)
        .select_from(who.join(lane, who.c.lane == lane.c.number))
        .where(who.c.agent == storable_key(agent), lane.c.source.in_(sources))
        .order_by(who.c.last.desc(), who.c.number)
    )
    for number, last in connection.execute(those).all():
        if len(best) >= limit and last < best[-1][0]:
            break
        question = narrowed.where(event.c.who == number).order_by(event.c.happened.desc(), event.c.number.desc()).limit(limit)
        best += [(happened, identifier, of) for identifier, of, happened in connection.execute(question)]
        best = sorted(best, reverse=True)[:limit]
    return [(identifier, number) for _, identifier, number in best]


def last_number(connection: Connection) -> int:
    """The number of the event that came in last; 0: there is none."""
    return connection.execute(select(func.max(event.c.number))).scalar() or 0


def denials_after(connection: Connection, number: int, most: int) -> tuple[list[tuple[int, Event]], int]:
    """What was not allowed of the next `most` events behind a number, each with its own; and the number of the last one looked at."""
    some = select(event.c.number).where(event.c.number > number).order_by(event.c.number).limit(most).subquery()
    end = connection.execute(select(func.max(some.c.number))).scalar()
    if end is None:
        return [], number
    sources = select(source.c.number).where(source.c.name.like(_LOGS))
    question = select(event.c.number).where(
        event.c.number > number, event.c.number <= end, event.c.source.in_(sources), event.c.result.in_(_NOT_ALLOWED)
    )
    numbers = list(connection.execute(question.order_by(event.c.number)).scalars())
    found = event_log.whole(connection, numbers)
    return [(one, found[one]) for one in numbers], int(end)
