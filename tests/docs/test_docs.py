"""Every `console` block of the README and the docs runs, and prints what the block says it prints."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```console(?: exit=(\d+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def blocks() -> list[tuple[str, int, list[str], list[str]]]:
    """(where, expected exit code, commands, expected output lines) of every block."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        for match in BLOCK.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            lines = match[2].splitlines()
            commands = [entry[2:] for entry in lines if entry.startswith("$ ")]
            expected = [entry for entry in lines if not entry.startswith("$ ")]
            found.append((f"{page.relative_to(ROOT)}:{line}", int(match[1] or 0), commands, expected))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working copy of the examples, with nothing else in it."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


@pytest.mark.parametrize("block", blocks(), ids=lambda block: block[0])
def test_a_command_of_the_documentation_runs_as_written(block: tuple[str, int, list[str], list[str]], folder: Path) -> None:
    where, expected_code, commands, expected = block
    assert commands, f"{where}: a console block without a command"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {
        **os.environ,
        "PATH": path,
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_DATA_HOME": str(folder / "data"),
        "COLUMNS": "120",
    }
    for command in commands:
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == expected_code, f"{where}: `{command}`\n{done.stdout}\n{done.stderr}"
        for line in filter(None, expected):
            pattern = ".*".join(re.escape(part.strip()) for part in line.split("..."))
            assert re.search(pattern, done.stdout + done.stderr, re.DOTALL), f"{where}: `{command}` does not print `{line}`:\n{done.stdout}"


def test_there_are_commands_to_run() -> None:
    assert len(blocks()) >= 6


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_a_file(page: Path) -> None:
    broken = [target for target in LINK.findall(page.read_text("utf-8")) if not (page.parent / target).exists()]
    assert not broken


def test_the_readme_is_short_and_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert len(text.splitlines()) <= 150
    assert "make demo" in text
    assert "make test" in text
