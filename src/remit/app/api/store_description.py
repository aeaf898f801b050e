"""The description of the API of a store: what each route takes and answers, beside AuthZEN's routes and those of every service.

A route says in its `opt` what it answers (`answer`, with `status` where that is not 200), what it takes (`body`, `example`), and whether
it is `open` to whoever has no token.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import msgspec
from litestar import Litestar, Router
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, Reference, SecurityScheme

from remit.app.api import desk, health
from remit.app.api.description import PATH, REF, authzen, body_of, described
from remit.app.api.health import Alive, Health
from remit.app.api.shapes import Problems
from remit.points.authzen.wire import Answer, Answers, Evaluation, Evaluations, Fault, Metadata

PUBLIC = (health.is_alive, health.is_ready, health.read_metrics)
"""Routes that every service has."""
_COMMON = (Evaluation, Evaluations, Answer, Answers, Metadata, Fault, Alive, Health, Problems)
_SECURITY: dict[str, SecurityScheme | Reference] = {
    "operator": SecurityScheme(type="http", scheme="bearer", description="The text of the file `operator-token` in the state folder."),
    "browser": SecurityScheme(
        type="apiKey", name="remit-8686", security_scheme_in="cookie", description="The session of the web UI (`remit-PORT`); reads only."
    ),
}
_WHY = {
    400: "Not understood, or wrong use.",
    401: "The operator's token is missing or wrong; the message names its file.",
    403: "The request comes from a browser's page or names another host.",
    404: "There is no such thing.",
    409: "Understood, and not done; the reason.",
    413: "The body is too long.",
    422: "The document cannot be used; every problem of it.",
    500: "A fault of Remit itself.",
}


def document() -> bytes:
    """The OpenAPI document, as JSON."""
    config = OpenAPIConfig(title="Remit", version=version("remit"), components=Components(security_schemes=_SECURITY))
    given = {name: Provide(lambda: None, sync_to_thread=False) for name in ("site", "callers", "sent", "readiness", "metrics")}
    shown = [Router(desk.PREFIX, route_handlers=desk.routes())]
    app = Litestar(route_handlers=[*PUBLIC, *shown], dependencies=given, openapi_config=config, logging_config=None)
    made: dict[str, Any] = app.openapi_schema.to_schema()
    routes = {route.operation_id: route for route in desk.routes()}
    records = dict.fromkeys((*_COMMON, *(route.opt[name] for route in routes.values() for name in ("answer", "body") if name in route.opt)))
    schemas, components = msgspec.json.schema_components(tuple(records), ref_template=REF)
    names = {record.__name__: schema for record, schema in zip(records, schemas, strict=True)}
    made["components"]["schemas"] = components
    for path, method, operation in _operations(made["paths"]):
        route = routes.get(operation["operationId"])
        if route is not None:
            _complete(path, method, operation, route, names)
    made["paths"] = {**authzen(names), **made["paths"], PATH: {"get": described()}}
    return msgspec.json.encode(made)


def _operations(paths: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in paths.items():
        for method, operation in item.items():
            yield path, method, operation


def _besides(opt: Mapping[str, Any], done: Any) -> dict[str, Any]:
    """The other code with which what was done is answered: taken up as a job."""
    return {"202": done} if opt.get("may_take_long") else {}


def _complete(path: str, method: str, operation: dict[str, Any], route: HTTPRouteHandler, names: dict[str, Any]) -> None:
    """Adds what only we know of a route."""
    opt = route.opt
    is_reading = method == "get"
    done = {"description": "Done." if not is_reading else "As it is now.", "content": _json(names[opt["answer"].__name__])}
    # A list of one agent's things is about that agent, as its own address is.
    is_about_one = "{" in path or any(parameter["name"] == "agent" for parameter in operation.get("parameters", ()))
    codes = [400, 401, 403, *([404] if is_about_one else []), *([] if is_reading else [409, 413]), 500]
    faults = {str(code): {"description": _WHY[code], "content": _json(names["Fault"])} for code in codes}
    if operation["operationId"] == "approveRemit":
        faults["422"] = {"description": _WHY[422], "content": _json(names["Problems"])}
    operation["responses"] = {str(opt.get("status", 200)): done, **_besides(opt, done), **faults}
    if "body" in opt:
        operation["requestBody"] = body_of(names[opt["body"].__name__], opt["example"])
    operator: list[dict[str, list[str]]] = [{"operator": []}]
    operation["security"] = [*operator, {}] if opt.get("open") else [*operator, {"browser": []}] if is_reading else operator


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
