"""Keeps the store up with decision logs while the service runs: decisions show as they happen, and a denial becomes a finding.

Reads logs alone; systems and code are read by a scan. Invariants:
- a log is read from where it was left, and what was read is kept with its cursor, so that nothing counts twice, whoever else reads it;
- whatever fails is told once and tried again; the service goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from remit.app.loop import watch
from remit.app.scan import read_decisions
from remit.app.snapshot import Snapshots
from remit.model.errors import RefusedError, RemitError
from remit.model.times import text_from_time

LOOK_SECONDS = 1.0
_WATCH_SECONDS = 10.0
"""Detections look at the whole estate, so they run at most this often."""
_BUSY_SECONDS = 0.2
"""A scan that is under way does the same work: it is not waited for."""


class Follower:
    """Reads what the logs have since the last look."""

    def __init__(
        self,
        snapshots: Snapshots,
        logs: Callable[[], Iterable[tuple[str, Path]]],
        report: Callable[[str], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`logs` gives the decision logs that are no connections, each with the source that its decisions count under."""
        self._snapshots = snapshots
        self._logs = logs
        self._report = report
        self._monotonic = monotonic
        self._watched = -_WATCH_SECONDS
        self._is_behind = False
        self._fault = ""

    async def follow(self) -> None:
        """Looks again and again, in a thread: a slow disk or database must not hold up decisions."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> int:
        """One look; how many decisions were new."""
        try:
            added, faults = self._read()
            self._is_behind = self._is_behind or added > 0
            if self._is_behind and self._monotonic() - self._watched >= _WATCH_SECONDS:
                self._watch()
            self._snapshots.current()
            if faults:
                raise RefusedError("; ".join(faults))
        except Exception as error:  # noqa: BLE001 - INVARIANT (goes on): whatever it is, it is told once and tried again
            self._tell(str(error) if isinstance(error, RemitError) else f"following the decision logs failed: {type(error).__name__}")
            return 0
        self._fault = ""
        return added

    def _read(self) -> tuple[int, list[str]]:
        current = self._snapshots.current()
        at = text_from_time(current.now)
        named = [connection for connection in current.connections.values() if connection.kind == "decisions"]
        logs = [*self._logs(), *((connection.id, Path(connection.settings["file"])) for connection in named)]
        added = 0
        faults = []
        for source, path in logs:
            try:
                added += read_decisions(current, source, path, at).events if path.is_file() else 0
            except RefusedError as error:
                faults.append(str(error))  # a log that cannot be read holds up no other
        return added, faults

    def _watch(self) -> None:
        current = self._snapshots.fresh()
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(current.store.exclusive("scan", _BUSY_SECONDS))
            except RefusedError:
                return  # a scan is under way, which watches when it is done
            watch(current, text_from_time(current.now))
        self._watched, self._is_behind = self._monotonic(), False

    def _tell(self, fault: str) -> None:
        if fault != self._fault:
            self._report(fault)
        self._fault = fault
