"""Remit documents and everything that is wrong with them, from tests/cases/document."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from remit.document.parse import parse
from remit.document.schema import schema
from remit.model.errors import Problem

FOLDER = Path(__file__).parents[2] / "cases" / "document"
BASE = """remit: 1
agent: triage
purpose: Sort what comes in.
owner: {contact: dana@example.com}
objectives:
  sort:
    why: Somebody waits.
    can:
      - {read: aws:s3, resource: "*"}
"""
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted(FOLDER.glob("*.yaml"))
    for case in yaml.safe_load(file.read_text())
]
BEYOND_THE_SCHEMA = (
    "stands here twice",
    "a path with",
    "no folder",
    "is not a date",
    "is not an identity",
    "is not a domain",
    "must be text, not a number",
)
"""Errors about what a JSON Schema cannot say; a key of JSON is always text."""


def document(case: dict[str, Any]) -> str:
    """The text of a case: whole, or the base with some of its lines changed."""
    if "document" in case:
        return str(case["document"])
    lines = dict(enumerate(BASE.splitlines(), start=1)) | case["change"]
    return "\n".join(str(lines[number]) for number in sorted(lines)) + "\n"


def told(problem: Problem) -> str:
    """A problem as a case writes it: without the path, with its level where it is no error."""
    place = f"{problem.line}:{problem.column}" if problem.column else f"{problem.line}"
    level = "" if problem.level == "error" else f"{problem.level}: "
    return f"{place}: {level}{problem.what}" + (f"; {problem.help}" if problem.help else "")


def test_there_are_cases() -> None:
    assert len(CASES) > 100


@pytest.mark.parametrize("case", CASES)
def test_a_document_gets_exactly_its_problems(case: dict[str, Any]) -> None:
    parsed = parse(document(case), "remit.yaml")
    assert [told(problem) for problem in parsed.problems] == case["problems"]
    assert (parsed.remit is None) is any(problem.level == "error" for problem in parsed.problems)


@pytest.mark.parametrize("case", CASES)
def test_an_error_is_written_in_one_style(case: dict[str, Any]) -> None:
    for problem in parse(document(case), "remit.yaml").problems:
        assert not problem.what.endswith(".")
        assert not problem.help.endswith(".")
        assert problem.what[0] == "`" or problem.what[0].islower() or problem.what.startswith("YAML")
        assert problem.code
        assert "\n" not in str(problem)


@pytest.mark.parametrize("case", [case for case in CASES if "change" in case.values[0]])
def test_the_schema_refuses_what_the_parser_refuses_as_far_as_a_schema_can(case: dict[str, Any]) -> None:
    parsed = parse(document(case), "remit.yaml")
    try:
        value = yaml.load(document(case), Loader=CoreLoader)
    except yaml.YAMLError:
        return
    is_valid = jsonschema.Draft202012Validator(schema()).is_valid(value)
    if parsed.remit is not None:
        assert is_valid
    elif not any(words in problem.what for problem in parsed.errors for words in BEYOND_THE_SCHEMA):
        assert not is_valid


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2: dates, `on` and `off` are text."""


CoreLoader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:null")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for letter in "tfTF":
    CoreLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), letter)
