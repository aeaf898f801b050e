"""What the API answers is what the commands print and what its description says, and a misspelt question is no empty answer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.story.serving import Served, serving_store

READER = """\
from agents import Agent, function_tool


@function_tool
def read_note(path: str) -> str:
    return open(path).read()


reader = Agent(name="aa-reader", instructions="Read notes.", tools=[read_note])
"""
DELETER = """\
import subprocess

from agents import Agent, function_tool


@function_tool
def run_shell(command: str) -> str:
    return subprocess.run(command, shell=True, capture_output=True, text=True).stdout


deleter = Agent(name="zz-deleter", instructions="Delete old notes.", tools=[run_shell])
"""


class Estate:
    """Two agents of which nobody is the owner, served."""

    def __init__(self, folder: Path, served: Served) -> None:
        self.store = f"sqlite:///{folder / 'store.sqlite3'}"
        self._served = served

    def printed(self, *words: str) -> Any:
        return json.loads(command(self.store, *words, "--json"))

    def ask(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {self._served.token}"}
        return self._served.send("GET" if body is None else "POST", path, body, headers)


def command(store: str, *words: str) -> str:
    full = [sys.executable, "-m", "remit", *words, "--store", store]
    done = subprocess.run(full, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    folder = tmp_path_factory.mktemp("answers")
    code = folder / "code"
    code.mkdir()
    (code / "reader.py").write_text(READER)
    (code / "deleter.py").write_text(DELETER)
    command(f"sqlite:///{folder / 'store.sqlite3'}", "connect", "code", str(code))
    with serving_store(f"sqlite:///{folder / 'store.sqlite3'}", folder / "state", environment={"XDG_STATE_HOME": str(folder)}) as served:
        yield Estate(folder, served)


def test_findings_of_one_severity_begin_with_the_riskiest_agent_for_commands_and_programs_alike(estate: Estate) -> None:
    _, answer = estate.ask("/api/v1/findings?rule=no-owner")
    assert [found["agent"] for found in answer["findings"]] == ["agent:zz-deleter", "agent:aa-reader"]
    assert estate.printed("findings")["findings"] == estate.ask("/api/v1/findings")[1]["findings"]


@pytest.mark.parametrize(
    ("query", "named"),
    [("findings?rule=no_owner", "`no-owner`"), ("findings?rule=", "`no-owner`"), ("agents?kind=productive", "`production`")],
)
def test_what_no_list_can_be_narrowed_by_is_refused_with_what_it_can(query: str, named: str, estate: Estate) -> None:
    status, answer = estate.ask(f"/api/v1/{query}")
    assert status == 400
    assert named in answer["error"]


@pytest.mark.parametrize("because", ["", " ", " \t\n "])
def test_no_finding_is_accepted_without_a_reason(because: str, estate: Estate) -> None:
    found = estate.ask("/api/v1/findings")[1]["findings"][0]
    status, answer = estate.ask(f"/api/v1/findings/{found['id']}/accept", {"because": because, "until": "9999-01-31"})
    assert status == 400
    assert "because" in answer["error"]
    assert estate.ask(f"/api/v1/findings/{found['id']}")[1]["state"] == "open"


@pytest.mark.parametrize("noun", ["findings", "plans", "decisions"])
def test_a_list_of_an_agent_that_is_not_there_is_answered_as_described(noun: str, estate: Estate) -> None:
    _, described = estate.ask("/api/openapi.json")
    status, answer = estate.ask(f"/api/v1/{noun}?agent=nobody")
    assert status == 404
    schema = described["paths"][f"/api/v1/{noun}"]["get"]["responses"]["404"]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": described["components"]}).validate(answer)
