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
