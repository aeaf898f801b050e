"""A command of the story that is interrupted in the moment of its start is ended like any other."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from remit.demo.shell import Shell


@pytest.fixture(autouse=True)
def keyboard() -> Iterator[None]:
    """SIGINT does in this process what it does in a command."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_signal_in_the_moment_of_a_start_leaves_nothing_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[subprocess.Popen[str]] = []
    real = subprocess.Popen

    def starts_and_is_interrupted(*words: Any, **options: Any) -> subprocess.Popen[str]:
        process = real(*words, **options)
        begun.append(process)
        signal.raise_signal(signal.SIGINT)
        return process

    monkeypatch.setattr(subprocess, "Popen", starts_and_is_interrupted)
    with pytest.raises(KeyboardInterrupt):
        Shell(tmp_path, {}, 80, is_coloured=False).run("python -c 'import time; time.sleep(600)'")
    (process,) = begun
    assert process.returncode is not None
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_a_command_says_and_its_code_are_told(tmp_path: Path) -> None:
    ran = Shell(tmp_path, {}, 80, is_coloured=False).run("python -c 'print(1); raise SystemExit(3)'")
    assert (ran.code, ran.lines) == (3, ["1"])
