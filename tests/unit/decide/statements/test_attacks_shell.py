"""Programs that start others by their options, found by attacking the reader; and honest commands beside them. None is ever run."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from remit.decide.answers import MATCH, NO
from remit.decide.statements.shell import commands_of
from remit.decide.statements.shell_pattern import ShellPattern

CASES: dict[str, list[str]] = yaml.safe_load(
    (Path(__file__).parents[3] / "cases" / "decide" / "attacks-shell.yaml").read_text(encoding="utf-8")
)


def program(text: str) -> str:
    return text.split()[0]


@pytest.mark.parametrize("text", CASES["starts"])
def test_a_program_that_starts_another_by_an_option_does_not_hide_it(text: str) -> None:
    assert any(ShellPattern("rm *").answer(command, {}) is not NO for command in commands_of(text) or (None,))


@pytest.mark.parametrize("text", CASES["starts"])
def test_a_line_on_the_starting_program_does_not_allow_what_it_starts(text: str) -> None:
    patterns = [ShellPattern(f"{name} *") for name in (program(text), "ls", "sh", "bash")]
    assert not all(any(pattern.answer(command, {}) is MATCH for pattern in patterns) for command in commands_of(text) or (None,))


@pytest.mark.parametrize("text", CASES["honest"])
def test_an_honest_command_is_allowed_by_a_line_on_its_program(text: str) -> None:
    pattern = ShellPattern(f"{program(text)} *")
    assert all(pattern.answer(command, {}) is MATCH for command in commands_of(text) or (None,))


@pytest.mark.parametrize("text", CASES["honest"])
def test_an_honest_command_is_not_met_by_a_never_on_another_program(text: str) -> None:
    assert all(ShellPattern("rm *").answer(command, {}) is NO for command in commands_of(text) or (None,))


@pytest.mark.parametrize(
    ("text", "words"), [("[ -f x ]", "[ -f x ]"), ("[[ ! -e x ]]", "[[ ! -e x ]]"), ("[ a = b ]", "[ a = b ]"), ("test -f x", "test -f x")]
)
def test_a_test_is_a_command_of_the_words_as_they_stand(text: str, words: str) -> None:
    assert [str(command) for command in commands_of(text) or ()] == [words]


def test_a_command_that_an_assignment_holds_as_text_may_be_run_later() -> None:
    commands = commands_of("x='$(rm x)'; echo ${x@P}") or ()
    assert any(ShellPattern("rm *").answer(command, {}) is not NO for command in commands)


@pytest.mark.parametrize("unit", ["| ls ", "a) ", "$[", "a=( ", "x() ", "<<A\n", "$(", "` "])
def test_a_text_that_would_take_too_long_to_parse_is_absent(unit: str) -> None:
    assert commands_of(unit * (90_000 // len(unit))) is None
