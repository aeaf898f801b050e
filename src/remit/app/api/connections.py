"""What is read, how reading it went, and reading it again."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from remit.app.api.bodies import NewScan
from remit.app.api.exchange import Sent, answered
from remit.app.api.jobs import begun
from remit.app.api.shapes import ConnectionPage, Connections, Job
from remit.app.connections import one_of
from remit.app.current import Current
from remit.app.jobs import Result, Say
from remit.app.turn import turn
from remit.app.views.connections_json import connection_json, ledger_json
from remit.app.web.site import Site
from remit.model.connection import Connection
from remit.model.errors import RefusedError


@get(
    "/connections",
    sync_to_thread=True,
    operation_id="listConnections",
    summary="What is read",
    opt={"answer": Connections},
    tags=["connections"],
)
def list_connections(site: NamedDependency[Site]) -> Response[bytes]:
    """Each with how the last look at it went."""
    current = site.current
    return answered({"connections": [connection_json(current, connection) for connection in current.connections.values()]})


@get(
    "/connections/{connection_id:str}",
    sync_to_thread=True,
    operation_id="readConnection",
    summary="One connection, and the ledger of what was not read or not settled",
    opt={"answer": ConnectionPage},
    tags=["connections"],
)
def read_connection(connection_id: FromPath[str], site: NamedDependency[Site]) -> Response[bytes]:
    """By `kind:name`, or by either where it fits one alone."""
    current = site.current
    return answered(ledger_json(current, _meant(current, connection_id)))


@post(
    "/scan",
    sync_to_thread=True,
    status_code=202,
    operation_id="scan",
    summary="Read everything again, or one connection",
    description="As `remit scan`. The answer is the job.",
    opt={"answer": Job, "status": 202, "body": NewScan, "example": {"connection": "aws:main"}},
    tags=["connections"],
)
def scan(site: NamedDependency[Site], sent: NamedDependency[Sent]) -> Response[bytes]:
    """Begins it."""
    given = sent.read(NewScan)
    current = site.current
    if not current.connections:
        raise RefusedError("nothing is connected; begin with `remit connect code PATH`, or in the web UI")
    chosen = [_meant(current, given.connection)] if given.connection is not None else list(current.connections.values())

    def work(say: Say) -> Result:
        came = turn(site.fresh(), chosen, site.environment, told=say)
        faults = [f"{scanned.connection}: {scanned.fault}" for scanned in came.scans if scanned.fault]
        said = (
            f"agents: {len(came.new):,} new, {len(came.changed):,} changed, {len(came.gone):,} gone",
            f"findings: {len(came.opened):,} opened, {len(came.closed):,} closed",
            *faults,
        )
        return Result(said=said, link="/connections", is_failed=bool(faults) and len(faults) >= len(came.scans))

    what = f"Scan {chosen[0].id}" if given.connection is not None else "Scan everything"
    return begun(site.jobs.start(what, work, link="/connections"))


def _meant(current: Current, text: str) -> Connection:
    known = current.connections.values()
    try:
        return one_of(text, known)
    except RefusedError as error:
        raise NotFoundException(str(error)) from error


READING = (list_connections, read_connection)
CHANGING = (scan,)
