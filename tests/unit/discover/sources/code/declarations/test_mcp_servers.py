"""Servers in the configuration of every client are listed, in every shape, and no secret of theirs is kept."""

from __future__ import annotations

import json

import msgspec
import pytest
from tests.unit.discover.sources.code.declarations.seen import Folder, seen, seen_in

from remit.discover.sources.code.declarations.facts import facts
from remit.discover.sources.code.declarations.forms.mcp_servers import client_of
from remit.discover.sources.code.reader import SourceFile

ENTRY = {"command": "npx", "args": ["-y", "pkg"], "env": {"API_TOKEN": "v"}}


@pytest.mark.parametrize(
    ("path", "key", "client"),
    [
        (".mcp.json", "mcpServers", "claude-code"),
        (".cursor/mcp.json", "mcpServers", "cursor"),
        (".vscode/mcp.json", "servers", "vscode"),
        ("home/.codeium/windsurf/mcp_config.json", "mcpServers", "windsurf"),
        ("Library/Application Support/Claude/claude_desktop_config.json", "mcpServers", "claude-desktop"),
        (".roo/mcp.json", "mcpServers", "roo-code"),
        (".kiro/settings/mcp.json", "mcpServers", "kiro"),
        (".amazonq/mcp.json", "mcpServers", "amazon-q"),
        (".gemini/settings.json", "mcpServers", "gemini-cli"),
        (".zed/settings.json", "context_servers", "zed"),
        ("crush.json", "mcp", "crush"),
        (".github/mcp.json", "mcpServers", "copilot-cli"),
        (".config/github-copilot/intellij/mcp.json", "servers", "copilot-jetbrains"),
        (".junie/mcp/mcp.json", "mcpServers", "junie"),
        (".factory/mcp.json", "mcpServers", "factory-droid"),
        (".warp/.mcp.json", "mcpServers", "warp"),
        (".trae/mcp.json", "mcpServers", "trae"),
        (".lmstudio/mcp.json", "mcpServers", "lm-studio"),
        ("dot_cursor/mcp.json.tmpl", "mcpServers", "cursor"),
        ("private_dot_config/zed/settings.json", "context_servers", "zed"),
        ("some/where/my-mcp-servers.json", "mcpServers", "mcp"),
        ("deep/settings-of-mine.json", "mcpServers", "mcp"),
    ],
)
def test_each_client_is_known_by_the_place_of_its_file(path: str, key: str, client: str) -> None:
    server = seen_in(path, json.dumps({key: {"one": ENTRY}}, indent=2)).server
    assert (server.client, server.name, server.transport) == (client, "one", "stdio")
    assert (server.command_or_url, server.env, server.is_active, server.place.line) == ("npx -y pkg", ("API_TOKEN",), True, 3)


def test_every_path_of_the_table_leads_to_a_client() -> None:
    for row in facts("clients")["client"]:
        for path in row["paths"]:
            concrete = path.replace("**/", "a/b/").replace("*", "x")
            assert client_of(concrete) is not None, path


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (".vscode/settings.json", '{"mcp": {"servers": {"a": {"url": "https://h/sse"}}}}', ("a", "sse", "https://h/sse")),
        (".vscode/settings.json", '{"mcp.servers": {"a": {"url": "https://h/mcp"}}}', ("a", "http", "https://h/mcp")),
        ("my.code-workspace", '{"settings": {"mcp": {"servers": {"a": {"command": "x"}}}}}', ("a", "stdio", "x")),
        (
            ".devcontainer/devcontainer.json",
            '{"customizations": {"vscode": {"mcp": {"servers": {"a": {"command": "x"}}}}}}',
            ("a", "stdio", "x"),
        ),
        ("opencode.json", '{"mcp": {"a": {"type": "local", "command": ["bun", "x"], "environment": {}}}}', ("a", "stdio", "bun x")),
        (".amp/settings.json", '{"amp.mcpServers": {"a": {"command": "x"}}}', ("a", "stdio", "x")),
        (".claude.json", '{"projects": {"/w": {"mcpServers": {"a": {"type": "sse", "url": "https://h/x"}}}}}', ("a", "sse", "https://h/x")),
        (".gemini/settings.json", '{"mcpServers": {"a": {"httpUrl": "https://h/x"}}}', ("a", "http", "https://h/x")),
        ("mcp_config.json", '{"mcpServers": {"a": {"serverUrl": "https://h/x"}}}', ("a", "http", "https://h/x")),
        (".zed/settings.json", '{"context_servers": {"a": {"command": {"path": "p", "args": ["q"]}}}}', ("a", "stdio", "p q")),
        (".zed/settings.json", '{"context_servers": {"a": {"settings": {}}}}', ("a", "stdio", "")),
        (".codex/config.toml", '[mcp_servers.a]\ncommand = "p"\nargs = ["q"]\n', ("a", "stdio", "p q")),
        (".codex/config.toml", '[mcp_servers.a]\nurl = "https://h/x"\nbearer_token_env_var = "T"\n', ("a", "http", "https://h/x")),
        (".continue/config.yaml", "mcpServers:\n  - name: a\n    command: p\n    args: [q]\n", ("a", "stdio", "p q")),
        (
            ".continue/config.json",
            '{"experimental": {"modelContextProtocolServers": [{"name": "a", "transport": {"type": "stdio", "command": "p"}}]}}',
            ("a", "stdio", "p"),
        ),
        (
            ".config/goose/config.yaml",
            "extensions:\n  a:\n    type: stdio\n    cmd: p\n    args: [q]\n  b:\n    type: builtin\n",
            ("a", "stdio", "p q"),
        ),
        ("librechat.yaml", "mcpServers:\n  a:\n    type: streamable-http\n    url: https://h/x\n", ("a", "http", "https://h/x")),
        ("mcp_agent.config.yaml", "mcp:\n  servers:\n    a:\n      command: p\n", ("a", "stdio", "p")),
        ("fastagent.config.yaml", "mcp:\n  servers:\n    a:\n      transport: sse\n      url: https://h/x\n", ("a", "sse", "https://h/x")),
        ("registry.json", '{"mcpServers": [{"name": "a", "command": "p"}]}', ("a", "stdio", "p")),
        (".docker/mcp/registry.yaml", "registry:\n  a:\n    ref: ''\n", ("a", "stdio", "docker mcp gateway run")),
        (".mcp.json", '{"a": {"command": "p"}}', ("a", "stdio", "p")),
    ],
)
def test_each_shape_is_read(path: str, text: str, expected: tuple[str, str, str]) -> None:
    server = seen_in(path, text).server
    assert (server.name, server.transport, server.command_or_url) == expected


@pytest.mark.parametrize("flag", ['"disabled": true', '"enabled": false', '"isActive": false'])
def test_a_server_that_is_switched_off_is_listed_as_such(flag: str) -> None:
    assert not seen_in(".mcp.json", f'{{"mcpServers": {{"a": {{"command": "x", {flag}}}}}}}').server.is_active


@pytest.mark.parametrize(
    "bad",
    ['"bad": "a text"', '"bad": 3', '"bad": {"note": "nothing"}', '"bad": [1]', '"bad": {"command": }'],
)
def test_an_entry_that_is_not_understood_is_a_gap_and_costs_no_other(bad: str) -> None:
    found = seen_in(".mcp.json", '{"mcpServers": {\n"first": {"command": "one"},\n' + bad + ',\n"last": {"command": "two"}}}')
    assert [server.name for server in found.servers] == ["first", "last"]
    assert found.gaps
    assert found.gaps[0].place.line == 3
    assert not any(gap.is_file for gap in found.gaps)


SECRET = "q7Zp93LmX2vT8kRw5YbN4cJd6Hf1Gs0A"


@pytest.mark.parametrize(
    "entry",
    [
        {"command": "x", "args": ["--api-key", SECRET]},
        {"command": "x", "args": [f"--token={SECRET}"]},
        {"command": "docker", "args": ["run", "-e", f"API_TOKEN={SECRET}", "img"]},
        {"command": "npx", "args": ["mcp-remote", "https://h", "--header", f"Authorization: Bearer {SECRET}"]},
        {"command": "x", "args": ["postgresql://app:" + SECRET + "@db.internal/shop"]},
        {"command": "x", "args": [SECRET]},
        {"command": "x", "args": ["--password", SECRET]},
        {"command": f"API_KEY={SECRET} run"},
        {"command": "x", "env": {"API_TOKEN": SECRET}},
        {"url": f"https://user:{SECRET}@h/mcp"},
        {"url": f"https://h/mcp?api_key={SECRET}"},
        {"url": f"https://h/{SECRET}/mcp"},
        {"url": "https://h/mcp", "headers": {"Authorization": f"Bearer {SECRET}"}},
        {"url": "https://h/mcp", "requestOptions": {"headers": {"X-Api-Key": SECRET}}},
    ],
)
def test_no_secret_of_a_server_is_kept(entry: dict[str, object]) -> None:
    found = seen_in(".mcp.json", json.dumps({"mcpServers": {"a": entry}}))
    assert found.servers
    assert SECRET not in msgspec.json.encode(found.all).decode()


def test_a_reference_to_a_secret_is_no_secret() -> None:
    server = seen_in(".mcp.json", '{"mcpServers": {"a": {"command": "x", "args": ["--token", "${input:token}", "--dir", "/data"]}}}').server
    assert server.command_or_url == "x --token ${input:token} --dir /data"


def test_a_connection_string_names_the_role_and_database_but_not_the_password() -> None:
    found = seen_in(
        ".mcp.json", '{"mcpServers": {"db": {"command": "mcp-postgres", "args": ["postgresql://reader:pw12345678@h:5432/shop?x=1"]}}}'
    )
    assert [identity.ref for identity in found.identities] == ["postgres:shop/reader"]
    assert found.server.command_or_url == "mcp-postgres postgresql://h:5432/shop"


def test_headers_and_variables_are_named_without_their_values() -> None:
    text = '{"mcpServers": {"a": {"url": "https://h", "headers": {"Authorization": "Bearer x"}, "env": {"B": "1"}}}}'
    assert set(seen_in(".mcp.json", text).server.env) == {"Authorization", "B"}


def test_json_that_only_mentions_servers_is_no_configuration() -> None:
    assert not seen_in("package-info.json", '{"keywords": ["mcpServers"], "servers": {"a": {"command": "x"}}}').all


def test_a_server_that_the_settings_beside_switch_off_is_listed_as_such() -> None:
    files = {
        ".mcp.json": '{"mcpServers": {"a": {"command": "x"}, "b": {"command": "y"}}}',
        ".claude/settings.local.json": '{"disabledMcpjsonServers": ["b"]}',
    }
    assert [(server.name, server.is_active) for server in seen(files, only=".mcp.json").servers] == [("a", True), ("b", False)]


def test_a_server_with_a_remote_transport_is_listed_although_its_url_is_left_out() -> None:
    text = "mcp:\n  servers:\n    far:\n      transport: websocket\n    torn:\n      description: nothing\n"
    found = seen_in("mcp_agent.config.yaml", text)
    assert [(server.name, server.command_or_url) for server in found.servers] == [("far", "")]
    assert [gap.place.line for gap in found.gaps] == [3, 5]


def test_the_settings_beside_are_read_once_for_all_servers_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    file = Folder.file

    def counted(folder: Folder, path: str) -> SourceFile | None:
        asked.append(path)
        return file(folder, path)

    monkeypatch.setattr(Folder, "file", counted)
    servers = ", ".join(f'"s{number}": {{"command": "x"}}' for number in range(300))
    found = seen({".mcp.json": f'{{"mcpServers": {{{servers}}}}}', ".claude/settings.json": "{}"}, only=".mcp.json")
    assert len(found.servers) == 300
    assert asked.count(".claude/settings.json") == 1
