"""The source kit on every source, found by its folder alone; and the kit itself, on sources that do one thing wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.kits.plugins.postcards.source import Postcards

from remit.app.discovery import discover
from remit.contracts import registry
from remit.contracts.source import Scope
from remit.model.evidence import Evidence, FileRead, Gap, GapKind
from remit.model.place import Place
from remit.testing.kits.source import PLANTED, violations

SOURCES = registry.find("SOURCE", extra=["tests.kits.plugins"])


def test_a_source_is_found_by_its_folder_alone():
    assert {"code", "postcards"} <= SOURCES.keys()


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_the_source_passes_the_kit(name: str, tmp_path: Path):
    assert violations(SOURCES[name], tmp_path) == []


def test_what_a_found_source_sees_becomes_an_agent(tmp_path: Path):
    (tmp_path / "hello.postcard").write_text("Greeter\n", "utf-8")
    (agent,) = discover(SOURCES.values(), Scope(root=tmp_path)).agents
    assert (agent.id, agent.framework) == ("greeter", "postcard")


class _Silent(Postcards):
    """Leaves files out of the ledger."""

    def look(self, scope: Scope) -> Iterator[Evidence | Gap]:
        return (seen for seen in super().look(scope) if not isinstance(seen, Gap) or seen.kind is not GapKind.SPECIAL)


class _Moody(Postcards):
    """Gives another order each time."""

    runs = 0

    def look(self, scope: Scope) -> Iterator[Evidence | Gap]:
        self.runs += 1
        seen = list(super().look(scope))
        return iter(seen if self.runs % 2 else seen[::-1])


class _Lost(Postcards):
    """Points at lines that are not there."""

    def look(self, scope: Scope) -> Iterator[Evidence | Gap]:
        for seen in super().look(scope):
            yield msgspec.structs.replace(seen, place=Place(seen.place.path, 10_000)) if seen.place.path == "plain.py" else seen


class _Curious(Postcards):
    """Follows a link out of the root."""

    def look(self, scope: Scope) -> Iterator[Evidence | Gap]:
        Path(os.path.realpath(os.path.join(scope.root, "climbs.py"))).read_bytes()
        return super().look(scope)


class _Busy(Postcards):
    """Starts a process."""

    def look(self, scope: Scope) -> Iterator[Evidence | Gap]:
        subprocess.run([sys.executable, "-c", ""], check=True)
        return super().look(scope)


class _Eager(Postcards):
    """Executes what it reads."""

    def look(self, scope: Scope) -> Iterator[Evidence | Gap]:
        path = os.path.join(scope.root, "setup.py")
        exec(compile(Path(path).read_text("utf-8"), path, "exec"), {"__file__": path})
        return super().look(scope)


class _Leaky(Postcards):
    """Shows a secret."""

    def look(self, scope: Scope) -> Iterator[Evidence | Gap]:
        for seen in super().look(scope):
            yield msgspec.structs.replace(seen, what=PLANTED) if isinstance(seen, Gap) else seen


class _Deaf(Postcards):
    """Neither leaves out what is excluded nor can be cancelled."""

    def look(self, scope: Scope) -> Iterator[Evidence | Gap]:
        for seen in super().look(Scope(root=scope.root)):
            yield FileRead(place=seen.place, size=6) if seen.place.path == "plain.py" else seen


class _Fragile(Postcards):
    """Stops at the first closed door."""

    def look(self, scope: Scope) -> Iterator[Evidence | Gap]:
        yield from super().look(scope)
        raise PermissionError("closed")


@pytest.mark.parametrize(
    ("wrong", "telling"),
    [
        (_Silent(), "neither read nor in the ledger"),
        (_Moody(), "two runs over the same folder differ"),
        (_Lost(), "points at a line that is not there"),
        (_Curious(), "outside the root"),
        (_Busy(), "subprocess.Popen"),
        (_Eager(), "was executed"),
        (_Leaky(), "value of a secret leaves"),
        (_Deaf(), "read although it is excluded"),
        (_Deaf(), "does not cancel"),
        (_Fragile(), "the scan of a hostile folder stopped"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Postcards) else value,
)
def test_the_kit_tells_what_is_wrong(wrong: Postcards, telling: str, tmp_path: Path):
    assert any(telling in problem for problem in violations(wrong, tmp_path))
