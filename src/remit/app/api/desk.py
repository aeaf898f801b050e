"""The routes of the API behind the web UI, each with who may use it and what becomes of its errors."""

from __future__ import annotations

from typing import Any

from litestar import Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from remit.app.api import connections, decisions, findings, inventory, jobs, plans, settled, stops
from remit.app.api.caller import Callers, may_change, may_read, may_stop
from remit.app.api.exchange import failed, not_done, refused, sent
from remit.app.api.narrowing import known_keys
from remit.app.web.site import Site
from remit.model.errors import RemitError

PREFIX = "/api/v1"
_NOUNS: tuple[Any, ...] = (inventory, settled, findings, plans, stops, decisions, connections, jobs)
_HANDLED: dict[type[Exception] | int, Any] = {HTTPException: refused, RemitError: not_done, Exception: failed}


def routers(site: Site, callers: Callers) -> list[Router]:
    """What reads, what changes, and what stops an agent."""
    given = {
        "site": Provide(lambda: site, sync_to_thread=False),
        "callers": Provide(lambda: callers, sync_to_thread=False),
        "sent": Provide(sent),
    }
    return [
        Router(PREFIX, route_handlers=_all(name), guards=[guard, known_keys], dependencies=given, exception_handlers=_HANDLED)
        for name, guard in (("READING", may_read), ("CHANGING", may_change), ("OPEN", may_stop))
    ]


def routes() -> list[HTTPRouteHandler]:
    """Every route, for describing."""
    return [route for name in ("READING", "CHANGING", "OPEN") for route in _all(name)]


def _all(name: str) -> list[Any]:
    return [route for noun in _NOUNS for route in getattr(noun, name, ())]
