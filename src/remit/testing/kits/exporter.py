"""What every exporter must do, whatever it speaks: give it notices, and list what it does wrong.

An exporter's author calls `violations(EXPORTER, read)` in a test and wants none; `read` turns what is sent into JSON values. Proved are the
rules of `contracts.exporter`:
- the form is pure and deterministic, and can be read;
- text from outside stands in it as text: hostile words change no structure, and come out as they were;
- every field of what is told is in it, or named in `drops`, and `drops` names no other;
- a notice that was told twice has the same form, and two that differ have not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from remit.contracts.exporter import Exporter
from remit.model.decision import Outcome
from remit.model.event import Event, Result
from remit.model.finding import Finding, FindingState, Severity
from remit.model.notice import Notice, NoticeKind

Read = Callable[[bytes], Any]
_HOSTILE = (
    'quote " and \\ backslash',
    "new\nline and \r\n\r\nheader: x",
    "</script><script>alert(1)</script>",
    "{{7*7}}${7*7}",
    "nul \x00 bell \x07 escape \x1b[31m",
    "right \u202e to left",
    "half a pair \ud800",
    "key=value|cef:0|x",
    "'; DROP TABLE x; --",
)
_TIME = "2026-07-28T09:30:00Z"


def violations(exporter: Exporter, read: Read) -> list[str]:
    """What the exporter does wrong; empty: it passes."""
    found: list[str] = []
    for notice in notices():
        try:
            found += _of_notice(exporter, read, notice)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the exporter does wrong
            found.append(f"{notice.kind}: it fails with {type(error).__name__}: {error}")
    return found


def notices() -> tuple[Notice, ...]:
    """One of each kind; every text in it is a mark of its own."""
    event = Event(
        id="mark-id",
        source="mark-source",
        happened=_TIME,
        principal="mark-principal",
        system="mark-system",
        action="mark-action",
        resource="mark-resource",
        result=Result.DENIED,
        place="mark-place",
        session="mark-session",
        credential="mark-credential",
        agent="mark-agent",
        person="mark-person",
        decision="mark-decision",
        outcome=Outcome.DENY,
        would=Outcome.ASK,
        because="mark-because",
        columns=("mark-columns",),
    )
    finding = Finding(
        id="finding:mark",
        rule="mark-rule",
        agent="mark-agent",
        key="mark-key",
        severity=Severity.CRITICAL,
        title="mark-title",
        evidence=("mark-evidence",),
        owner="mark-owner",
        remedy="mark-remedy",
        state=FindingState.OPEN,
        opened=_TIME,
        hangs_on=("mark-hangs-on",),
        accepted_because="mark-accepted-because",
        accepted_by="mark-accepted-by",
    )
    closed = msgspec.structs.replace(finding, state=FindingState.CLOSED, closed="2026-08-01T00:00:00Z")
    return (
        Notice(id="n-1", kind=NoticeKind.DENIED, at=_TIME, denied=event, count=3, until="2026-07-28T09:31:00Z"),
        Notice(id="n-2", kind=NoticeKind.OPENED, at=_TIME, finding=finding),
        Notice(id="n-3", kind=NoticeKind.CLOSED, at="2026-08-01T00:00:00Z", finding=closed),
    )


def _of_notice(exporter: Exporter, read: Read, notice: Notice) -> Iterator[str]:
    sent = exporter.form(notice)
    if exporter.form(notice) != sent:
        yield f"{notice.kind}: the same notice has another form the second time"
    value = read(sent)
    texts = list(_texts(value))
    record: Any = notice.denied or notice.finding
    dropped = exporter.drops.get(type(record).__name__, frozenset())
    yield from (f"`drops` names `{name}`, which is no field of {type(record).__name__}" for name in dropped - set(record.__struct_fields__))
    for name in record.__struct_fields__:
        marks = [mark for mark in _marks(getattr(record, name)) if mark]
        is_there = all(any(mark in text for text in texts) for mark in marks)
        if marks and name not in dropped and not is_there:
            yield f"{notice.kind}: `{name}` is neither told nor named in `drops`"
        if marks and name in dropped and is_there and all(mark.startswith("mark-") for mark in marks) and name != "agent":
            yield f"{notice.kind}: `{name}` is named in `drops` and told"
    changed = msgspec.structs.replace(record, **_other(record))
    if exporter.form(_about(notice, changed)) == sent:
        yield f"{notice.kind}: two notices that differ have one form"
    for hostile in _HOSTILE:
        poisoned = msgspec.structs.replace(record, **dict.fromkeys(_written_by_strangers(record), hostile))
        came = read(exporter.form(_about(notice, poisoned)))
        if _outline(came) != _outline(value):
            yield f"{notice.kind}: {hostile!r} changes what the form is made of"
        if not any(hostile in text for text in _texts(came)):
            yield f"{notice.kind}: {hostile!r} does not come out as it was"


def _about(notice: Notice, record: Any) -> Notice:
    return msgspec.structs.replace(notice, **{"denied" if notice.denied is not None else "finding": record})


def _other(record: Any) -> dict[str, Any]:
    return {"because": "another sentence"} if isinstance(record, Event) else {"title": "another sentence"}


def _written_by_strangers(record: Any) -> tuple[str, ...]:
    return ("action", "resource", "session", "because") if isinstance(record, Event) else ("title", "remedy")


def _marks(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield str(value)
    elif isinstance(value, tuple):
        for inner in value:
            yield from _marks(inner)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _outline(value: Any) -> Any:
    """What a value is made of, without its texts."""
    if isinstance(value, dict):
        return {name: _outline(inner) for name, inner in value.items()}
    return [_outline(inner) for inner in value] if isinstance(value, list) else type(value).__name__
