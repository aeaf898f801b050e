"""The README and the docs as tests read them: their blocks of commands, with what each is to print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```console(?P<demo> demo)?(?: exit=(?P<code>\d+))?\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)


class Command(msgspec.Struct, frozen=True):
    """A command of a block."""

    text: str
    expected: tuple[str, ...] = ()
    """Lines that stand below it; `...` in one stands for anything."""


class Block(msgspec.Struct, frozen=True):
    """A `console` block of a page."""

    where: str
    code: int
    """With which its commands end."""
    is_demo: bool
    """Runs on the demo's estate, after the blocks of its page before it."""
    commands: tuple[Command, ...]


def blocks(page: Path) -> list[Block]:
    """Every block of a page."""
    text = page.read_text("utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        commands: list[Command] = []
        for line in filter(None, match["text"].splitlines()):
            if line.startswith("$ "):
                commands.append(Command(line[2:]))
            else:
                last = commands.pop()
                commands.append(Command(last.text, (*last.expected, line)))
        where = f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}"
        found.append(Block(where, int(match["code"] or 0), match["demo"] is not None, tuple(commands)))
    return found


def check(block: Block, folder: Path, variables: Mapping[str, str]) -> None:
    """Runs the commands of a block as a user would, and compares."""
    assert block.commands, f"{block.where}: a console block without a command"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **variables, "PATH": path, "COLUMNS": "120"}
    for command in block.commands:
        done = subprocess.run(
            ["bash", "-c", command.text], cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False
        )
        said = f"{done.stdout}\n{done.stderr}"
        assert done.returncode == block.code, f"{block.where}: `{command.text}`\n{said}"
        plain = " ".join(said.split())  # where a line is broken hangs on its width alone
        for line in command.expected:
            pattern = ".*".join(re.escape(" ".join(part.split())) for part in line.split("..."))
            assert re.search(pattern, plain), f"{block.where}: `{command.text}` does not print `{line}`:\n{said}"
