"""Runs the commands of the story as a user would type them: in the folder of the estate, each a process with the estate's environment."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from remit.demo.estate.running import Estate
from remit.model.errors import RefusedError

ENVIRONMENT = "environment"
"""The file in the folder of the estate that `source` reads."""
_LONGEST_SECONDS = 180
_SECONDS_TO_END = 10
_HINTS = ("next: ", "   or ", " then ")
"""Lines that say what to do next; the story does that itself."""
_FOREIGN = ("AWS_", "PG", "REMIT_", "XDG_")
"""Settings of the person's own shell that would lead out of the estate."""


class Ran(msgspec.Struct, frozen=True):
    """A command that has ended."""

    command: str
    code: int
    lines: list[str]


class Shell:
    """A shell on the estate."""

    def __init__(self, folder: Path, environment: Mapping[str, str], width: int, *, is_coloured: bool) -> None:
        self._folder = folder
        own = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        self.environment = {**own, **environment, "COLUMNS": str(width)}
        self._colours = {"FORCE_COLOR": "1"} if is_coloured else {}

    def run(self, command: str) -> Ran:
        """Runs it to its end; what it says on both streams, in the order in which it says it."""
        code, text = self._ended(words_of(command), self._colours, subprocess.STDOUT)
        lines = text.rstrip("\n").split("\n") if text.strip() else []
        return Ran(command, code, [line for line in lines if not line.startswith(_HINTS)])

    def json(self, *words: str) -> Any:
        """The document that a command of remit prints."""
        code, text = self._ended(words_of(shlex.join(("remit", *words, "--json"))), {}, subprocess.DEVNULL)
        if code:
            raise RefusedError(f"`remit {' '.join(words)} --json` ended with {code}")
        return json.loads(text)

    def _ended(self, words: list[str], more: Mapping[str, str], errors: int) -> tuple[int, str]:
        process: subprocess.Popen[str] | None = None
        try:
            with _held_back():  # else a Ctrl-C between its start and our knowing of it leaves it running
                process = subprocess.Popen(
                    words,
                    cwd=self._folder,
                    env={**self.environment, **more},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    encoding="utf-8",
                    errors="backslashreplace",
                    start_new_session=True,  # a Ctrl-C of the terminal is for the demo, which ends what it started in good order
                )
            text, _ = process.communicate(timeout=_LONGEST_SECONDS)
        except BaseException as error:
            if process is not None:
                _end(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise RefusedError(f"`{shlex.join(words[2:])}` did not end in {_LONGEST_SECONDS} seconds") from None
            raise
        return process.returncode, text


@contextmanager
def _held_back() -> Iterator[None]:
    """What is begun in here is not cut in two: a signal that ends the demo comes when it is over."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals come to the main thread alone
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda received, _frame: came.append(received)) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    if came:
        signal.raise_signal(came[0])


def surroundings(estate: Estate) -> dict[str, str]:
    """What a person's shell needs to type the commands of the story, all of it on this machine."""
    return {**estate.environment, "DEMO": str(estate.folder)}


def write_environment(estate: Estate) -> Path:
    """Writes the file that `source` reads: the surroundings, and PATH with the folder of this very `remit` in front."""
    path = estate.folder / ENVIRONMENT
    lines = [f"export {name}={shlex.quote(value)}" for name, value in surroundings(estate).items()]
    lines += [f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH", ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def words_of(command: str) -> list[str]:
    """What is started for a command as it is written: `remit` and `python` are those that run this."""
    first, *rest = shlex.split(command)
    # -P: the folder of the estate holds files that must not be imported.
    return [sys.executable, "-P", *(("-m", "remit") if first == "remit" else ()), *rest]


def _end(process: subprocess.Popen[str]) -> None:
    """Ends a command as Ctrl-C would, and after a while by force."""
    for number in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=_SECONDS_TO_END)
            return
