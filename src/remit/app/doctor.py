"""What is missing and how to mend it: looks at everything that a turn of the loop needs, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from remit.app.act import half_done
from remit.app.coverage import IN_DOUBT, sorted_gaps
from remit.app.current import Current
from remit.app.views.half_done import how_far, ways_on
from remit.model.agent import AgentState
from remit.model.connection import Connection
from remit.model.errors import RefusedError
from remit.model.evidence import GapKind
from remit.model.shown import printable
from remit.model.times import days_between, text_from_time

_STALE_DAYS = 2.0


class Health(StrEnum):
    """How one thing is."""

    OK = "ok"
    WARNING = "warning"
    """The loop turns, and knows less than it could."""
    BROKEN = "broken"
    """The loop does not turn."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    what: str
    health: Health
    found: str
    mend: str = ""
    """A command, or what to do."""


def examine(current: Current, environment: Mapping[str, str]) -> Iterator[Check]:
    """Everything, in the order of the loop."""
    yield Check(what="store", health=Health.OK, found=f"{current.store.shown}, {len(current.agents):,} agents known")
    if not current.connections:
        yield Check(what="connections", health=Health.BROKEN, found="nothing is connected", mend="remit connect code PATH")
    for connection in current.connections.values():
        yield from _connection(current, connection, environment)
    yield from _people(current)
    for plan in half_done(current.store):
        because = f" ({printable(plan.stuck_because, 300)})" if plan.stuck_because else ""
        yield Check(
            what=plan.id,
            health=Health.BROKEN,
            found=f"{plan.kind} of `{plan.agent}` is half done, {plan.state}: {how_far(plan)}{because}",
            mend=" or ".join(f"{command} ({what})" for command, what in ways_on(plan, current.owner(plan.agent) or "PERSON")),
        )


def _connection(current: Current, connection: Connection, environment: Mapping[str, str]) -> Iterator[Check]:
    scan = current.scans.get(connection.id)
    if scan is None:
        yield Check(what=connection.id, health=Health.WARNING, found="never scanned", mend="remit scan")
    elif scan.fault:
        yield Check(
            what=connection.id,
            health=Health.BROKEN,
            found=printable(scan.fault, 600),
            mend=f"mend it, then remit scan; or remit disconnect {connection.id}",
        )
    elif (age := days_between(scan.at, text_from_time(current.now))) > _STALE_DAYS:
        yield Check(what=connection.id, health=Health.WARNING, found=f"scanned {age:.0f} days ago", mend="remit scan")
    else:
        yield Check(what=connection.id, health=Health.OK, found=f"scanned {scan.at}, {scan.objects:,} objects")
    if scan is not None and scan.unread_in_all:
        example = f", such as {scan.unread_examples[0]}" if scan.unread_examples else ""
        yield Check(what=connection.id, health=Health.WARNING, found=f"{scan.unread_in_all:,} records set aside{example}")
    if connection.kind in ("code", "decisions"):
        yield from _path(connection)
        yield from _unseen(current, connection)
        return
    yield from _roles(current, connection, environment)


def _path(connection: Connection) -> Iterator[Check]:
    path = connection.setting("path") or connection.setting("file") or ""
    if not Path(path).exists():
        mend = f"remit disconnect {connection.id}, or connect it again where it stands now"
        yield Check(what=connection.id, health=Health.BROKEN, found=f"`{printable(path, 600)}` does not exist", mend=mend)


def _roles(current: Current, connection: Connection, environment: Mapping[str, str]) -> Iterator[Check]:
    """Whether it can be read now, whether something may be changed there, and whether use is recorded."""
    system = current.identity_system(connection.kind)
    if system is None:
        yield Check(what=connection.id, health=Health.BROKEN, found=f"this version cannot read `{connection.kind}`")
        return
    try:
        system.open(connection, environment).close()
        yield Check(what=connection.id, health=Health.OK, found="the read role connects")
    except RefusedError as error:
        scan = current.scans.get(connection.id)
        if scan is None or scan.fault != str(error):  # what the last scan said is said already
            mend = f"remit connect {connection.kind} --print-policy read"
            yield Check(what=connection.id, health=Health.BROKEN, found=f"the read role does not connect: {error}", mend=mend)
    yield from _unseen(current, connection)
    if not connection.has_write_role:
        option = "--write-profile P" if connection.kind == "aws" else "--write-url URL"
        mend = f"remit connect {connection.kind} ... {option}; remit connect {connection.kind} --print-policy write"
        found = "no write role: plans cannot be applied, and agents cannot be stopped here"
        yield Check(what=connection.id, health=Health.WARNING, found=found, mend=mend)
    if not (connection.setting("trail") or connection.setting("log")):
        option = "--trail s3://BUCKET/PREFIX" if connection.kind == "aws" else "--log FOLDER"
        mend = f"remit connect {connection.kind} ... {option}"
        yield Check(what=connection.id, health=Health.WARNING, found="no audit log: what is used is not known", mend=mend)


def _unseen(current: Current, connection: Connection) -> Iterator[Check]:
    """What the last scan did not read of it and may hide something: a log that is not where the settings say stands for itself."""
    gaps = [gap for sort, gap in sorted_gaps(current, connection.id) if sort in IN_DOUBT]
    misplaced = [gap for gap in gaps if gap.kind is GapKind.NO_SUCH_PLACE]
    for gap in misplaced:
        option = "--trail s3://BUCKET/PREFIX" if connection.kind == "aws" else "--log FOLDER"
        mend = f"remit connect {connection.kind} ... {option} (with all of its other settings)"
        yield Check(what=connection.id, health=Health.WARNING, found=f"{gap.place}: {printable(gap.what, 600)}", mend=mend)
    others = [gap for gap in gaps if gap not in misplaced]
    if others:
        shown = next((gap for gap in others if gap.kind is GapKind.NO_PERMISSION), others[0])
        parts = "1 part is" if len(others) == 1 else f"{len(others):,} parts are"
        is_permission = shown.kind is GapKind.NO_PERMISSION and connection.kind != "code"
        yield Check(
            what=connection.id,
            health=Health.WARNING,
            found=f"{parts} not read and may hide something, such as {shown.place}: {printable(shown.what, 200)}",
            mend=f"remit connect {connection.kind} --print-policy read (what the read role needs)" if is_permission else "",
        )


def _people(current: Current) -> Iterator[Check]:
    for slug, why in current.remit_faults.items():
        yield Check(what=f"agent:{printable(slug)}", health=Health.BROKEN, found=why, mend="remit approve FILE, where you trust the file")
    alive = [
        known.agent.id for known in current.agents.values() if not known.is_gone and current.state(known.agent.id) is not AgentState.RETIRED
    ]
    without = [slug for slug in alive if slug not in current.versions]
    if without:
        some = ", ".join(without[:5]) + (" ..." if len(without) > 5 else "")
        found = f"{len(without):,} of {len(alive):,} agents have no approved remit: {some}"
        yield Check(
            what="remits", health=Health.WARNING, found=found, mend=f"remit draft {without[0]} --write {without[0]}.yaml, then the next"
        )
