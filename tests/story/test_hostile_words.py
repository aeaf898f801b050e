"""Every command with words that nobody should give it: an exit code of the table, a message, and nothing that a terminal would obey."""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path

import pytest

from remit.app.cli import main
from remit.app.cli.options import print_json

ROOT = Path(__file__).resolve().parents[2]
WORDS = ("", " ", "\x1b[31mred\x1b[0m", "a\nremit retire x", "\u202eabc", "\udcff", "../../etc/passwd", "--", "-9", "agent:", "x" * 70_000)
COMMANDS = [
    line.split()
    for line in """
agent @ | draft @ | draft cost-triage --write @ | approve @ | approve remit.yaml --as @ | owner cost-triage @ | owner @ dana | why @
plan @ | apply @ --as dana | apply plan:x --as @ | rollback @ | quarantine @ --because x | quarantine nobody --because @ | release @
retire @ --as dana | findings --agent @ | accept @ --because x --until 2030-01-01 | accept finding:x --because @ --until 2030-01-01
accept finding:x --because x --until @ | disconnect @ | connect @ | connect code @ | connect aws --profile nope --endpoint-url @
connect aws --profile nope --trail @ | connect aws --profile @ | connect aws --profile nope --region @ | connect aws --profile nope --name @
connect postgres @ | connect postgres postgresql://@ | connect postgres postgresql://127.0.0.1:1/x --write-url @ | connect decisions @
connect postgres postgresql://127.0.0.1:1/x --name @ | connect aws --print-policy @ | connect aws --print-policy read --trail @
evaluate aws @ | evaluate @ x | compile @ --to aws | compile remit.yaml --to @ | check @ | check remit.yaml --format @ | discover @
gateway --agent @ -- true | gateway --agent cost-triage --name @ -- true | gateway --remit @ -- true | agents --store @ | @ | scan @
""".replace("\n", "|").split("|")
    if line.strip()
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("desk")


@pytest.fixture
def desk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with the example company scanned once."""
    for name, where in {
        "XDG_DATA_HOME": "data",
        "XDG_STATE_HOME": "state",
        "AWS_CONFIG_FILE": "none",
        "AWS_SHARED_CREDENTIALS_FILE": "none",
    }.items():
        monkeypatch.setenv(name, str(folder / where))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("REMIT_STORE", raising=False)
    monkeypatch.chdir(folder)
    if not (folder / "remit.yaml").exists():
        (folder / "remit.yaml").write_bytes((ROOT / "examples/remits/cost-triage.yaml").read_bytes())
        assert _run(monkeypatch, "connect", "code", str(ROOT / "examples/company")) == 0
    return folder


def _run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["remit", *words])
    with pytest.raises(SystemExit) as ended:
        main.run({})
    return int(ended.value.code or 0)


def _is_obeyed(char: str) -> bool:
    return char != "\n" and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_hostile_words_end_in_a_message(
    command: list[str], desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for word in WORDS:
        words = [part.replace("@", word) for part in command]
        code = _run(monkeypatch, *words)
        shown = "".join(capsys.readouterr())
        assert code in {0, 1, 2}, words
        assert "fault of remit itself" not in shown, (words, shown)
        if "Usage:" not in shown:  # there the parser of command lines repeats what was typed
            assert [char for char in shown if _is_obeyed(char)] == [], (words, shown)
            assert len(shown) < 40_000, words


def test_json_holds_nothing_that_a_terminal_obeys_and_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    document = {"a\u202eb": "\x1b[31m\u2028\u200f\x9b é 日本", "half": "\ud800"}
    print_json(document)
    shown = capsys.readouterr().out
    assert [char for char in shown if _is_obeyed(char)] == []
    assert json.loads(shown) == {**document, "half": "?"}


def test_a_fault_that_nobody_foresaw_is_told_without_its_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(_words: list[str], _above: object) -> None:
        raise ValueError("password=hunter2")

    monkeypatch.setattr(main, "build", broken)
    assert _run(monkeypatch, "agents") == 1
    shown = "".join(capsys.readouterr())
    assert ("hunter2" in shown, "Traceback" in shown, "ValueError" in shown) == (False, False, True)
