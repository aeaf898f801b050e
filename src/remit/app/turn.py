"""One turn of the loop over some connections: look, join, bind, watch; and what is new, changed and gone by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from remit.app.connections import one_of
from remit.app.coverage import coverage
from remit.app.current import LINKED, Current
from remit.app.loop import watch
from remit.app.scan import OnProgress, default_logs, look, read_decisions
from remit.app.settings import decision_log, state_folder
from remit.discover.link import Linked, link
from remit.govern import lifecycle
from remit.model.access import NativeObject
from remit.model.connection import Connection
from remit.model.errors import RefusedError
from remit.model.identity import Bound
from remit.model.ledger import Inventory, Ledger, Reading, Scan
from remit.model.standing import KnownAgent
from remit.model.times import text_from_time
from remit.watch.bind import assigner

Told = Callable[[str], None]
"""Is told what is being done, in words."""


def silently(_text: str) -> None:
    """Tells nobody."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What one turn came to."""

    connections: tuple[str, ...]
    scans: tuple[Scan, ...] = ()
    new: tuple[str, ...] = ()
    """Slugs."""
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    """Ids of findings."""
    closed: tuple[str, ...] = ()
    coverage: Mapping[str, Any] = {}
    kept_settings: bool = False
    """The connection could not be read with the settings that were given, and has those again that it had before."""
    is_not_kept: bool = False
    """The connection is new, and nothing of it could be read: it is as if nobody had given it."""


def connect(
    current: Current,
    connection: Connection,
    environment: Mapping[str, str],
    on_progress: OnProgress | None = None,
    told: Told = silently,
) -> Turn:
    """Remembers a connection, or other settings of it, and reads it at once.

    INVARIANT: settings that cannot be read with never take the place of others: a typing error would cost a write role and a log. Nor
    do they make a connection: a misspelt database would break every scan after.
    """
    store = current.store
    with store.exclusive("scan"):
        before, last = store.get(Connection, connection.id), store.get(Scan, connection.id)
        store.put(connection, seen=text_from_time(current.now))
    current.forget_connections()
    came = turn(current, [connection], environment, on_progress, told)
    looked = next((scan for scan in came.scans if scan.connection == connection.id and scan.fault), None)
    is_new = before is None or not before.is_connected
    # A new one that showed a part is worth keeping: what it lacks is mended there.
    is_kept = looked is None or (looked.objects > 0 if is_new else before is not None and before.settings == connection.settings)
    if is_kept:
        return came
    with store.exclusive("scan"), store.transaction():
        _put_back(current, connection.id, before, last)
    current.forget_connections()
    current.forget(connection.id)
    return msgspec.structs.replace(came, kept_settings=not is_new, is_not_kept=is_new, coverage=coverage(current))


def _put_back(current: Current, connection: str, before: Connection | None, last: Scan | None) -> None:
    """A connection as it was, with its last scan; as it was not, where there was none."""
    seen = text_from_time(current.now)
    for kind, record in ((Connection, before), (Scan, last)):
        if record is not None:
            current.store.put(record, seen=seen)
        else:
            current.store.remove(kind, connection, seen=seen)


def turn(
    current: Current,
    connections: Sequence[Connection],
    environment: Mapping[str, str],
    on_progress: OnProgress | None = None,
    told: Told = silently,
) -> Turn:
    """Reads these connections, and the logs of points without a store; then everything that follows from it."""
    at = text_from_time(current.now)
    with current.store.exclusive("scan"):
        scans = []
        for number, connection in enumerate(connections, 1):
            told(f"reading {connection.id}" + (f", {number:,} of {len(connections):,}" if len(connections) > 1 else ""))
            scans.append(look(current, connection, environment, at, on_progress))
        return _settled(current, at, tuple(connection.id for connection in connections), tuple(scans), told, with_logs=True)


def forget(current: Current, name: str, told: Told = silently) -> Turn:
    """Stops reading a connection; what came from it is gone, and everything that follows from that."""
    at = text_from_time(current.now)
    with current.store.exclusive("scan"):
        connection = one_of(name, current.store.all(Connection))
        with current.store.transaction():
            current.store.put(msgspec.structs.replace(connection, is_connected=False), seen=at)
            for item in current.objects(connection.id):
                current.store.remove(NativeObject, f"{connection.id}|{item.kind}|{item.id}", seen=at)
            current.store.remove(Reading, connection.id, seen=at)
        current.forget_connections()
        current.forget(connection.id)
        return _settled(current, at, (connection.id,), (), told)


def catch_up(current: Current) -> list[Scan]:
    """Reads what points without a store, and services, logged since the last look; no more of a turn than that."""
    return _logs(current, text_from_time(current.now))


def _logs(current: Current, at: str) -> list[Scan]:
    """The logs of the state folder. Points of several stores write there, so what is about agents unknown here is counted apart."""
    found = []
    for source, path in default_logs(decision_log(state_folder()).parent):
        try:
            scan = read_decisions(current, source, path, at, known=current.agents)
        except RefusedError as error:
            scan = Scan(connection=source, at=at, fault=str(error))
        if scan.events or scan.unread_records or scan.fault:
            found.append(scan)
    return found


def _settled(
    current: Current, at: str, connections: tuple[str, ...], scans: tuple[Scan, ...], told: Told, *, with_logs: bool = False
) -> Turn:
    told("joining what all connections show into agents and their identities")
    new, changed, gone = join(current, at)
    if with_logs:
        # After the joining, because a decision about an agent that was found just now is about one that is known.
        scans += tuple(_logs(current, at))
        current.rejoin()
    told("comparing what is needed, granted and used")
    opened, closed = watch(current, at)
    return Turn(
        connections=connections,
        scans=scans,
        new=new,
        changed=changed,
        gone=gone,
        opened=opened,
        closed=closed,
        coverage=coverage(current),
    )


def join(current: Current, at: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Joins what all connections show into agents and bindings, and gives events to agents; slugs that are new, changed, gone."""
    store = current.store
    known = current.agents
    linked = _linked(current, known, at)
    if store.rebind(assigner(linked.agents, linked.bound, current.principals.values())):
        # Who shares an identity by its sessions alone shows once these are told apart.
        current.rejoin()
        linked = _linked(current, known, at)
        store.rebind(assigner(linked.agents, linked.bound, current.principals.values()))
    ledger = Ledger(files_read=0, bytes_read=0, skipped=(), unresolved=linked.gaps)
    bound = {f"{item.agent}|{item.principal}" for item in linked.bound}
    with store.transaction():
        for agent in linked.agents:
            if agent.agent.id not in current.standings and not agent.agent.is_test:
                store.put(lifecycle.discovered(agent.agent.id, at), seen=at)
        touched = [agent.agent.id for agent in store.put_all(linked.agents, seen=at)]
        store.put_all(linked.bound, seen=at)
        for item in current.bound:
            if (key := f"{item.agent}|{item.principal}") not in bound:
                store.remove(Bound, key, seen=at)
        store.put(Reading(connection=LINKED, inventory=Inventory(agents=(), mcp_servers=(), secrets=(), ledger=ledger)), seen=at)
    before = dict(known)
    current.rejoin()
    return _differences(before, current.agents, touched)


def _linked(current: Current, known: Mapping[str, KnownAgent], at: str) -> Linked:
    return link(
        {name: reading.inventory for name, reading in current.readings.items()},
        tuple(current.principals.values()),
        current.databases,
        tuple(known.values()),
        current.all_uses,
        at,
    )


def _differences(
    before: Mapping[str, KnownAgent], after: Mapping[str, KnownAgent], touched: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    new = tuple(slug for slug in after if (slug not in before or before[slug].is_gone) and not after[slug].is_gone)
    gone = tuple(slug for slug in after if after[slug].is_gone and slug in before and not before[slug].is_gone)
    changed = tuple(slug for slug in touched if slug not in new and slug not in gone)
    return tuple(slug for slug in new if not after[slug].agent.is_test), changed, gone
