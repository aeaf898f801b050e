"""The story as it is told: in its order, to its end or to the first command that fails; signals end it once."""

from __future__ import annotations

import os
import signal
from types import SimpleNamespace
from typing import Any

import pytest

from remit.demo.claims import Claim, Found
from remit.demo.narrator import Narrator
from remit.demo.session import _sum_up, _told, interrupted_once
from remit.demo.shell import Ran, words_of
from remit.demo.story import STEPS, Command, Remark, Step, commands


class Shell:
    """Runs nothing; what is in `failing` fails."""

    def __init__(self, failing: str = "") -> None:
        self.ran: list[str] = []
        self._failing = failing

    def run(self, command: str) -> Ran:
        """Notes it."""
        self.ran.append(command)
        return Ran(command, 1 if command == self._failing else 0, [f"output of {command}"])


HELD = Claim("it holds", lambda _: Found(True, "seen"))
BROKEN = Claim("it breaks", lambda _: Found(False, "not seen"))


def story(*parts: Any, failing: str = "") -> tuple[list[bool], str, list[str]]:
    shell = Shell(failing)
    world: Any = SimpleNamespace(shell=shell, estate=None)
    claims, fault = _told((Step("One", "about it", parts[:2]), Step("Two", "more", parts[2:])), world, Narrator())
    return [claim.found.is_held for claim in claims], fault, shell.ran


def test_commands_and_claims_come_in_their_order_and_a_broken_claim_does_not_end_the_story(capsys: pytest.CaptureFixture[str]) -> None:
    claims, fault, ran = story(Command("remit a"), BROKEN, Remark("meanwhile"), Command("remit b"), HELD)
    assert (claims, fault, ran) == ([False, True], "", ["remit a", "remit b"])
    shown = capsys.readouterr().out
    order = ["1/2  One", "$ remit a", "output of remit a", "✗ it breaks", "2/2  Two", "meanwhile", "$ remit b", "✓ it holds"]
    assert [shown.index(text) for text in order] == sorted(shown.index(text) for text in order)


def test_a_command_that_fails_ends_the_story_with_all_that_it_said(capsys: pytest.CaptureFixture[str]) -> None:
    claims, fault, ran = story(HELD, Command("remit a", lambda _: []), Command("remit b"), HELD, failing="remit a")
    assert (claims, ran) == ([True], ["remit a"])
    assert fault == "`remit a` ended with 1, so the story ends here"
    assert "output of remit a" in capsys.readouterr().out


def test_a_story_without_claims_or_with_a_fault_did_not_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert not _sum_up([], "", 3.0, Narrator())
    assert "0 of 0 claims held; the story took 3 s" in capsys.readouterr().out


def ended_by_two_signals() -> None:
    with interrupted_once():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except KeyboardInterrupt:
            os.kill(os.getpid(), signal.SIGINT)
            raise


def test_the_first_signal_interrupts_and_later_ones_do_not_disturb_the_end() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        ended_by_two_signals()
    assert signal.getsignal(signal.SIGTERM) is before


def test_every_command_of_the_story_is_one_that_a_user_could_type() -> None:
    assert len(STEPS) == 6
    assert all(command.startswith(("remit ", "python -m remit.demo.task ")) for command in commands())
    assert words_of('remit quarantine x --because "a b"')[2:] == ["-m", "remit", "quarantine", "x", "--because", "a b"]
