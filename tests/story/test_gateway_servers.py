"""The gateway in front of servers that people use, from npm, with the protocol's own client."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import TextContent

pytestmark = pytest.mark.real

SERVERS = ("@modelcontextprotocol/server-filesystem@2026.8.31", "@modelcontextprotocol/server-everything@2026.8.31")
CACHE = Path(__file__).parents[2] / ".cache" / "mcp-servers"
REMIT = """remit: 1
agent: reader
purpose: Read files of a project.
owner: {{contact: dana@example.com}}
objectives:
  read:
    why: To report.
    can:
      - {{call: "mcp:{name}", resource: read_text_file, where: {{path: "{data}/**"}}}}
      - {{call: "mcp:{name}", resource: list_directory, where: {{path: "{data}/**"}}}}
      - {{call: "mcp:{name}", resource: echo}}
      - {{call: "mcp:{name}", resource: resources/read, where: {{uri: "demo://resource/static/**"}}}}
"""


@pytest.fixture(scope="module")
def servers() -> Path:
    """The folder of their commands, installed once."""
    commands = CACHE / "node_modules" / ".bin"
    if not all((commands / command).exists() for command in ("mcp-server-filesystem", "mcp-server-everything")):
        why = "" if shutil.which("npm") else "npm is not there"
        if not why:
            CACHE.mkdir(parents=True, exist_ok=True)
            words = ["npm", "install", "--no-save", "--no-audit", "--no-fund", "--prefix", str(CACHE), *SERVERS]
            installed = subprocess.run(words, capture_output=True, text=True, timeout=300)
            why = "" if installed.returncode == 0 else f"npm install failed: {installed.stderr[-300:]}"
        if why:
            if os.environ.get("CI") == "true":
                pytest.fail(why)
            pytest.skip(why)
    return commands


@asynccontextmanager
async def client(folder: Path, name: str, server: list[str], *options: str) -> AsyncIterator[Client]:
    data = folder / "data"
    data.mkdir(exist_ok=True)
    (data / "a.txt").write_text("first file")
    (folder / "remit.yaml").write_text(REMIT.format(name=name, data=data))
    held = ["--remit", str(folder / "remit.yaml"), "--state", str(folder / "state")]
    command = StdioServerParameters(command=sys.executable, args=["-m", "remit", "gateway", *held, *options, "--", *server])
    with (folder / "err").open("w") as errors:
        async with Client(stdio_client(command, errlog=errors)) as session:
            yield session


def text(result: object) -> str:
    content = result.content[0]  # type: ignore[attr-defined]
    assert isinstance(content, TextContent)
    return content.text


async def test_the_filesystem_server_reads_inside_and_is_not_asked_for_anything_else(servers: Path, tmp_path: Path):
    outside = tmp_path / "outside.txt"
    outside.write_text("outside")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to(outside)
    async with client(tmp_path, "files", [str(servers / "mcp-server-filesystem"), str(tmp_path)]) as session:
        shown = {tool.name for tool in (await session.list_tools()).tools}
        assert shown == {"read_text_file", "list_directory"}
        allowed = await session.call_tool("read_text_file", {"path": str(tmp_path / "data" / "a.txt")})
        assert (allowed.is_error, text(allowed)) == (False, "first file")
        for path in (outside, tmp_path / "data" / "link", tmp_path / "data" / ".." / "outside.txt"):
            denied = await session.call_tool("read_text_file", {"path": str(path)})
            assert denied.is_error
            assert "remit.yaml:9" in text(denied)
        moved = await session.call_tool("move_file", {"source": str(tmp_path / "data" / "a.txt"), "destination": str(tmp_path / "b.txt")})
        assert moved.is_error
        assert (tmp_path / "data" / "a.txt").exists()
    outcomes = [json.loads(line)["outcome"] for line in (tmp_path / "state" / "decisions" / "decisions.jsonl").read_text().splitlines()]
    assert outcomes == ["allow", "deny", "deny", "deny", "deny"]


async def test_the_everything_server_keeps_prompts_resources_completions_and_progress(servers: Path, tmp_path: Path):
    async with client(tmp_path, "everything", [str(servers / "mcp-server-everything"), "stdio"]) as session:
        assert {tool.name for tool in (await session.list_tools()).tools} == {"echo"}
        assert "hello" in text(await session.call_tool("echo", {"message": "hello"}))
        assert (await session.call_tool("get-env", {})).is_error
        assert len((await session.list_prompts()).prompts) > 0
        resources = (await session.list_resources()).resources
        assert resources
        read = await session.read_resource(str(resources[0].uri))
        assert read.contents


async def test_observing_the_everything_server_shows_all_of_its_tools(servers: Path, tmp_path: Path):
    async with client(tmp_path, "everything", [str(servers / "mcp-server-everything"), "stdio"], "--observe") as session:
        assert len((await session.list_tools()).tools) > 5
