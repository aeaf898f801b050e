"""`remit gateway` as a process: what stops it before it starts, what changes while it runs, and how it ends."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.story.gateway import WAIT, World, denial, is_gone


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def run(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "remit", "gateway", *words], input=given, capture_output=True, timeout=WAIT)


# --- before it starts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], b"needs either `--remit FILE` or `--agent ID`"),
        (["--", "server"], b"needs either `--remit FILE` or `--agent ID`"),
        (["--remit", "REMIT"], b"needs the server's command"),
        (["--remit", "REMIT", "--"], b"needs the server's command"),
        (["--store", "sqlite:///x", "--remit", "REMIT", "--", "server"], b"`--store` goes with `--agent ID`"),
        (["--remit", "REMIT", "--agent", "reader", "--", "server"], b"needs either `--remit FILE` or `--agent ID`"),
        (["--remit", "REMIT", "--task", " ", "--", "server"], b"`--task` is empty"),
        (["--remit", "REMIT", "--no-such-option", "--", "server"], b"--no-such-option"),
        (["--remit"], b"--remit"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_would_be_right(world: World, words: list[str], told: bytes):
    ended = run(*[str(world.remit) if word == "REMIT" else word for word in words])
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert told in ended.stderr
    assert b"Traceback" not in ended.stderr


def test_a_bad_remit_ends_with_1_and_all_its_errors_before_the_server_is_started(world: World):
    world.remit.write_text(world.remit.read_text().replace("purpose", "porpoise").replace("send_mail", "send_mail, colour: red"))
    ended = subprocess.run([sys.executable, *world.arguments(server="plain_server.py")], input=b"", capture_output=True, timeout=WAIT)
    assert ended.returncode == 1
    lines = ended.stderr.decode().splitlines()
    assert any(line.startswith(f"{world.remit}:3:1: ") and "porpoise" in line for line in lines)
    assert any("colour" in line for line in lines)
    assert not world.pid_file.exists()


@pytest.mark.parametrize("name", ["missing.yaml", "empty"])
def test_a_missing_remit_and_a_folder_without_one_end_with_1(world: World, name: str):
    (world.folder / "empty").mkdir()
    ended = run("--remit", str(world.folder / name), "--", "server")
    assert ended.returncode == 1
    assert str(world.folder / name).encode() in ended.stderr


def test_a_remit_that_names_two_servers_or_none_needs_the_name(world: World):
    world.remit.write_text(world.remit.read_text().replace('"mcp:notes", resource: send_mail', '"mcp:mail", resource: send_mail'))
    ended = run("--remit", str(world.remit), "--", "server")
    assert ended.returncode == 2
    assert b"`mcp:mail`, `mcp:notes`" in ended.stderr
    assert b"--name" in ended.stderr
    talk = world.start("--name", "notes")
    assert "result" in talk.ask("read_note", path=str(world.data / "a.txt"))
    assert talk.end()[0] == 0


def test_a_name_that_the_remit_does_not_have_is_told_and_allows_nothing(world: World):
    talk = world.start("--name", "other")
    assert "`read_note` of `mcp:other`" in denial(talk.ask("read_note", path=str(world.data / "a.txt")))
    code, errors = talk.end()
    assert code == 0
    assert "names no `mcp:other`, only `mcp:notes`; every call of it is denied" in errors


def test_a_name_with_its_kind_is_the_same_server(world: World):
    talk = world.start("--name", "mcp:notes")
    assert "result" in talk.ask("read_note", path=str(world.data / "a.txt"))
    assert talk.end()[0] == 0


def test_a_server_that_is_not_there_and_a_log_that_cannot_be_written_end_with_1(world: World):
    ended = run("--remit", str(world.remit), "--state", str(world.folder / "state"), "--", "/no/such/server")
    assert ended.returncode == 1
    assert b"`/no/such/server` cannot be started: no such file" in ended.stderr
    ended = run("--remit", str(world.remit), "--state", str(world.folder / "state"), "--", "no-such-server")
    assert ended.returncode == 1
    assert b"`no-such-server` cannot be started: no program of this name is on the PATH" in ended.stderr
    ended = run("--remit", str(world.remit), "--log", str(world.folder), "--", "cat")
    assert ended.returncode == 1
    assert b"decision log" in ended.stderr


def test_words_of_the_server_are_left_to_the_server(world: World):
    program = 'import sys; print(\'{"jsonrpc":"2.0","method":"seen","params":{"argv":"\' + \' \'.join(sys.argv[1:]) + \'"}}\')'
    held = ["--remit", str(world.remit), "--state", str(world.folder / "state")]
    for words in (["--"], []):
        ended = run(*held, *words, sys.executable, "-c", program, "--help", "--remit", "-x", "--", "y")
        assert json.loads(ended.stdout)["params"]["argv"] == "--help --remit -x -- y"


# --- while it runs -------------------------------------------------------------------------------------------------------------


def test_a_changed_a_broken_and_a_deleted_remit_hold_from_the_next_call_on(world: World):
    note = str(world.data / "a.txt")
    talk = world.start()
    assert talk.ask("read_note", path=note)["result"]["saw"]["params"]["arguments"] == {"path": note}
    world.write_remit("limits: {calls: 0/day}\n")
    assert "limits.calls" in denial(talk.ask("read_note", path=note))
    world.write_remit("surprise: 1\n")
    broken = denial(talk.ask("read_note", path=note))
    assert "surprise" in broken
    assert "remit.yaml:18" in broken
    world.remit.unlink()
    assert "no agent `reader` is known" in denial(talk.ask("read_note", path=note))
    world.write_remit()
    assert "saw" in talk.ask("read_note", path=note)["result"]
    code, errors = talk.end()
    assert code == 0
    assert "is gone" in errors
    assert "denied until it is mended" in errors


def test_a_quarantine_on_the_same_state_folder_holds_from_the_next_call_on(world: World):
    from remit.store.suspended import Suspension, write_suspended

    note, path = str(world.data / "a.txt"), world.folder / "state" / "suspended.json"
    talk = world.start()
    assert "saw" in talk.ask("read_note", path=note)["result"]
    write_suspended(path, {"reader": Suspension(because="it wrote to everybody", since="2026-07-31T12:00:00Z")})
    assert "suspended" in denial(talk.ask("read_note", path=note))
    path.write_text("{")
    assert "damaged" in denial(talk.ask("read_note", path=note))
    path.unlink()
    assert "saw" in talk.ask("read_note", path=note)["result"]
    assert talk.end()[0] == 0


@pytest.mark.parametrize("options", [(), ("--observe",)])
def test_a_log_that_cannot_be_written_any_more_denies_in_every_mode(world: World, options: tuple[str, ...]):
    note = str(world.data / "a.txt")
    talk = world.start(*options, "--log", str(world.folder / "log" / "log.jsonl"))
    assert "saw" in talk.ask("read_note", path=note)["result"]
    (world.folder / "log" / "log.jsonl").unlink()
    (world.folder / "log").rmdir()
    (world.folder / "log").write_text("a file where the folder was")
    assert "decision log" in denial(talk.ask("read_note", path=note))
    (world.folder / "log").unlink()
    assert "saw" in talk.ask("read_note", path=note)["result"]
    assert talk.end()[0] == 0


def test_every_decision_has_its_line_in_the_log_before_its_answer(world: World):
    talk = world.start("--log", str(world.folder / "own.jsonl"))
    for number, tool in enumerate(["read_note", "write_note", "big"]):
        talk.ask(tool, number, path=str(world.data / "a.txt"))
        lines = [json.loads(line) for line in (world.folder / "own.jsonl").read_text().splitlines()]
        assert len(lines) == number + 1
        assert lines[-1]["action"] == tool
    assert [line["outcome"] for line in lines] == ["allow", "deny", "allow"]
    assert all({"time", "agent", "action", "resource", "outcome", "line"} <= line.keys() for line in lines)
    assert lines[0]["agent"] == "agent:reader"
    assert lines[0]["line"] == f"{world.remit}:9"
    assert not (world.folder / "state" / "decisions").exists()
    assert talk.end()[0] == 0


def test_lines_that_nobody_understands_cost_a_message_each_and_little_memory(world: World):
    talk = world.start()
    for line in (b"rubbish", b"\xff\xfe\x00", b'{"jsonrpc":"2.0"', b"[1,2]", b'{"a":' * 50_000, b'"' + b"x" * 20_000_000 + b'"'):
        talk.send(line)
        assert "error" in talk.answer()
    assert "saw" in talk.ask("read_note", path=str(world.data / "a.txt"))["result"]
    peak = Path(f"/proc/{talk.process.pid}/status").read_text().split("VmHWM:")[1].split()[0]
    assert int(peak) < 200_000, "kilobytes"
    code, errors = talk.end()
    assert code == 0
    assert "Traceback" not in errors


# --- how it ends ---------------------------------------------------------------------------------------------------------------


def test_a_piped_session_is_answered_to_its_end(world: World):
    call = '{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"%s","arguments":{"path":"%s"}}}\n'
    lines = "".join(call % (number, tool, world.data / "a.txt") for number, tool in enumerate(["read_note", "write_note"] * 10))
    command = [sys.executable, *world.arguments(server="plain_server.py")]
    ended = subprocess.run(command, input=lines.encode(), capture_output=True, timeout=WAIT)
    assert ended.returncode == 0
    answers = {answer["id"]: answer["result"] for answer in map(json.loads, ended.stdout.splitlines())}
    assert [("saw" in answers[number]) for number in range(20)] == [True, False] * 10
    assert is_gone(int(world.pid_file.read_text()))


def test_a_crashed_server_is_told_with_its_exit_code_and_ends_with_1(world: World):
    world.write_remit()
    world.remit.write_text(world.remit.read_text().replace("resource: big", "resource: crash"))
    talk = world.start()
    error = talk.ask("crash", 4)
    assert error["id"] == 4
    assert "ended with exit code 7" in error["error"]["message"]
    code, errors = talk.end(leave=False)
    assert code == 1
    assert "ended with exit code 7" in errors


def test_a_server_that_fails_at_its_start_ends_with_1_though_nobody_asked_anything(world: World):
    words = [sys.executable, *world.arguments(server="misspelt.py")]
    ended = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT)
    assert ended.returncode == 1
    assert "ended with exit code 2" in ended.stderr.splitlines()[-1]


def test_a_server_that_nobody_asked_and_that_ended_well_ends_with_0(world: World):
    words = [sys.executable, *world.arguments(server="plain_server.py")]
    ended = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_the_gateway_and_a_server_that_ignores_it(world: World, number: signal.Signals, code: int):
    world.remit.write_text(world.remit.read_text().replace("resource: big", "resource: stall"))
    talk = world.start()
    assert "saw" in talk.ask("read_note", path=str(world.data / "a.txt"))["result"]
    talk.call("stall", 2)
    talk.process.send_signal(number)
    found, errors = talk.end(leave=False)
    assert found == code
    assert "Traceback" not in errors


def test_a_client_that_leaves_a_stalled_server_leaves_no_process(world: World):
    world.remit.write_text(world.remit.read_text().replace("resource: big", "resource: stall"))
    talk = world.start()
    assert "saw" in talk.ask("read_note", path=str(world.data / "a.txt"))["result"]
    talk.call("stall", 2)
    assert talk.end()[0] == 0


def test_a_gateway_that_is_killed_takes_its_server_with_it(world: World):
    talk = world.start()
    assert "saw" in talk.ask("read_note", path=str(world.data / "a.txt"))["result"]
    talk.process.kill()
    assert talk.end(leave=False)[0] == -signal.SIGKILL


def test_a_start_imports_neither_the_protocol_s_own_kit_nor_parsers_that_no_call_needs(world: World):
    program = (
        "import sys, runpy; sys.argv = ['remit', *sys.argv[1:]]\n"
        "try: runpy.run_module('remit', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print('heavy:', sorted({'mcp', 'sqlglot', 'tree_sitter', 'asyncio', 'litestar'} & set(sys.modules)), file=sys.stderr)"
    )
    words = world.arguments(server="plain_server.py")[2:]
    call = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_note","arguments":{"path":"/a"}}}\n'
    ended = subprocess.run([sys.executable, "-c", program, *words], input=call, capture_output=True, timeout=WAIT)
    assert b"heavy: []" in ended.stderr, ended.stderr.decode()


def test_a_disk_that_takes_nothing_denies_rather_than_fails(world: World):
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    command = [sys.executable, *world.arguments(server="plain_server.py")]
    call = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"big","arguments":{}}}\n'
    (world.folder / "plain_server.py").write_text((world.folder / "plain_server.py").read_text().replace("Path(sys.argv[1])", "0 and Path"))
    ended = subprocess.run(command, input=call, capture_output=True, timeout=WAIT, preexec_fn=limit)
    assert "decision log" in denial(json.loads(ended.stdout.splitlines()[0]))
    assert os.path.exists(world.folder / "state" / "decisions" / "decisions.jsonl")
