"""The kit for write sides on the tiny system, found by its folder alone; and the kit itself, on systems that do one thing wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.kits.plugins.cabinet.system import Cabinet, CabinetReader

from remit.contracts import registry
from remit.model.access import NativeObject
from remit.model.alignment import AlignmentLine
from remit.model.connection import Connection
from remit.model.plan import Approval, Proposal, Step
from remit.testing.kits.write import violations

PLUGINS = ("tests.kits.plugins",)
HOLDERS = {
    "maid": {"drawers": {"linen": ["open", "fill", "empty"], "silver": ["open"]}, "locked": False, "keys": {"0a1b": True}},
    "cook": {"drawers": {"*": ["open"], "silver": ["empty", "fill"]}, "locked": False, "keys": {"9f": True, "77": False}},
    "guest": {"drawers": {}, "locked": False, "keys": {}},
    "lady": {"drawers": {"*": ["open"]}, "locked": False, "keys": {"ff": True}, "traits": ["person"]},
}


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    path = tmp_path / "cabinet.json"
    path.write_text(json.dumps({"holders": HOLDERS}), "utf-8")
    return Connection(id="cabinet:hall", kind="cabinet", name="hall", settings={"path": str(path), "write_path": str(path)})


def test_a_write_side_is_found_by_its_folder_and_only_against_an_approval():
    approval = Approval(plan="plan:1", by="dana", os_user="dana", at="2030-01-01T00:00:00Z")
    assert "cabinet" in registry.find("WRITER", PLUGINS, approval=approval)
    with pytest.raises(ValueError, match="approval"):
        registry.find("WRITER", PLUGINS)


def test_the_tiny_system_passes_the_kit_and_stands_as_before(connection: Connection):
    before = json.loads(Path(connection.settings["path"]).read_text("utf-8"))
    assert violations(Cabinet(), connection, {}, PLUGINS) == []
    after = json.loads(Path(connection.settings["path"]).read_text("utf-8"))
    assert sorted_lists(after) == sorted_lists(before)


def sorted_lists(value: Any) -> Any:
    """The state with the order of actions left out: canonical texts do not keep it."""
    if isinstance(value, dict):
        return {key: sorted_lists(inner) for key, inner in value.items()}
    return sorted(value) if isinstance(value, list) else value


class _Blind(CabinetReader):
    def current(self, step: Step) -> str | None:
        return step.after


class _BlindCabinet(Cabinet):
    """Reads back what the plan says instead of what is there."""

    def open(self, connection: Connection, environment: Mapping[str, str]) -> CabinetReader:
        return _Blind(connection)


class _Wide(Cabinet):
    """Narrows to more than there was."""

    def narrow(self, objects: Sequence[NativeObject], principal: str, keep: Sequence[AlignmentLine], label: str) -> Proposal:
        proposal = super().narrow(objects, principal, keep, label)
        steps = [msgspec.structs.replace(one, after='["empty", "fill", "open"]') for one in proposal.steps]
        return Proposal(steps=tuple(one for one in steps if one.before != one.after))


class _Greedy(Cabinet):
    """Takes what it was told to keep."""

    def narrow(self, objects: Sequence[NativeObject], principal: str, keep: Sequence[AlignmentLine], label: str) -> Proposal:
        return super().narrow(objects, principal, (), label)


class _Dreamer(Cabinet):
    """Derives something else than what happens."""

    def after(self, objects: Sequence[NativeObject], steps: Sequence[Step]) -> Sequence[NativeObject]:
        return objects


class _Hopeful(Cabinet):
    """Expects that a stopped holder still gets in."""

    def stop(self, objects: Sequence[NativeObject], principal: str, key_fingerprints: Sequence[str], label: str) -> Proposal:
        proposal = super().stop(objects, principal, key_fingerprints, label)
        return msgspec.structs.replace(proposal, probes=tuple(msgspec.structs.replace(one, is_allowed=True) for one in proposal.probes))


class _Idle(Cabinet):
    """Plans steps that change nothing."""

    def stop(self, objects: Sequence[NativeObject], principal: str, key_fingerprints: Sequence[str], label: str) -> Proposal:
        proposal = super().stop(objects, principal, key_fingerprints, label)
        return Proposal(steps=tuple(msgspec.structs.replace(one, after=one.before) for one in proposal.steps))


class _Stale(Cabinet):
    """Begins where the target is not."""

    def stop(self, objects: Sequence[NativeObject], principal: str, key_fingerprints: Sequence[str], label: str) -> Proposal:
        proposal = super().stop(objects, principal, key_fingerprints, label)
        return Proposal(steps=tuple(msgspec.structs.replace(one, before="true", after="false") for one in proposal.steps))


class _Stray(Cabinet):
    """Stops somebody else."""

    def stop(self, objects: Sequence[NativeObject], principal: str, key_fingerprints: Sequence[str], label: str) -> Proposal:
        return super().stop(objects, "cabinet:hall/guest" if principal.endswith("maid") else principal, key_fingerprints, label)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (_BlindCabinet(), "begins where its target is not"),
        (_Wide(), "newly allowed"),
        (_Greedy(), "what was to be kept is gone"),
        (_Dreamer(), "what `after` derives differs"),
        (_Hopeful(), "applied, it is stuck: "),
        (_Idle(), "a step changes nothing"),
        (_Stale(), "begins where its target is not"),
        (_Stray(), "about another identity"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Cabinet) else "",
)
def test_the_kit_tells_what_a_write_side_does_wrong(wrong: Cabinet, told: str, connection: Connection):
    assert any(told in problem for problem in violations(wrong, connection, {}, PLUGINS))


@pytest.mark.parametrize("fault", ["nothing", "half", "half-fails", "fails", "done-fails", "crashes"])
def test_the_kit_tells_of_hands_that_do_wrong(fault: str, connection: Connection):
    assert violations(Cabinet(), connection, {"CABINET_FAULT": f"{fault}@1"}, PLUGINS)


def test_an_empty_cabinet_proves_nothing(connection: Connection):
    Path(connection.settings["path"]).write_text(json.dumps({"holders": {"lady": HOLDERS["lady"]}}), "utf-8")
    assert violations(Cabinet(), connection, {}, PLUGINS) == ["there is no identity that may be changed: nothing was tried"]
    Path(connection.settings["path"]).write_text(json.dumps({"holders": {"guest": {**HOLDERS["guest"], "locked": True}}}), "utf-8")
    assert violations(Cabinet(), connection, {}, PLUGINS) == ["no plan had a step: nothing was tried"]
