"""The command line as a process, where its surroundings fail it: no traceback, the promised exit code, nothing by chance."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.story.serving import question, remit_text, serving

from remit.app.remits import Remits

WAIT = 60
REMIT = [sys.executable, "-m", "remit"]
COMMANDS = ("discover", "check", "compile", "gateway", "serve")
FULL = Path("/dev/full")


@pytest.fixture
def remit(tmp_path: Path) -> Path:
    file = tmp_path / "remit.yaml"
    file.write_text(remit_text())
    return file


def words(command: str, remit: Path) -> list[str]:
    """A use of the command that prints something and ends with 0."""
    return [*REMIT, *{"check": ["check", str(remit)], "compile": ["compile", str(remit), "--to", "mcp"]}.get(command, command.split())]


@pytest.mark.parametrize("command", ["--version", "--help", *(f"{command} --help" for command in COMMANDS)])
def test_version_and_every_help_end_with_0_and_print_to_standard_output_alone(command: str) -> None:
    ended = subprocess.run([*REMIT, *command.split()], capture_output=True, timeout=WAIT, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("command", ["--version", "--help", "check", "compile", "discover .", "discover . --json"])
def test_output_that_nobody_takes_is_told_in_one_line_and_ends_with_1(command: str, remit: Path) -> None:
    with FULL.open("w") as full:
        ended = subprocess.run(
            words(command, remit), cwd=remit.parent, stdout=full, stderr=subprocess.PIPE, timeout=WAIT, text=True, check=False
        )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "remit: the output cannot be written: no space left on device"
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("command", ["--version", "check", "compile", "discover .", "discover . --json"])
def test_a_closed_output_is_no_fault(command: str, remit: Path) -> None:
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", *words(command, remit)]
    ended = subprocess.run(shell, cwd=remit.parent, stderr=subprocess.PIPE, timeout=WAIT, text=True, check=False)
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False)


def test_nothing_but_decisions_is_written_to_the_log_when_the_streams_were_closed(remit: Path, tmp_path: Path) -> None:
    # A file that is opened while a stream is closed takes its place, and what is meant for the stream with it.
    log = tmp_path / "log.jsonl"
    gateway = [*REMIT, "gateway", "--remit", str(remit), "--state", str(tmp_path / "state"), "--log", str(log), "--"]
    server = [sys.executable, "-c", "import sys; print('told', file=sys.stderr); sys.stdin.read()"]
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "write_file", "arguments": {}}}
    shell = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *gateway, *server]
    ended = subprocess.run(shell, input=json.dumps(call).encode() + b"\n", timeout=WAIT, check=False)
    assert ended.returncode == 0
    assert [json.loads(line)["outcome"] for line in log.read_text().splitlines()] == ["deny"]


def test_output_is_utf_8_in_every_language_of_the_machine(remit: Path) -> None:
    remit.write_text(remit_text().replace("mode: enforce", "mode: 日本"), "utf-8")
    spoken = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    ended = subprocess.run(words("check", remit), capture_output=True, env=spoken, timeout=WAIT, check=False)
    assert ended.returncode == 1
    assert "unknown mode `日本`" in ended.stdout.decode("utf-8")


INTERRUPTED = {
    "loading": """
class Loading:
    def find_spec(self, name, *rest):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Loading())
""",
    "scanning": """
import remit.app.cli.discover
remit.app.cli.discover.discover = lambda *given: os.kill(os.getpid(), signal.SIGINT)
""",
}


@pytest.mark.parametrize("moment", INTERRUPTED)
def test_an_interrupt_ends_with_130_and_nothing_printed(moment: str, tmp_path: Path) -> None:
    program = f"import os, signal, sys\n{INTERRUPTED[moment]}\nfrom remit.__main__ import main\nmain()"
    ended = subprocess.run([sys.executable, "-c", program, "discover", str(tmp_path)], capture_output=True, timeout=WAIT, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, b"", b"")


@pytest.mark.parametrize(
    ("system", "action"),
    [("kubernetes:prod", "get"), ("slack:main", "post"), ("kubernetes:prod", "READ"), ("slack:main", "any"), ("slack:main", "call")],
)
def test_an_action_without_a_table_is_a_deny_that_says_so(system: str, action: str, remit: Path, tmp_path: Path) -> None:
    remit.write_text(
        remit_text().replace('{read: "aws:s3", resource: "arn:aws:s3:::billing-exports/*"}', f'{{any: "{system}", resource: "*"}}')
    )
    with serving(remit, tmp_path / "state") as served:
        asked = {**question(), "action": {"name": action}, "resource": {"type": system, "id": "x"}}
        answer = served.send("POST", "/access/v1/evaluation", asked)[1]
        assert answer["decision"] is False
        assert "only verbs are understood there" in answer["context"]["because"]
        asked["action"] = {"name": "read"}
        assert served.send("POST", "/access/v1/evaluation", asked)[1]["decision"] is True


@pytest.mark.parametrize(
    ("action", "is_allowed"),
    [("read", True), ("s3:GetObject", True), ("S3:getobject", True), ("s3:PutObject", False), ("s3:NoSuchAction", False), ("READ", False)],
)
def test_an_action_of_a_system_with_a_table_has_the_verb_of_the_table_and_an_unmapped_one_administers(
    action: str, is_allowed: bool, remit: Path, tmp_path: Path
) -> None:
    with serving(remit, tmp_path / "state") as served:
        asked = {**question(), "action": {"name": action}}
        assert served.send("POST", "/access/v1/evaluation", asked)[1]["decision"] is is_allowed


def test_being_alive_claims_nothing_about_remits(remit: Path, tmp_path: Path) -> None:
    with serving(remit, tmp_path / "state") as served:
        assert served.send("GET", "/healthz") == (200, {"status": "ok"})
        assert served.send("GET", "/readyz")[1]["remits"] == 1


def test_a_changed_remit_is_taken_over_although_nobody_takes_the_messages(remit: Path, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    def speaks_to_nobody() -> None:
        os.dup2(writing, 2)

    try:
        with serving(remit, tmp_path / "state", before=speaks_to_nobody) as served:
            assert served.allows()
            remit.write_text(remit_text(bucket="elsewhere"))
            assert served.until(lambda: served.allows(bucket="elsewhere"), attempts=80)
            assert not served.allows()
            remit.write_text("remit: 1\n")
            assert served.until(lambda: not served.allows(bucket="elsewhere"), attempts=80)
    finally:
        os.close(writing)


def test_a_change_is_in_force_before_it_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "remits"
    folder.mkdir()
    (folder / "a.yaml").write_text(remit_text("first"))

    def says_nothing(_text: str) -> None:
        raise OSError("nobody listens")

    remits = Remits(folder, suspended_path=tmp_path / "suspended.json", report=says_nothing)
    (folder / "a.yaml").write_text(remit_text("second"))
    with pytest.raises(OSError, match="nobody listens"):
        remits.refresh()
    assert list(remits.policy.remits) == ["second"]
