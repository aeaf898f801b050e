"""`remit discover` as a user calls it."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from remit.app.cli import main
from remit.discover.sources.code import walk

_SERVERS = '{"mcpServers": {"files": {"command": "npx", "args": ["files"], "env": {"KEY": "x"}}}}'
_AGENT = """from agents import Agent, function_tool

@function_tool
def send_mail(to: str) -> str:
    return to

helper = Agent(name="Helper", instructions="Answer mail.", model="gpt-5-mini", tools=[send_mail])
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return root


def _run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["remit", "discover", *words])
    with pytest.raises(SystemExit) as ended:
        main.run({})
    return int(ended.value.code or 0)


def test_the_document_has_every_field_of_the_interface(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
):
    (folder / "a.py").write_text(_AGENT, "utf-8")
    (folder / ".mcp.json").write_text(_SERVERS, "utf-8")
    (folder / "x.png").write_bytes(b"\x89PNG")
    assert _run(monkeypatch, "root", "--json") == 0
    document = json.loads(capsysbinary.readouterr().out.decode("utf-8"))
    assert document.keys() == {"agents", "mcp_servers", "secrets", "coverage"}
    (agent,) = document["agents"]
    assert {
        "id": "agent:helper",
        "name": "Helper",
        "framework": "openai-agents",
        "language": "python",
        "path": "a.py",
        "line": 7,
        "model": "gpt-5-mini",
        "tools": ["send_mail"],
        "purpose": "Answer mail.",
        "delegates_to": [],
        "kind": None,
        "identities": [],
        "credentials": [],
        "autonomy": None,
        "exposure": ["mail"],
        "owner_candidates": [],
        "inferred_actions": [],
        "confidence": "certain",
    }.items() <= agent.items()
    assert agent["risk"] > 0
    assert agent["fingerprint"]
    (server,) = document["mcp_servers"]
    assert {
        "client": "claude-code",
        "name": "files",
        "path": ".mcp.json",
        "transport": "stdio",
        "env": ["KEY"],
        "active": True,
    }.items() <= server.items()
    assert document["coverage"]["files_read"] == 2
    assert document["coverage"]["files_skipped"] == [{"path": "x.png", "why": "unsupported: no reader for `.png` files"}]


def test_an_agent_in_tests_is_marked_in_the_document_and_counted_in_the_table(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (folder / "tests").mkdir()
    (folder / "tests/a.py").write_text(_AGENT, "utf-8")
    _run(monkeypatch, "root", "--json")
    assert json.loads(capsys.readouterr().out)["agents"][0]["test"] is True
    _run(monkeypatch, "root")
    shown = capsys.readouterr().out
    assert "Helper" not in shown
    assert "1 more in tests" in shown
    _run(monkeypatch, "root", "--tests")
    assert "Helper (test)" in capsys.readouterr().out


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_the_table_says_what_an_agent_is_at_any_width(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int
):
    (folder / "a.py").write_text(_AGENT, "utf-8")
    monkeypatch.setenv("COLUMNS", str(columns))
    assert _run(monkeypatch, "root") == 0
    shown = capsys.readouterr().out
    assert all(len(line) <= columns for line in shown.splitlines())
    assert all(
        word in shown for word in ("Helper", "openai-agents", "gpt-5-mini", "Answer mail", "send_mail", "a.py:7", "1 agent. Read 1 file")
    )


@pytest.mark.parametrize("width", [60, 80, 150, 170, 200, 230])
def test_a_table_fits_its_width_and_breaks_no_short_word(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
):
    (folder / "a.py").write_text(_AGENT, "utf-8")
    (folder / "compose.yaml").write_text("services: {helper: {build: ., environment: {OPENAI_API_KEY: x}}}\n", "utf-8")
    (folder / "Dockerfile").write_text('FROM python\nCMD ["python", "a.py"]\n', "utf-8")
    monkeypatch.setenv("COLUMNS", str(width))
    assert _run(monkeypatch, "root") == 0
    told = capsys.readouterr().out
    assert "production" in told
    assert max(map(len, told.splitlines())) <= width


def test_the_ledger_says_how_much_was_read_and_where_the_rest_of_it_stands(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (folder / "a.py").write_text("x = 1\n" * 250, "utf-8")
    assert _run(monkeypatch, "root") == 0
    told = capsys.readouterr().out
    assert "Read 1 file (1.5 kB)." in told
    assert "--json" not in told
    for number in range(4):
        (folder / f"{number}.zzz").write_text("x", "utf-8")
    assert _run(monkeypatch, "root") == 0
    assert "--json lists every one with its place." in capsys.readouterr().out


def test_an_empty_folder_is_done_and_says_that_nothing_was_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert _run(monkeypatch, "root") == 0
    shown = capsys.readouterr().out
    assert "no agents found in `root`" in shown
    assert "the folder is empty" in shown


def test_no_agents_comes_with_what_was_looked_at(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    (folder / "x.png").write_bytes(b"\x89PNG")
    assert _run(monkeypatch, "root") == 0
    assert "no reader for `.png` files: x.png" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("nowhere",), 1, "remit: `nowhere` is not there"),
        (("no\x1b[31mwhere",), 1, r"remit: `no\x1b[31mwhere` is not there"),
        (("endpoint",), 2, "not built yet"),
        (("endpoint", "--json"), 2, "not built yet"),
        (("root", "--exclude", "!"), 2, "remit: `!` is not a gitignore pattern"),
        (("root", "--bogus"), 2, "No such option"),
        ((), 2, "Missing argument"),
    ],
)
def test_what_cannot_be_done_ends_with_its_reason_and_its_code(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, message: str
):
    assert _run(monkeypatch, *words) == code
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


def test_a_folder_of_the_reserved_name_is_scanned_by_its_path(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder.parent / "endpoint").mkdir()
    assert _run(monkeypatch, "./endpoint") == 0


def test_a_folder_that_may_not_be_opened_is_not_an_empty_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def refusing(path: str) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(walk.os, "scandir", refusing)
    assert _run(monkeypatch, "root", "--json") == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["coverage"]["files_skipped"] == [{"path": ".", "why": "no permission: may not be read by this user"}]
    assert "nothing in `root` could be opened" in captured.err


def test_hostile_names_and_texts_reach_neither_the_terminal_nor_the_form(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
):
    hostile = _AGENT.replace("Helper", "\\x1b]0;owned\\x07[bold]He\\ud800lper").replace("Answer mail.", "[red]\\x9b31m")
    (folder / "a\x1b[2J\nb.py").write_text(hostile, "utf-8")
    assert _run(monkeypatch, "root") == 0
    shown = capsysbinary.readouterr().out
    assert not any(byte in shown for byte in (b"\x1b", b"\x07", b"\xc2\x9b"))
    assert b"[bold]" in shown
    assert _run(monkeypatch, "root", "--json") == 0
    document = json.loads(capsysbinary.readouterr().out.decode("utf-8"))
    assert document["agents"][0]["path"] == "a\x1b[2J\nb.py"


def test_include_and_exclude_decide_and_the_document_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for path in ("made/a.py", "b.py"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(_AGENT, "utf-8")
    (folder / ".gitignore").write_text("made/\n", "utf-8")
    _run(monkeypatch, "root", "--json", "--include", "made/", "--exclude", "b.py")
    document = json.loads(capsys.readouterr().out)
    assert [agent["path"] for agent in document["agents"]] == ["made/a.py"]
    assert {skipped["path"]: skipped["why"] for skipped in document["coverage"]["files_skipped"]}.items() >= {
        "b.py": "left out: named by --exclude",
        "made": "left out: named by .gitignore",
    }.items()
    assert document["coverage"]["files_included"] == [{"path": "made/a.py", "why": "read because --include names it: named by .gitignore"}]


def test_a_thousand_agents_are_printed(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    lines = "\n".join(f'a{number} = Agent(name="agent number {number}")' for number in range(1000))
    (folder / "a.py").write_text(f"from agents import Agent\n{lines}\n", "utf-8")
    assert _run(monkeypatch, "root") == 0
    assert "1,000 agents. Read 1 file" in capsys.readouterr().out


def test_many_kinds_of_file_that_nobody_reads_take_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for suffix in ("aaa", "bbb", "ccc", "ddd", "eee"):
        (folder / f"x.{suffix}").write_text("x", "utf-8")
    monkeypatch.setenv("COLUMNS", "120")
    assert _run(monkeypatch, "root") == 0
    told = capsys.readouterr().out
    assert "no reader for `.ccc` files: x.ccc" in told
    assert "2 unsupported: other kinds of file that no reader is for: 1 .ddd, 1 .eee" in told
