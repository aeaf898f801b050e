"""The whole service as one ASGI application: the guard, AuthZEN in front, Litestar for the rest."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import Scope

from remit.app.api import agents, description, desk, exchange, health, store_description
from remit.app.api.agents import Operations
from remit.app.api.caller import Callers
from remit.app.api.guard import FOR_PROGRAMS, Application, Guard, GuardedApplication
from remit.app.api.headed import Headed
from remit.app.api.health import Readiness
from remit.app.api.metrics import Metrics
from remit.app.own_fault import own_fault
from remit.app.web.routes import no_page, routes
from remit.app.web.site import Site
from remit.model.errors import RefusedError, RemitError
from remit.points.authzen.asgi import AuthzenApplication
from remit.points.authzen.service import Service

_MAX_BODY_BYTES = 64 * 1024
_MAX_FORM_BYTES = 4 * 1024 * 1024
"""A form may hold a remit, which may have 1 MiB, with every character of it escaped."""
_ROUTES = [agents.quarantine, agents.release, health.is_alive, health.is_ready, health.read_metrics]
_DESCRIPTION = OpenAPIConfig(
    title="Remit decision service",
    version=version("remit"),
    components=Components(security_schemes={"operator": SecurityScheme(type="http", scheme="bearer")}),
)


def application(service: Service, guard: Guard, operations: Operations, readiness: Readiness, metrics: Metrics) -> Application:
    """Everything that the service answers."""
    rest = _litestar(operations, readiness, metrics)
    return GuardedApplication(guard, AuthzenApplication(service, rest))  # type: ignore[arg-type]


def whole_application(
    service: Service,
    guard: Guard,
    site: Site,
    token: str,
    readiness: Readiness,
    metrics: Metrics,
    *,
    token_file: str = "operator-token",  # noqa: S107 - where it stands, not what it is
    report: Callable[[str], None],
) -> Application:
    """Everything that the service on a store answers: pages, API, decisions. `token` is the operator's, for programs.

    `report` is told each fault of our own that a page or the API met.
    """
    callers = Callers(token, token_file, site.door)
    document = store_description.document()

    @get(description.PATH, sync_to_thread=False)
    def describe_api() -> Response[bytes]:
        return Response(document, media_type="application/json", headers=exchange.HEADERS)

    def refused(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
        is_program = request.url.path.startswith(FOR_PROGRAMS)
        return exchange.refused(request, error) if is_program else no_page(site, request, error)

    async def tell_own_fault(error: Exception, _scope: Scope) -> None:
        # Its place alone: an address may hold a word that lets in, and the text of the fault what was read.
        if not isinstance(error, HTTPException | RemitError):
            report(own_fault(error))

    rest = Litestar(
        route_handlers=[*store_description.PUBLIC, describe_api, *desk.routers(site, callers), *routes(site)],
        dependencies={
            "readiness": Provide(lambda: readiness, sync_to_thread=False),
            "metrics": Provide(lambda: metrics, sync_to_thread=False),
        },
        state=State({"site": site, "callers": callers}),
        openapi_config=None,
        exception_handlers={HTTPException: refused, RemitError: exchange.not_done, Exception: exchange.failed},
        after_exception=[tell_own_fault],
        request_max_body_size=_MAX_FORM_BYTES,
        debug=False,
        logging_config=None,
    )
    return GuardedApplication(guard, Headed(AuthzenApplication(service, rest)), has_pages=True)  # type: ignore[arg-type]


def api_description() -> bytes:
    """The OpenAPI document as JSON."""
    # Litestar serves a description wherever it has one, so a twin that is never served makes it.
    given = {name: Provide(lambda: None, sync_to_thread=False) for name in ("operations", "readiness", "metrics")}
    return description.description(Litestar(route_handlers=_ROUTES, dependencies=given, openapi_config=_DESCRIPTION, logging_config=None))


def _litestar(operations: Operations, readiness: Readiness, metrics: Metrics) -> Litestar:
    document = api_description()

    @get(description.PATH, sync_to_thread=False)
    def describe_api() -> Response[bytes]:
        return Response(document, media_type="application/json")

    return Litestar(
        route_handlers=[*_ROUTES, describe_api],
        dependencies={
            "operations": Provide(lambda: operations, sync_to_thread=False),
            "readiness": Provide(lambda: readiness, sync_to_thread=False),
            "metrics": Provide(lambda: metrics, sync_to_thread=False),
        },
        openapi_config=None,
        exception_handlers={HTTPException: _refused, RefusedError: _not_kept, Exception: _failed},
        request_max_body_size=_MAX_BODY_BYTES,
        debug=False,
        logging_config=None,
    )


def _refused(_request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    headers = dict(error.headers or {})
    if error.status_code == 401:
        headers["www-authenticate"] = "Bearer"
    return _fault(error.detail or "not understood", error.status_code, headers)


def _not_kept(_request: Request[Any, Any, Any], error: RefusedError) -> Response[bytes]:
    return _fault(str(error), 409, {})


def _failed(_request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    return _fault(f"the service failed: {type(error).__name__}", 500, {})


def _fault(why: str, status: int, headers: dict[str, str]) -> Response[bytes]:
    return Response(msgspec.json.encode({"error": why}), status_code=status, media_type="application/json", headers=headers)
