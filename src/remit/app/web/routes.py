"""Every route of the web UI, with what each is given and what becomes of its errors."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from litestar import Response, Router, get
from litestar.di import Provide
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath

from remit.app.jobs import BusyError
from remit.app.own_fault import own_fault
from remit.app.web.pages import (
    agent,
    agents,
    connections,
    decisions,
    entrance,
    findings,
    home,
    jobs,
    plans,
    remits,
    search,
    stops,
    words,
)
from remit.app.web.rendering import HEADERS
from remit.app.web.site import AnyRequest, Site, posted, signed_in
from remit.model.errors import RemitError

_OPEN = (entrance.enter, entrance.leave)
"""Pages for whoever is not signed in."""
_PAGES = (home, agents, agent, remits, stops, findings, plans, decisions, connections, search, jobs, words)
_STATIC = {
    "remit.css": "text/css",
    "agent.css": "text/css",
    "live.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


def routes(site: Site) -> list[Any]:
    """The routers of the web UI."""
    given = {"site": Provide(lambda: site, sync_to_thread=False), "posted": Provide(posted)}
    handled: dict[type[Exception] | int, Any] = {
        HTTPException: lambda request, error: _told(site, request, error.status_code, error.detail),
        RemitError: lambda request, error: _told(site, request, 409, str(error)),
        BusyError: lambda request, error: _told(site, request, 409, str(error), job=error.job),
        Exception: lambda request, error: _told(site, request, 500, own_fault(error)),
    }
    pages = [route for module in _PAGES for route in module.ROUTES]
    # The headers of a page are those of a redirect too: neither is kept by a browser.
    shared: dict[str, Any] = {
        "dependencies": given,
        "exception_handlers": handled,
        "response_headers": HEADERS,
        "include_in_schema": False,
    }
    return [
        Router("/", route_handlers=pages, guards=[signed_in], **shared),
        Router("/", route_handlers=[*_OPEN, static], **shared),
    ]


@get("/static/{name:str}", sync_to_thread=False)
def static(name: FromPath[str]) -> Response[bytes]:
    """A style, a script or a picture that belongs to the UI; no other name is looked for."""
    if name not in _STATIC:
        raise NotFoundException(f"there is no `{name}` here")
    body = files("remit.app.web").joinpath("static", name).read_bytes()
    return Response(body, media_type=_STATIC[name], headers={**HEADERS, "cache-control": "max-age=300"})


def no_page(site: Site, request: AnyRequest, error: HTTPException) -> Response[Any]:
    """What a browser is shown where no page answers: the address is none, or only forms go there."""
    why = (
        "there is no such page"
        if error.status_code == 404
        else "only forms go to this address"
        if error.status_code == 405
        else error.detail
    )
    return _told(site, request, error.status_code, why)


def _told(site: Site, request: AnyRequest, status: int, why: str, *, job: str = "") -> Response[Any]:
    """An error as a page: what was wrong, and the way back, or to the `job` that was in the way. Nothing was changed."""
    if status == 401:
        return site.page(request, "entrance.html", status=401, why="")
    return site.page(request, "told.html", status=status, why=why, job=job)
