"""`remit evaluate`, as a person types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
REQUEST = {
    "principal": "arn:aws:iam::111122223333:role/report",
    "action": "s3:GetObject",
    "resource": "arn:aws:s3:::b/k",
    "resource_account": "111122223333",
    "context": {},
}


def case(name: str, **more: Any) -> str:
    return json.dumps({"id": name, "request": REQUEST, "identity_policies": [POLICY], **more})


def evaluate(folder: Path, lines: list[str | bytes], system: str = "aws") -> tuple[int, list[dict[str, Any]]]:
    """Exit code, and the answers."""
    content = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    (folder / "cases.jsonl").write_bytes(content + b"\n")
    done = subprocess.run(
        [sys.executable, "-m", "remit", "evaluate", system, "cases.jsonl"], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_every_case_gets_an_answer_with_its_reason(tmp_path: Path):
    code, answers = evaluate(tmp_path, [case("yes"), "", case("no", identity_policies=[])])
    assert code == 0
    assert [(answer["id"], answer["decision"], answer["explicit"]) for answer in answers] == [
        ("yes", "allow", False),
        ("no", "deny", False),
    ]
    assert all(answer["because"] for answer in answers)


def test_a_bad_line_yields_an_error_in_its_place_and_the_next_goes_on(tmp_path: Path):
    bad: list[str | bytes] = [
        "{",
        "7",
        b"\xff\xfe",
        "[" * 50_000,
        '{"id": "twice", "request": {}, "request": {}}',
        '{"id": "empty"}',
        case("policy", identity_policies=[{"Statement": 7}]),
        case("text", request="s3:GetObject"),
    ]
    code, answers = evaluate(tmp_path, [*bad, case("good")])
    assert code == 1
    assert [sorted(answer) for answer in answers] == [["error", "id"]] * len(bad) + [["because", "decision", "explicit", "id"]]
    assert [answer["id"] for answer in answers] == [None] * 5 + ["empty", "policy", "text", "good"]


def test_a_case_may_name_files_beside_it_and_no_others(tmp_path: Path):
    code, answers = evaluate(
        tmp_path, [json.dumps({"id": "x", "world": name, "request": {}}) for name in ("none.json", "/etc/passwd")], "postgres"
    )
    assert code == 1
    assert all("error" in answer for answer in answers)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [(["coffee", "x"], 2, "unknown system `coffee`"), (["aws", "nowhere"], 1, "cannot be read"), (["aws"], 2, "")],
)
def test_wrong_usage_and_a_missing_file_are_told(tmp_path: Path, words: list[str], code: int, told: str):
    done = subprocess.run([sys.executable, "-m", "remit", "evaluate", *words], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == code
    assert told in done.stderr
    assert "Traceback" not in done.stderr
