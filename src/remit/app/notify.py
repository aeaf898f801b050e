"""Tells exporters what happened: denials, and findings that opened or closed; in order, each at least once.

A thread of its own reads the store behind two marks that it keeps there, so that a receiver that is dead holds up nothing, and a restart
neither loses nor repeats what was told. Invariants:
- a mark moves when what is before it was taken, or will never be taken; the first start tells only of what comes after it;
- what is not taken is sent again, later and later, and nothing behind it is sent before;
- a failure is told once until something is taken again;
- a clock that was wrong when it began, and is put right, silences nothing.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from itertools import groupby

import msgspec

from remit.contracts.exporter import Delivery, UndeliveredError
from remit.model.errors import RemitError
from remit.model.event import Event
from remit.model.finding import Finding, FindingState
from remit.model.notice import Notice, NoticeKind
from remit.store.records import Store, Version

LOOK_SECONDS = 1.0
_FIRST_WAIT_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 300.0
_TRIES_FOR_GOOD = 5
"""How often a notice is sent that the receiver says it will never take, before it is given up: the receiver may be wrong for a moment."""
_AT_ONCE = 500


class Marks(msgspec.Struct, frozen=True):
    """How far was told."""

    event: int
    """Number of the last event that was looked at."""
    finding: int
    """Sequence of the last version of a finding that was looked at."""
    since: str
    """RFC 3339: when it began; what happened before is not told, whenever it comes in."""


class Notifier:
    """Tells one receiver. Its thread is the only one that reads and moves the marks."""

    def __init__(
        self,
        store: Callable[[], Store],
        delivery: Delivery,
        name: str,
        report: Callable[[str], None],
        clock: Callable[[], str],
        wait: Callable[[threading.Event, float], bool] = threading.Event.wait,
    ) -> None:
        """`store` opens the store; `name` tells this receiver from others; `clock` gives RFC 3339; `wait` waits for an end, so long."""
        self.shown = delivery.shown
        """The receiver for people."""
        self._open = store
        self._delivery = delivery
        self._source = f"told:{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:16]}"
        self._report = report
        self._clock = clock
        self._wait = wait
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)
        self._waiting: deque[tuple[Notice | None, Marks]] = deque()
        self._unsaved: Marks | None = None
        self._tries = 0
        self._pause = 0.0
        self.taken = 0
        """Notices that were taken since the start."""
        self.failures = 0
        """Attempts that failed since the start."""
        self.given_up = 0
        self.failure = ""
        """Why the last attempt failed; empty when it did not."""

    def start(self) -> None:
        """Marks where it begins, if it never ran, and begins."""
        store = self._open()
        try:
            self._marks(store)
        finally:
            store.close()
        self._thread.start()

    def stop(self, seconds: float = 2.0) -> None:
        """Ends; what was not told is told by the next run."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(seconds)
        self._delivery.close()

    def _run(self) -> None:
        store: Store | None = None
        while not self._wait(self._ended, self._pause or LOOK_SECONDS):
            try:
                store = store or self._open()
                failures = self.failures
                self.look(store)
                if failures == self.failures:
                    self._pause, self.failure = 0.0, ""
            except Exception as error:  # noqa: BLE001 - INVARIANT (holds up nothing): whatever it is, it is told once and tried again
                self._failed(str(error) if isinstance(error, RemitError) else f"telling the webhook failed: {type(error).__name__}")
        if store is not None:
            store.close()

    def look(self, store: Store) -> int:
        """Tells what there is to tell, until something is not taken; how many were taken."""
        taken = 0
        self._save(store)
        while not self._ended.is_set():
            if not self._waiting:
                self._waiting.extend(_round(store, self._marks(store)))
            if not self._waiting:
                return taken
            notice, marks = self._waiting[0]
            if notice is not None and not self._tell(notice):
                return taken
            taken += notice is not None
            self._waiting.popleft()
            # Whether or not it can be kept now: what was taken is not told again by this run.
            self._unsaved = marks
            self._save(store)
        return taken

    def _save(self, store: Store) -> None:
        if self._unsaved is not None:
            store.add_events((), {self._source: msgspec.json.encode(self._unsaved).decode()})
            self._unsaved = None

    def _tell(self, notice: Notice) -> bool:
        """Whether it need not be told again."""
        try:
            self._delivery.send(notice)
        except UndeliveredError as error:
            self._tries += 1
            self._failed(str(error), error.wait_seconds)
            if not error.is_for_good or self._tries < _TRIES_FOR_GOOD:
                return False
            self.given_up += 1
            self._report(f"{error}, {self._tries} times: `{notice.kind}` {notice.id} is not told")
        else:
            self.taken += 1
            self.failure = ""
        self._tries, self._pause = 0, 0.0
        return True

    def _failed(self, why: str, wait_seconds: float = 0.0) -> None:
        self.failures += 1
        if not self.failure:
            self._report(f"{why}; it is tried again, and what is not told yet is kept")
        self.failure = why
        self._pause = max(min(self._pause * 2 or _FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS), wait_seconds)

    def _marks(self, store: Store) -> Marks:
        kept = store.cursor(self._source)
        if kept is not None:
            try:
                return self._in_time(msgspec.json.decode(kept, type=Marks))
            except msgspec.MsgspecError:
                pass  # it cannot be known what was told: it begins anew, and tells nothing twice
        self._unsaved = Marks(event=store.last_event(), finding=store.sequence(Finding), since=self._clock())
        marks = self._unsaved
        self._save(store)
        return marks

    def _in_time(self, marks: Marks) -> Marks:
        """Marks of a run whose clock was ahead, from today on: until that day comes, every denial would be one of before the beginning."""
        now = self._clock()
        return marks if marks.since <= now else msgspec.structs.replace(marks, since=f"{now[:10]}T00:00:00Z")


def _round(store: Store, marks: Marks) -> Iterator[tuple[Notice | None, Marks]]:
    """What there is to tell behind the marks, and where they stand when it was told."""
    denials, end = store.denials_after(marks.event, _AT_ONCE * 10)
    # Times of the log have fractions of a second, the mark has none.
    for notice, number in _denied([(number, event) for number, event in denials if event.happened[:19] >= marks.since[:19]]):
        yield notice, msgspec.structs.replace(marks, event=number)
    if end != marks.event:
        marks = msgspec.structs.replace(marks, event=end)
        yield None, marks
    versions = store.changes(Finding, marks.finding, _AT_ONCE)
    for version in versions:
        changed = _changed(store, version)
        if changed is not None or version is versions[-1]:
            yield changed, msgspec.structs.replace(marks, finding=version.sequence)


def _denied(events: list[tuple[int, Event]]) -> Iterator[tuple[Notice, int]]:
    """Denials, those in a row that are alike but for their time as one: an agent that asks without end floods nobody."""
    for _, group in groupby(events, lambda one: _what(one[1])):
        alike = list(group)
        (_, first), (number, last) = alike[0], alike[-1]
        notice = Notice(
            id=_identifier(first.decision or first.id, last.decision or last.id, str(len(alike))),
            kind=NoticeKind.DENIED,
            at=first.happened,
            denied=first,
            count=len(alike),
            until=last.happened,
        )
        yield notice, number


def _what(event: Event) -> tuple[object, ...]:
    return event.agent, event.system, event.action, event.resource, event.outcome, event.because


def _changed(store: Store, version: Version[Finding]) -> Notice | None:
    """What a version of a finding tells: that it opened, or closed; None: neither."""
    finding = version.record
    earlier = [one for one in store.history(Finding, finding.id) if one.sequence < version.sequence]
    before = earlier[-1].record.state if earlier else None
    if version.is_gone or finding.state is before or finding.state is FindingState.ACCEPTED:
        return None
    if finding.state is FindingState.CLOSED and before is None:
        return None
    kind = NoticeKind.OPENED if finding.state is FindingState.OPEN else NoticeKind.CLOSED
    return Notice(id=_identifier(finding.id, str(version.sequence)), kind=kind, at=version.seen, finding=finding)


def _identifier(*parts: str) -> str:
    """The same for the same notice; nothing from outside stands in it."""
    return "msg_" + hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
