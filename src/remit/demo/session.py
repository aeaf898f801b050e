"""One run of the demo: the estate, the story or the way to type it, the web UI, and the way out of all of them.

Invariant: whatever ends it, Ctrl-C at any moment included, everything that it started ends first; a second Ctrl-C does not disturb that.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shlex import quote
from typing import Any

import msgspec

from remit.demo.checks import World
from remit.demo.claims import Claim, Judged, judged
from remit.demo.estate.cast import COMPANY
from remit.demo.estate.folder import note
from remit.demo.estate.running import Estate, running
from remit.demo.face import face, is_free
from remit.demo.narrator import Narrator, clock, seconds_text
from remit.demo.shell import Shell, surroundings, write_environment
from remit.demo.story import CONNECT, STEPS, Command, Remark, Step
from remit.model.errors import RefusedError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for."""

    folder: Path
    port: int
    is_once: bool
    has_story: bool


class BrokenOffError(RefusedError):
    """A command of the story failed, and what comes after it needs what it should have done."""


def run(options: Options, narrator: Narrator) -> int:
    """The exit code: 0 when every claim held, 1 when one did not."""
    begun = clock()
    narrator.title("The demo of Remit", f"{COMPANY}, a small company with twelve agents, on this machine alone")
    with interrupted_once(), ExitStack() as stack:
        with narrator.busy("making everything ready"):
            estate = stack.enter_context(running(options.folder, narrator.part))
        shell = Shell(estate.folder, surroundings(estate), narrator.width - 4, is_coloured=narrator.is_live)
        environment = write_environment(estate)
        narrator.part(f"ready after {seconds_text(clock() - begun)}")
        if options.has_story:
            told = clock()
            claims, fault = _told(STEPS, World(estate, shell), narrator)
            narrator.table(claims)
            is_held = _sum_up(claims, fault, clock() - told, narrator)
            if options.is_once or not is_held:
                return 0 if is_held else 1
        _serve(estate, shell, options.port, narrator, environment)
        return 0


def tell(steps: tuple[Step, ...], world: World, narrator: Narrator) -> Iterator[Judged]:
    """Tells the steps; each claim as it was judged. BrokenOffError: a command failed."""
    for number, step in enumerate(steps, 1):
        narrator.step(number, len(steps), step.title, step.about)
        for part in step.parts:
            match part:
                case Command():
                    with narrator.command(part.text):
                        ran = world.shell.run(part.text)
                    narrator.output(ran.lines, part.trim if ran.code == 0 else list)
                    if ran.code:
                        raise BrokenOffError(f"`{part.text}` ended with {ran.code}, so the story ends here")
                case Remark():
                    narrator.remark(part.text)
                case Claim():
                    with narrator.busy("checking"):
                        found = judged(number, part, world)
                    narrator.claim(found)
                    yield found


def _told(steps: tuple[Step, ...], world: World, narrator: Narrator) -> tuple[list[Judged], str]:
    """The claims, and why the story broke off, if it did."""
    claims: list[Judged] = []
    try:
        claims.extend(tell(steps, world, narrator))
    except RefusedError as error:
        return claims, str(error)
    return claims, ""


def _sum_up(claims: list[Judged], fault: str, seconds: float, narrator: Narrator) -> bool:
    held = sum(claim.found.is_held for claim in claims)
    is_held = not fault and bool(claims) and held == len(claims)
    narrator.sum_up(f"{held} of {len(claims)} claims held; the story took {seconds_text(seconds)}", is_held=is_held)
    if fault:
        narrator.sum_up(fault, is_held=False)
    return is_held


def _serve(estate: Estate, shell: Shell, wanted: int, narrator: Narrator, environment: Path) -> None:
    """The web UI, until it is interrupted."""
    port = wanted if is_free(wanted) else 0
    with face(estate.folder, shell.environment, port) as started:
        note(estate.folder, started.site)
        if port != wanted:
            narrator.say(f"Port {wanted} is taken, so the web UI is at one that is free.")
        narrator.say("The web UI; this address opens it once:")
        narrator.verbatim(f"open {started.address}")
        narrator.say("Every command works in another terminal too:")
        narrator.verbatim(f"cd {quote(str(estate.folder))} && source {environment.name}")
        if not _is_connected(shell):
            narrator.say("Nothing is connected yet. Begin with these, then go on with the steps of the README:")
            for command in CONNECT:
                narrator.verbatim(command)
        narrator.say("Ctrl-C ends the demo.")
        started.wait()


def _is_connected(shell: Shell) -> bool:
    return bool(shell.json("agents")["agents"])


@contextmanager
def interrupted_once() -> Iterator[None]:
    """While it lasts the first signal to end interrupts, and later ones are let pass: ending in good order takes a moment."""

    def interrupt(*_: Any) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
