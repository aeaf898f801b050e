"""The configurations in the documentation are of the form that their clients read, and start the gateway."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from remit.app.cli import gateway
from remit.app.cli.main import build

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "mcp-clients.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(json|toml)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def servers(language: str, text: str) -> dict[str, Any]:
    found = json.loads(text) if language == "json" else tomllib.loads(text)
    (key,) = found
    assert key in {"mcpServers", "servers", "mcp_servers"}
    return found[key]


@pytest.mark.parametrize(("language", "text"), BLOCKS)
def test_a_configuration_of_the_documentation_starts_the_gateway(language: str, text: str, monkeypatch: pytest.MonkeyPatch):
    started: list[tuple[Path, list[str], str | None]] = []

    def note(path: Path, command: list[str], *, name: str | None, **_more: Any) -> int:
        started.append((path, command, name))
        return 0

    monkeypatch.setattr(gateway, "_run", note)
    for name, server in servers(language, text).items():
        assert server["command"] == "remit"
        result = CliRunner().invoke(build(["gateway"]), server["args"])
        assert result.exit_code == 0, result.output
        assert started[-1][2] == name
        assert started[-1][1][:2] == ["npx", "-y"]


def test_there_are_three_forms():
    assert len(BLOCKS) == 3
