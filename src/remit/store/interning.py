"""Long texts that many events share, kept once: sources, acts, whos and their lanes, each under a number.

Invariants:
- a number stands for the same texts for ever;
- two rows never hold the same texts: a digest over them is unique;
- of one principal only `MOST_CREDENTIALS` credentials have a lane of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, func, insert, select

from remit.model.event import Who
from remit.store.kinds import storable, storable_key
from remit.store.tables import act, lane, source, who

MOST_CREDENTIALS = 64
"""Of one principal in one source, as far as uses tell them apart. Temporary keys are as many as sessions."""
NEVER = -(2**62)
"""Before every event."""
_AT_ONCE = 500
"""Values in one look-up: SQLite takes no more than 32,766 in a statement, and older ones 999."""
Assign = Callable[[Who], str]
ActKey = tuple[str, str, str, tuple[str, ...]]
"""System, action, resource, columns."""
WhoKey = tuple[str, str, str, str, str]
"""Source, principal, session, credential, the agent that the record names."""


def sources(connection: Connection, names: Collection[str]) -> dict[str, int]:
    """The numbers of sources."""
    found: dict[str, int] = {}
    for name in sorted(names):
        number = connection.execute(select(source.c.number).where(source.c.name == storable_key(name))).scalar()
        if number is None:
            number = next_number(connection, source)
            connection.execute(insert(source).values(number=number, name=storable_key(name)))
        found[name] = number
    return found


def acts(connection: Connection, keys: Collection[ActKey]) -> dict[ActKey, int]:
    """The numbers of acts."""
    digests = {_digest(key): key for key in keys}
    found = {digests[digest]: number for digest, number in _known(connection, act, digests)}
    number = next_number(connection, act)
    rows = []
    for digest, key in digests.items():
        if key not in found:
            found[key] = number
            system, action, resource, columns = key
            rows.append(
                {
                    "number": number,
                    "system": storable(system),
                    "action": storable(action),
                    "resource": storable(resource),
                    "columns": msgspec.json.encode([storable(name) for name in columns]).decode(),
                    "digest": digest,
                }
            )
            number += 1
    if rows:
        connection.execute(insert(act), rows)
    return found


class Whos:
    """Numbers of whos, and of the lanes that they are in."""

    def __init__(self, connection: Connection, sources: Mapping[str, int], assign: Assign | None) -> None:
        """`assign` says whom a new who is taken for; without it, for the agent that the record names."""
        self._connection = connection
        self._sources = sources
        self._assign = assign
        self._lanes: dict[tuple[str, str], dict[str, int]] = {}

    def numbers(self, keys: Collection[WhoKey]) -> dict[WhoKey, tuple[int, int, str]]:
        """Number, lane and agent of each."""
        digests = {_digest(key): key for key in keys}
        found: dict[WhoKey, tuple[int, int, str]] = {}
        for some in chunks(digests):
            question = select(who.c.digest, who.c.number, who.c.lane, who.c.agent).where(who.c.digest.in_(some))
            for digest, number, lane_number, agent in self._connection.execute(question):
                found[digests[bytes(digest)]] = (number, lane_number, agent)
        number = next_number(self._connection, who)
        rows = []
        for digest, key in digests.items():
            if key in found:
                continue
            source_name, principal, session, credential, said = key
            lane_number = self._lane(source_name, principal, credential)
            agent = said
            if self._assign is not None:
                agent = self._assign(Who(source=source_name, principal=principal, session=session, credential=credential, agent=said))
            found[key] = (number, lane_number, storable_key(agent))
            rows.append(
                {
                    "number": number,
                    "lane": lane_number,
                    "session": storable(session),
                    "credential": storable(credential),
                    "said": storable_key(said),
                    "agent": storable_key(agent),
                    "last": NEVER,
                    "digest": digest,
                }
            )
            number += 1
        if rows:
            self._connection.execute(insert(who), rows)
        return found

    def _lane(self, source_name: str, principal: str, credential: str) -> int:
        principal, credential = storable_key(principal), storable_key(credential)
        number = self._sources[source_name]
        known = self._lanes.get((source_name, principal))
        if known is None:
            question = select(lane.c.credential, lane.c.number).where(lane.c.source == number, lane.c.principal == principal)
            rows = self._connection.execute(question).all()
            known = self._lanes[source_name, principal] = {row[0]: row[1] for row in rows}
        if credential not in known and len(known) >= MOST_CREDENTIALS:
            credential = ""
        if credential not in known:
            known[credential] = next_number(self._connection, lane)
            digest = _digest((source_name, principal, credential))
            self._connection.execute(
                insert(lane).values(number=known[credential], source=number, principal=principal, credential=credential, digest=digest)
            )
        return known[credential]


def _digest(key: Any) -> bytes:
    try:
        return hashlib.sha256(msgspec.msgpack.encode(key)).digest()[:16]
    except UnicodeEncodeError:
        return hashlib.sha256(repr(key).encode("utf-8", "backslashreplace")).digest()[:16]


def _known(connection: Connection, table: Table, digests: Collection[bytes]) -> Iterator[tuple[bytes, int]]:
    for some in chunks(digests):
        for digest, number in connection.execute(select(table.c.digest, table.c.number).where(table.c.digest.in_(some))):
            yield bytes(digest), number


def next_number(connection: Connection, table: Table) -> int:
    """The number of the next row; there is one writer."""
    return int(connection.execute(select(func.coalesce(func.max(table.c.number), 0))).scalar_one()) + 1


def chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    """As many values at a time as one look-up takes."""
    rest = iter(values)
    while some := list(islice(rest, _AT_ONCE)):
        yield some
