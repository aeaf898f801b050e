"""Every framework's constructors are read as its documentation writes them, and nothing else is."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.unit.discover.sources.code.python.scanning import agents_in

from remit.model.evidence import AgentSeen, Role

_CASES = tomllib.loads((Path(__file__).parents[5] / "cases/discover/python_agents.toml").read_text("utf-8"))["case"]


def _claimed(seen: AgentSeen, expected: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "line": seen.place.line,
        "framework": seen.framework,
        "name": seen.name or "",
        "model": seen.model or "",
        "tools": ["?"] if seen.tools is None else list(seen.tools),
        "purpose": seen.purpose,
        "delegates": list(seen.delegates_to),
        "aliases": list(seen.aliases),
        "construct": seen.construct,
        "mcp": list(seen.mcp_servers),
    }
    return {key: found[key] for key in expected}


@pytest.mark.parametrize("case", _CASES, ids=[case["name"] for case in _CASES])
def test_constructs_are_read_as_documented(case: dict[str, Any]) -> None:
    seen = [item for item in agents_in(case["code"]) if item.role is Role.AGENT]
    expected = case["agents"]
    assert [(item.place.line, item.framework) for item in seen] == [(item["line"], item["framework"]) for item in expected]
    for item, claim in zip(seen, expected, strict=True):
        assert _claimed(item, claim) == claim
