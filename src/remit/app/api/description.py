"""The API description: AuthZEN's routes, which no framework serves here, beside those that Litestar knows.

Components come from the same records that are read and answered, by `msgspec.json.schema_components`, because a description made
from copies of them would drift.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Litestar

from remit.app.api.agents import AgentStanding, Quarantine
from remit.app.api.health import Alive, Health
from remit.points.authzen.service import EVALUATION, EVALUATIONS, METADATA
from remit.points.authzen.wire import Answer, Answers, Evaluation, Evaluations, Fault, Metadata

PATH = "/api/openapi.json"
REF = "#/components/schemas/{name}"
_RECORDS = (Evaluation, Evaluations, Answer, Answers, Metadata, Fault, Alive, Health, Quarantine, AgentStanding)
_REQUEST_ID = {
    "name": "X-Request-ID",
    "in": "header",
    "required": False,
    "description": "Comes back in the answer.",
    "schema": {"type": "string"},
}
_EXAMPLE = {
    "subject": {"type": "agent", "id": "cost-triage"},
    "action": {"name": "read"},
    "resource": {"type": "aws:s3", "id": "arn:aws:s3:::billing-exports/a.csv"},
}

_ONE_OR_LIST = [
    {"required": ["subject", "action", "resource"]},
    {"required": ["evaluations"], "properties": {"evaluations": {"minItems": 1}}},
]


def description(app: Litestar) -> bytes:
    """The OpenAPI document of the whole service, as JSON."""
    document: dict[str, Any] = app.openapi_schema.to_schema()
    schemas, components = msgspec.json.schema_components(_RECORDS, ref_template=REF)
    names = {record.__name__: schema for record, schema in zip(_RECORDS, schemas, strict=True)}
    document["components"]["schemas"] = components
    document["paths"] = {**authzen(names), **document["paths"], PATH: {"get": described()}}
    document["paths"]["/api/v1/agents/{agent_id}/quarantine"]["post"]["requestBody"] = body_of(names["Quarantine"], {"because": "loops"})
    return msgspec.json.encode(document)


def authzen(names: dict[str, Any]) -> dict[str, Any]:
    """The paths of AuthZEN; `names` has the schema of each record."""
    listed = {"subject": _EXAMPLE["subject"], "evaluations": [{"action": _EXAMPLE["action"], "resource": _EXAMPLE["resource"]}]}
    one_or_many = {"anyOf": [names["Answers"], names["Answer"]]}
    return {
        EVALUATION: {
            "post": {
                "operationId": "evaluate",
                "tags": ["authzen"],
                "summary": "Decide one request (AuthZEN 1.0, section 6)",
                "parameters": [_REQUEST_ID],
                "requestBody": body_of(names["Evaluation"], _EXAMPLE),
                "responses": _responses(names["Answer"], names["Fault"], 400, 403, 413),
            }
        },
        EVALUATIONS: {
            "post": {
                "operationId": "evaluateMany",
                "tags": ["authzen"],
                "summary": "Decide several requests (AuthZEN 1.0, section 7)",
                "parameters": [_REQUEST_ID],
                "requestBody": body_of({"allOf": [names["Evaluations"]], "anyOf": _ONE_OR_LIST, "unevaluatedProperties": False}, listed),
                "responses": _responses(one_or_many, names["Fault"], 400, 403, 413),
            }
        },
        METADATA: {
            "get": {
                "operationId": "describePoint",
                "tags": ["authzen"],
                "summary": "What this decision point offers (AuthZEN 1.0, section 9)",
                "responses": _responses(names["Metadata"], names["Fault"], 403),
            }
        },
    }


def described() -> dict[str, Any]:
    """The operation that answers with the description itself."""
    return {
        "operationId": "describeApi",
        "summary": "This description",
        "tags": ["health"],
        "responses": {"200": {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}}},
    }


def body_of(schema: Any, example: Any) -> dict[str, Any]:
    """A body of JSON that must be there."""
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


def _responses(answer: Any, fault: Any, *codes: int) -> dict[str, Any]:
    why = {
        400: "No evaluation, or one that could be read in two ways.",
        403: "From a browser's page, or for another host.",
        413: "Too long.",
    }
    refused = {str(code): {"description": why[code], "content": {"application/json": {"schema": fault}}} for code in codes}
    return {"200": {"description": "Decided.", "content": {"application/json": {"schema": answer}}}, **refused}
