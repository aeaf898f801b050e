"""The schema for editors is a schema, and takes what the parser takes."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from remit.document.schema import schema
from remit.model.verbs import LINE_VERBS

EXAMPLES = sorted((Path(__file__).parents[3] / "examples" / "remits").glob("*.yaml"))


def test_the_schema_is_valid_by_the_schema_of_schemas() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert json.loads(json.dumps(schema())) == schema()


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_every_example_is_valid(file: Path) -> None:
    value = yaml.load(file.read_text(), Loader=yaml.BaseLoader) | {"remit": 1}
    jsonschema.Draft202012Validator(schema()).validate(value)


def test_every_verb_is_offered_with_its_meaning() -> None:
    line = schema()["properties"]["objectives"]["additionalProperties"]["properties"]["can"]["items"]
    assert all(line["properties"][verb]["description"] for verb in LINE_VERBS)
