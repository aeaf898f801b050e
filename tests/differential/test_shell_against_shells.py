"""What bash and dash really run is among the commands that are read from the text, or the text is absent.

Texts are made of a few letters, quotes and operators, so that no program and no builtin of a machine can be named: the folder
that programs are looked for in is empty, and what a shell does not find is what it would have run.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from remit.decide.statements.shell import commands_of
from remit.decide.statements.shell_words import Kind
from remit.decide.statements.wrappers import program_of

COUNT = int(os.environ.get("REMIT_SHELL_TEXTS", "4000"))
SEED = int(os.environ.get("REMIT_SHELL_SEED", "11"))
PIECES = [
    *("p", "q", "pp", "E", "0"), *(" ", " ", " ", "\n", ";", "|", "&&", "||", "&"),
    *("'", "'", '"', '"', "\\", "\\\n", "$'", '$"', "`", "$(", ")", "(", "{ ", "; }", "}", "#", " # ", "!"),
    *("'p q'", '"p q"', "$(p)", "`q`", "$((0))", "${p}", "$p", "p=q ", "<<E\n", "\nE\n", "<<'E'\n", "<<-E\n", "<<<p "),
    *("> p", "<(p)", ">(q)", "[ p > ", " > "),
    *("[[ ", " ]]", "[ ", " ]", "((", "))", "[", "]", "=", "~", "*", "?", "{p,q}", "$", "\t", "\\'", '\\"', "\\`"),
    *("${p:-$(q)}", '"$(p)"', '"`q`"'),
]  # fmt: skip
SHAPES = [
    "p 'q' {}; q", "p \"{}\" q", "p $({}) q", "q <<E\n{}\nE\npp", "q <<'E'\n{}\nE\npp", "p `{}`", "( {} ); q", "{{ {}; }}; q", "p $'{}'; q",
    "{}", "{}", "p {} # {}\nq", "p\\\n{}", "[[ {} ]]; q", "p=\"{}\" q", "p ${{p:-{}}}; q", "pp $(( {} )); q", "q <<<'{}'; p",
]  # fmt: skip
A_FUNCTION = re.compile(r"\([\s\\]*\)")
HANDLER = '() { printf "%s\\0" "$1" >> "$RAN"; }'


def texts(count: int, seed: int) -> Iterator[str]:
    random = Random(seed)
    for _ in range(count):
        parts = ["".join(random.choice(PIECES) for _ in range(random.randint(1, 6))) for _ in range(2)]
        text = random.choice(SHAPES).format(*parts)
        # A function could call itself, and dash would not stop it.
        if A_FUNCTION.search(text) is None:
            yield text


def run(words: list[str], folder: Path, log: Path) -> str:
    """Runs one shell in an empty folder with nothing to find; what it wrote to its standard error."""
    environment = {"PATH": str(folder / "none"), "RAN": str(log), "FUNCNEST": "5", "BASH_FUNC_command_not_found_handle%%": HANDLER}
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    with subprocess.Popen(
        words,
        cwd=work,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            _, errors = process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            errors = b""
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        return errors.decode(errors="replace")


def ran_by_bash(text: str, folder: Path) -> set[str]:
    log = folder / "ran"
    log.write_text("")
    run(["/bin/bash", "--norc", "--noprofile", "-c", text], folder, log)
    return {name for name in log.read_text(errors="replace").split("\0") if re.fullmatch(r"[pqE0]+", name)}


def ran_by_dash(text: str, folder: Path) -> set[str]:
    errors = run(["/bin/dash", "-c", text], folder, folder / "ran")
    return set(re.findall(r"^/bin/dash: \d+: ([pqE0]+): not found$", errors, re.MULTILINE))


def hidden(text: str, ran: set[str], written: set[str]) -> set[str]:
    """The programs that a shell ran, and the files that it made, that are not among the commands that were read."""
    commands = commands_of(text)
    if commands is None or any(command.kind is Kind.UNSEEN for command in commands):
        return set()
    programs = {program_of(command.words[0]) for command in commands if command.kind is Kind.COMMAND}
    targets = {command.words[1].text for command in commands if command.kind is Kind.REDIRECTION}
    return (set() if None in programs else ran - programs) | (set() if None in targets else written - targets)  # type: ignore[operator]


@pytest.mark.real
@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_no_shell_runs_a_program_that_was_not_read(shell: str, tmp_path: Path) -> None:
    if not Path(f"/bin/{shell}").exists():
        assert os.environ.get("CI") != "true", f"{shell} must be there in CI"
        pytest.skip(f"{shell} is not installed")
    missed: list[tuple[str, set[str]]] = []
    read = run_count = 0
    for text in texts(COUNT, seed=SEED):
        # `$'...'` is read as bash reads it; dash has no such quotes and keeps the dollar.
        if commands_of(text) is None or (shell == "dash" and "$'" in text):
            continue
        read += 1
        ran = ran_by_bash(text, tmp_path) if shell == "bash" else ran_by_dash(text, tmp_path)
        run_count += bool(ran)
        written = {file.name for file in (tmp_path / "work").iterdir()}
        if unseen := hidden(text, ran, written):
            missed.append((text, unseen))
    print(f"\n{shell}: {read} texts read, {run_count} of them ran something, {len(missed)} hid something")
    assert read > COUNT / 20
    assert run_count > COUNT / 40
    assert missed == []
