"""`remit check` and `remit compile`, as a person types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CLEAN = "remit: 1\nagent: a\npurpose: p\nowner: {contact: c}\nobjectives: {o: {why: w, can: [{read: mcp:x, resource: t}]}}\n"
WARNED = CLEAN.replace("mcp:x", "slack:main")
FOUND = CLEAN + "limits: {calls: 0/hour}\n"
WRONG = CLEAN.replace("read:", "raed:") + "mode: of\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"clean": CLEAN, "warned": WARNED, "found": FOUND, "wrong": WRONG}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def remit(folder: Path, *words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    done = subprocess.run([sys.executable, "-m", "remit", *words], cwd=folder, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("files", "code", "told"),
    [
        (["clean.yaml"], 0, "clean.yaml: clean, sha256:"),
        (["warned.yaml"], 0, "warned.yaml: clean but for 1 warning, sha256:"),
        (["warned.yaml"], 0, "warned.yaml:5:39: warning: `slack` is not a kind of system that Remit knows"),
        (["found.yaml"], 1, "found.yaml:6: finding: `limits.calls` is `0/hour`, so nothing is allowed at all"),
        (["wrong.yaml"], 1, "wrong.yaml:5:33: unknown verb `raed`; nearest is `read`\nwrong.yaml:6:7: unknown mode `of`"),
        (["clean.yaml", "wrong.yaml"], 1, "wrong.yaml:5:33"),
        (["clean.yaml", "warned.yaml"], 0, "warned.yaml: warning: `a` has a remit in clean.yaml too"),
        (["nowhere.yaml"], 1, "nowhere.yaml: the file cannot be read: no such file or directory"),
        (["."], 1, ".: the file cannot be read: is a directory; give its files: `./*.yaml`"),
    ],
)
def test_check_prints_each_problem_and_its_exit_code_tells_whether_to_act(folder: Path, files: list[str], code: int, told: str) -> None:
    result = remit(folder, "check", *files)
    assert result[0] == code
    assert told in result[1]


def test_check_as_json_holds_every_problem_with_its_place(folder: Path) -> None:
    code, text, _ = remit(folder, "check", "wrong.yaml", "clean.yaml", "--format", "json")
    report = json.loads(text)
    assert code == 1
    assert (report["errors"], report["findings"], report["warnings"]) == (2, 0, 0)
    problem = report["files"][0]["problems"][0]
    assert {key: problem[key] for key in ("path", "line", "column", "code", "level")} == {
        "path": "wrong.yaml",
        "line": 5,
        "column": 33,
        "code": "unknown-verb",
        "level": "error",
    }
    assert report["files"][1]["agent"] == "agent:a"
    assert report["files"][1]["hash"].startswith("sha256:")
    assert json.loads(remit(folder, "check", "wrong.yaml", "clean.yaml", "--json")[1]) == report


def test_check_as_sarif_is_read_by_code_scanning(folder: Path) -> None:
    code, text, _ = remit(folder, "check", "wrong.yaml", "found.yaml", "warned.yaml", "--format", "sarif")
    log = json.loads(text)
    assert code == 1
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted(set(rules))
    assert [result["level"] for result in run["results"]].count("warning") == 2
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["message"]["text"]
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"].endswith(".yaml")
        assert location["physicalLocation"].get("region", {"startLine": 1})["startLine"] >= 1


@pytest.mark.parametrize(
    "words", [["check"], ["check", "clean.yaml", "--format", "xml"], ["compile", "clean.yaml"], ["compile", "clean.yaml", "--to", "gcp"]]
)
def test_wrong_usage_ends_with_2(folder: Path, words: list[str]) -> None:
    assert remit(folder, *words)[0] == 2


def test_an_unknown_target_names_the_nearest_and_one_to_come_says_so(folder: Path) -> None:
    assert "unknown target `cedr`; nearest is `cedar`" in remit(folder, "compile", "clean.yaml", "--to", "cedr")[2]
    assert "`kubernetes` is not built yet" in remit(folder, "compile", "clean.yaml", "--to", "kubernetes")[2]


def test_compile_prints_the_text_alone_and_residue_apart(folder: Path) -> None:
    (folder / "limited.yaml").write_text(CLEAN + "limits: {calls: 5/hour}\n")
    code, text, told = remit(folder, "compile", "limited.yaml", "--to", "cedar")
    assert code == 0
    assert text.startswith("// remit of a, sha256:")
    assert "permit (" in text
    assert told == "limited.yaml:6: residue: `limits.calls`: a policy counts nothing\n"
    code, text, _ = remit(folder, "compile", "limited.yaml", "--to", "mcp")
    assert json.loads(text)["servers"][0]["server"] == "x"
    code, text, _ = remit(folder, "compile", "limited.yaml", "--to", "cedar", "--json")
    document = json.loads(text)
    assert document["target"] == "cedar"
    assert document["residue"] == [{"rule": "limits.calls", "line": 6, "why": "a policy counts nothing"}]


def test_compile_of_a_wrong_file_prints_its_errors_and_no_policy(folder: Path) -> None:
    code, text, told = remit(folder, "compile", "wrong.yaml", "--to", "cedar")
    assert (code, text) == (1, "")
    assert "wrong.yaml:5:33: unknown verb `raed`; nearest is `read`" in told


def test_a_hostile_file_name_is_printed_safely(folder: Path) -> None:
    name = "a\x1b[31m\n.yaml"
    (folder / name).write_text(CLEAN)
    code, text, _ = remit(folder, "check", name)
    assert code == 0
    assert text.startswith("a\\x1b[31m\\n.yaml: clean")
