"""The hands, and the ways in which they can fail: `CABINET_FAULT=KIND@N` in the environment makes the N-th move (from 1) go wrong.

nothing: reports success and does nothing; half: does half and reports success; half-fails: does half and fails; fails: does nothing and
fails; done-fails: does it and reports failure; crashes: does it and fails with an error that is not made for people; dies-before,
dies-half, dies-after: the process is killed there; ctrl-c-before, ctrl-c-half, ctrl-c-after: it is interrupted there.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping

from tests.kits.plugins.cabinet import cabinet_file as file

from remit.model.connection import Connection
from remit.model.errors import RefusedError
from remit.model.plan import Approval, Probe, Proof, Step

HALF = '["half"]'


class CabinetWriter:
    """The hands."""

    def __init__(self, connection: Connection, environment: Mapping[str, str]) -> None:
        self.path = connection.settings["write_path"]
        self.connection = connection
        self.fault, _, number = environment.get("CABINET_FAULT", "").partition("@")
        self.left = int(number or 0)

    def change(self, step: Step) -> None:
        """Makes the target what the plan wants."""
        self._move(step, step.after)

    def undo(self, step: Step) -> None:
        """Makes the target what it was."""
        self._move(step, step.before)

    def _move(self, step: Step, wanted: str | None) -> None:
        self.left -= 1
        fault = self.fault if self.left == 0 else ""
        if fault.endswith("-before"):
            _end(fault)
        if fault == "fails":
            raise RefusedError("the drawer sticks")
        if fault != "nothing":
            state = file.load(self.path)
            file.put(state["holders"][step.arguments["holder"]], step, HALF if "half" in fault else wanted)
            file.save(self.path, state)
        if fault in ("dies-half", "dies-after", "ctrl-c-half", "ctrl-c-after"):
            _end(fault)
        if fault in ("half-fails", "done-fails"):
            raise RefusedError("the line broke")
        if fault == "crashes":
            raise KeyError("password=hunter2 was refused")

    def prove(self, probe: Probe) -> Proof | None:
        """Tries a drawer as the holder, where the cabinet lets it."""
        if "tries" not in self.connection.settings:
            return None
        holder = file.load(self.path)["holders"][probe.principal.rpartition("/")[2]]
        does = not holder["locked"] and any(probe.action in holder["drawers"].get(drawer, ()) for drawer in (probe.resource, "*"))
        return Proof(
            system=probe.connection,
            identity=probe.principal,
            tried=f"{probe.action} on {probe.resource}",
            expected="allowed" if probe.is_allowed else "denied",
            got="allowed" if does else "denied",
            how="tried as the identity",
        )

    def close(self) -> None:
        """Nothing stays open."""


def _end(fault: str) -> None:
    if fault.startswith("dies"):
        os.kill(os.getpid(), signal.SIGKILL)
    signal.raise_signal(signal.SIGINT)


class OpensCabinetWriter:
    """Gives the hands."""

    def open(self, connection: Connection, environment: Mapping[str, str], approval: Approval) -> CabinetWriter:
        """RefusedError where the connection has no write side."""
        if "write_path" not in connection.settings:
            raise RefusedError(f"`{connection.id}` was connected without a write side; give `--write-path`")
        return CabinetWriter(connection, environment)


WRITER = OpensCabinetWriter()
