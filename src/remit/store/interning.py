"""Long texts that many events share, kept once: sources, acts, whos and their lanes, each under a number.

Invariants:
- a number stands for the same texts for ever;
- two rows never hold the same texts: a digest over them is unique;
- of one principal only `MOST_CREDENTIALS` credentials have a lane of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, bindparam, func, insert, select, update

from remit.model.event import Who
from remit.store.kinds import storable, storable_key
from remit.store.tables import act, lane, source, who

MOST_CREDENTIALS = 64
"""Of one principal in one source, as far as uses tell them apart. Temporary keys are as many as sessions."""
_AT_ONCE = 500
"""Values in one look-up: SQLite takes no more than 32,766 in a statement, and older ones 999."""
_WORTH_A_STREAM = 200
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
    append(connection, act, rows)
    return found


def append(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds rows, all with the same columns in the same order; many go in one stream, past what is done for single ones."""
    if len(rows) < _WORTH_A_STREAM:
        if rows:
            connection.execute(insert(table), rows)
        return
    columns = ", ".join(f'"{name}"' for name in rows[0])
    if connection.dialect.name != "postgresql":
        places = ", ".join("?" for _ in rows[0])
        connection.exec_driver_sql(f"INSERT INTO {table.name} ({columns}) VALUES ({places})", [tuple(row.values()) for row in rows])  # noqa: S608 - names of ours
        return
    raw: Any = connection.connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as stream:
        for row in rows:
            stream.write_row(tuple(row.values()))


class Whos:
    """Numbers of whos, and of the lanes that they are in."""

    def __init__(self, connection: Connection, sources: Mapping[str, int], assign: Assign | None) -> None:
        """`assign` says whom a new who is taken for; without it, for the agent that the record names."""
        self._connection = connection
        self._sources = sources
        self._assign = assign

    def numbers(self, keys: Mapping[WhoKey, int]) -> dict[WhoKey, tuple[int, int, str]]:
        """Number, lane and agent of each; the time of the latest event of each is given and kept."""
        digests = {_digest(key): key for key in keys}
        found: dict[WhoKey, tuple[int, int, str]] = {}
        later: list[dict[str, int]] = []
        for some in chunks(digests):
            question = select(who.c.digest, who.c.number, who.c.lane, who.c.agent, who.c.last).where(who.c.digest.in_(some))
            for digest, number, lane_number, agent, last in self._connection.execute(question):
                key = digests[bytes(digest)]
                found[key] = (number, lane_number, agent)
                if keys[key] > last:
                    later.append({"which": number, "latest": keys[key]})
        if later:
            self._connection.execute(update(who).where(who.c.number == bindparam("which")).values(last=bindparam("latest")), later)
        new = {key: digest for digest, key in digests.items() if key not in found}
        lanes = self._lanes(new) if new else {}
        rows = []
        for number, (key, digest) in enumerate(new.items(), next_number(self._connection, who)):
            source_name, principal, session, credential, said = key
            agent = said
            if self._assign is not None:
                agent = self._assign(Who(source=source_name, principal=principal, session=session, credential=credential, agent=said))
            found[key] = (number, lanes[key], storable_key(agent))
            rows.append(
                {
                    "number": number,
                    "lane": lanes[key],
                    "session": storable(session),
                    "credential": storable(credential),
                    "said": storable_key(said),
                    "agent": storable_key(agent),
                    "last": keys[key],
                    "digest": digest,
                }
            )
        append(self._connection, who, rows)
        return found

    def _lanes(self, keys: Iterable[WhoKey]) -> dict[WhoKey, int]:
        """The lane of each; new ones are made."""
        wanted = {key: (self._sources[key[0]], storable_key(key[1]), storable_key(key[3])) for key in keys}
        known: dict[tuple[int, str], dict[str, int]] = {(source_number, principal): {} for source_number, principal, _ in wanted.values()}
        for some in chunks({principal for _, principal in known}):
            question = select(lane.c.source, lane.c.principal, lane.c.credential, lane.c.number).where(lane.c.principal.in_(some))
            for source_number, principal, credential, number in self._connection.execute(question):
                known.setdefault((source_number, principal), {})[credential] = number
        first = next_number(self._connection, lane)
        found: dict[WhoKey, int] = {}
        rows: list[dict[str, Any]] = []
        for key, (source_number, principal, credential) in wanted.items():
            of = known[source_number, principal]
            if credential not in of and len(of) >= MOST_CREDENTIALS:
                credential = ""
            if credential not in of:
                of[credential] = first + len(rows)
                rows.append(
                    {
                        "number": of[credential],
                        "source": source_number,
                        "principal": principal,
                        "credential": credential,
                        "digest": _digest((key[0], principal, credential)),
                    }
                )
            found[key] = of[credential]
        append(self._connection, lane, rows)
        return found


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
