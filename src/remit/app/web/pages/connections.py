"""What is connected, its ledger, and connecting more. Whatever is read is read as a job, which can be left and found again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from remit.app.connections import one_of
from remit.app.current import Current
from remit.app.jobs import Result, Say
from remit.app.turn import Turn, connect, forget, turn
from remit.app.views.progress_text import progress_text
from remit.app.views.turn_text import blind_spots, faults, has_failed, turn_lines
from remit.app.web import connecting, ledger
from remit.app.web.coverage import Coverage, covered
from remit.app.web.listing import sliced
from remit.app.web.needs import segment
from remit.app.web.paging import asked, asked_page, neighbours
from remit.app.web.site import AnyRequest, Posted, Site
from remit.contracts.source import Progress
from remit.model.connection import Connection
from remit.model.errors import RefusedError, RemitError, UsageError
from remit.model.ledger import Scan
from remit.model.masking import without_secrets
from remit.model.native import Native
from remit.model.shown import printable

_A_PAGE = 100
_JOINED = 20
_SAYS_EVERY = 50
"""Files between two words about progress."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One connection in the list."""

    connection: Connection
    where: str
    scan: Scan | None
    coverage: Coverage
    agents: int
    """That it shows."""
    identities: int


@get("/connections", sync_to_thread=True)
def connections(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Everything that is connected, and the forms that connect more."""
    return _list(request, site)


@get("/connections/{connection_id:str}", sync_to_thread=True)
def one(connection_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """One connection: what was read of it, what was not and why, its settings, and what Remit needs there."""
    return _one(request, site, connection_id)


@post("/connections/{kind:str}", status_code=303, sync_to_thread=True)
def add(kind: FromPath[str], request: AnyRequest, site: NamedDependency[Site], posted: NamedDependency[Posted]) -> Response[Any]:
    """Connects something, or gives a connection other settings; it is read at once, as a job."""
    if kind not in connecting.FIELDS:
        raise NotFoundException(f"there is no form `{printable(kind, 40)}`")
    given = connecting.typed(kind, posted)
    current = site.fresh()
    try:
        connection = connecting.connection_of(kind, given, current.store.all(Connection), site.now())
    except (UsageError, RefusedError) as error:
        problem, kept = connecting.problem(kind, error), connecting.kept(given)
        if posted.text("again"):
            return _one(request, site, posted.text("again"), kept, problem)
        if not current.connections:
            return _welcome(request, site, kind, kept, problem)
        return _list(request, site, kind, kept, problem)

    def work(say: Say) -> Result:
        fresh = site.fresh()
        return _came(connect(fresh, connection, site.environment, _progress(say), say), _address(connection.id))

    return site.start(f"Connect {connection.id}", work, link=_address(connection.id))


@post("/connections/{connection_id:str}/disconnect", status_code=303, sync_to_thread=True)
def disconnect(connection_id: FromPath[str], site: NamedDependency[Site], posted: NamedDependency[Posted]) -> Redirect:
    """Stops reading a connection; what came from it is marked as gone."""
    del posted  # its session was checked, and it says nothing more
    connection = _meant(site.current, connection_id)

    def work(say: Say) -> Result:
        came = forget(site.fresh(), connection.id, say)
        result = _came(came, "/agents")
        return msgspec.structs.replace(result, said=(f"{connection.id} is disconnected; its history stays", *result.said))

    return site.start(f"Disconnect {connection.id}", work, link="/connections")


@post("/scan", status_code=303, sync_to_thread=True)
def scan(site: NamedDependency[Site], posted: NamedDependency[Posted]) -> Redirect:
    """Reads everything again, or the connection that the form names."""
    current = site.current
    name = posted.text("connection")
    if not name and not current.connections:
        raise RefusedError("nothing is connected: connect a folder of code, an account or a database first")
    chosen = [_meant(current, name)] if name else list(current.connections.values())
    link = _address(chosen[0].id) if name else "/connections"

    def work(say: Say) -> Result:
        return _came(turn(site.fresh(), chosen, site.environment, _progress(say), say), link)

    return site.start(f"Scan {chosen[0].id}" if name else "Scan everything", work, link=link)


# --- pages ----------------------------------------------------------------------------------------------------


def _list(request: AnyRequest, site: Site, kind: str = "", given: Mapping[str, str] | None = None, problem: str = "") -> Response[bytes]:
    current = site.current
    joined = ledger.joined(current)
    return site.page(
        request,
        "connections.html",
        status=409 if problem else 200,
        rows=[_row(current, connection) for connection in current.connections.values()],
        coverage=covered(current),
        joined=joined[:_JOINED],
        joined_in_all=len(joined),
        privileges={kind: _privileges(current, Connection(id=f"{kind}:main", kind=kind, name="main")) for kind in connecting.FIELDS},
        **_forms(kind, given, problem),
    )


def _welcome(request: AnyRequest, site: Site, kind: str, given: Mapping[str, str], problem: str) -> Response[bytes]:
    return site.page(request, "welcome.html", status=409, **_forms(kind, given, problem))


def _forms(kind: str, given: Mapping[str, str] | None, problem: str) -> dict[str, Any]:
    return {"fields": connecting.FIELDS, "titles": connecting.TITLES, "kind": kind, "given": given or {}, "problem": problem}


def _one(request: AnyRequest, site: Site, text: str, given: Mapping[str, str] | None = None, problem: str = "") -> Response[bytes]:
    current = site.current
    connection = _meant(current, text)
    lines = ledger.ledger(current, connection.id)
    sort, why = asked(request, "sort", 20), asked(request, "why", 60)
    shown = [line for line in lines if sort in ("", line.sort) and why in ("", line.kind)]
    part = sliced(shown, asked_page(request), _A_PAGE)
    settings = {name: without_secrets(value) for name, value in connection.settings.items()}
    return site.page(
        request,
        "connection.html",
        status=409 if problem else 200,
        connection=connection,
        row=_row(current, connection),
        settings=settings,
        reasons=ledger.reasons(lines),
        sorts=ledger.SORTS,
        lines=len(lines),
        part=part,
        sort=sort,
        why=why,
        neighbours=neighbours(part.number, _address(connection.id), {"sort": sort, "why": why}),
        privileges=_privileges(current, connection),
        fields=connecting.FIELDS,
        given=given if given is not None else {**settings, "name": connection.name},
        problem=problem,
    )


def _row(current: Current, connection: Connection) -> Row:
    name = connection.id
    settings = connection.settings
    where = settings.get("path") or settings.get("file") or settings.get("url") or settings.get("endpoint_url") or ""
    if connection.kind == "aws":
        where = f"profile {settings['profile']}" if settings.get("profile") else "the usual chain of credentials"
    return Row(
        connection=connection,
        where=without_secrets(where),
        scan=current.scans.get(name),
        coverage=covered(current, name),
        agents=sum(name in known.sources and not known.is_gone for known in current.agents.values()),
        identities=sum(principal.connection == name for principal in current.principals.values()),
    )


def _privileges(current: Current, connection: Connection) -> list[tuple[str, Native]]:
    """The least that Remit needs there to read, and to change."""
    system = current.identity_system(connection.kind)
    return [(side, system.least_privilege(connection, side)) for side in ("read", "write")] if system is not None else []


# --- work ----------------------------------------------------------------------------------------------------


def _came(came: Turn, link: str) -> Result:
    said: list[str] = []
    for line in turn_lines(came):
        if line.is_detail and said:
            said[-1] += f", {line.text}"
        else:
            said.append(f"{line.about}: {line.text}" if line.about else line.text)
    if not (came.new or came.changed or came.gone or came.opened or came.closed):
        said.append("agents and findings are as they were")
    said += [f"{name} could not be read: {printable(fault, 1000)}" for name, fault in faults(came)]
    said += [f"{name}: {what}" for name, what in blind_spots(came)]
    if came.kept_settings:
        said.append("it keeps the settings that it had before: nothing of them is lost")
    if came.is_not_kept:
        said.append("it is not remembered, because nothing of it was ever read: mend this and connect it again")
        link = "/connections"
    return Result(said=tuple(said), link=link, is_failed=has_failed(came) or came.kept_settings or came.is_not_kept)


def _progress(say: Say) -> Any:
    def told(progress: Progress) -> None:
        if progress.files % _SAYS_EVERY == 1:
            say(progress_text(progress))

    return told


def _meant(current: Current, text: str) -> Connection:
    try:
        return one_of(text, current.connections.values())
    except RemitError as error:
        raise NotFoundException(str(error)) from error


def _address(connection: str) -> str:
    return f"/connections/{segment(connection)}"


ROUTES = (connections, one, add, disconnect, scan)
