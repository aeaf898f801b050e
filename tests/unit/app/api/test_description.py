"""The description of the API is made from the records that are read and answered."""

from __future__ import annotations

from typing import Any

import jsonschema
import msgspec
import pytest
from tests.unit.points.authzen.test_evaluation import CASES, body_of

from remit.app.api.application import api_description
from remit.model.decision import Decision, Outcome, Step
from remit.points.authzen.evaluation import answer


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(msgspec.json.decode(api_description()))


def validator(document: dict[str, Any], name: str) -> jsonschema.Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_schema_of_a_question_agrees_with_what_is_read(case: dict[str, Any], document: dict[str, Any]) -> None:
    assert validator(document, "Evaluation").is_valid(body_of(case)) == ("status" not in case)


def test_an_answer_is_as_described(document: dict[str, Any]) -> None:
    given = msgspec.json.decode(msgspec.json.encode(answer(Decision(outcome=Outcome.DENY, step=Step.NEVER, because="x"))))
    validator(document, "Answer").validate(given)


def test_every_reference_is_there(document: dict[str, Any]) -> None:
    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*(references(inner) for inner in value.values()))
        return set().union(*(references(inner) for inner in value)) if isinstance(value, list) else set()

    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) - known == set()


def test_release_needs_the_token_and_nothing_else_does(document: dict[str, Any]) -> None:
    secured = [path for path, item in document["paths"].items() for operation in item.values() if operation.get("security")]
    assert secured == ["/api/v1/agents/{agent_id}/release"]


def test_only_what_a_client_sends_is_a_parameter(document: dict[str, Any]) -> None:
    names = {p["name"] for item in document["paths"].values() for operation in item.values() for p in operation.get("parameters", [])}
    assert names == {"agent_id", "X-Request-ID"}
