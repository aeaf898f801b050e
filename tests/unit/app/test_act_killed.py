"""Processes that are killed (SIGKILL) at every point of a plan: the next run goes on with it or takes it back, and nothing is stranded."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from tests.unit.app.test_act import AT, Hall, approval, sorted_drawers

from remit.app.act import apply, roll_back
from remit.model.errors import RefusedError
from remit.model.plan import Plan, PlanKind, PlanState
from remit.remedy.plan import draft_plan
from remit.store.records import Store

PLANS = [seed if seed < 2 else pytest.param(seed, marks=pytest.mark.real) for seed in range(10)]
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


class Deadly:
    """A store whose process is killed before or after its n-th write."""

    def __init__(self, store: Store, at: int, *, is_after: bool) -> None:
        self.store = store
        self.left = at
        self.is_after = is_after
        self.folder = store.folder

    def put(self, record: Any, *, seen: str, by: str = "") -> bool:
        self.left -= 1
        if self.left == 0 and not self.is_after:
            os.kill(os.getpid(), signal.SIGKILL)
        done = self.store.put(record, seen=seen, by=by)
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    def get(self, kind: type[Any], key: str) -> Any:
        return self.store.get(kind, key)

    def all(self, kind: type[Any], prefix: str = "") -> Any:
        return self.store.all(kind, prefix)

    def exclusive(self, what: str) -> AbstractContextManager[object]:
        return self.store.exclusive(what)

    def transaction(self) -> AbstractContextManager[object]:
        return self.store.transaction()


def holders(seed: int) -> dict[str, Any]:
    """Another cabinet for each plan."""
    chance = random.Random(seed)
    return {
        name: {
            "drawers": {
                drawer: sorted(chance.sample(["open", "fill", "empty"], chance.randint(1, 3)))
                for drawer in chance.sample(["linen", "silver", "wine", "*"], chance.randint(1, 2))
            },
            "locked": False,
            "keys": {"0a": True} if chance.random() < 0.5 else {},
        }
        for name in ["maid", "cook"][: chance.randint(1, 2)]
    }


def hall_of(folder: Path, seed: int, emptying: PlanKind = PlanKind.RETIRE) -> Hall:
    """A hall with a plan of a kind that the seed chooses; `emptying` is that of one that takes everything."""
    folder.mkdir()
    hall = Hall(folder, holders=holders(seed))
    way = (hall.system.retire, hall.system.narrow, hall.system.stop)[seed % 3]
    parts = [way(hall.objects(), f"cabinet:hall/{name}", (), "x") for name in hall.holders]
    hall.keep(draft_plan("plan:1", "tidy", (emptying, PlanKind.RIGHT_SIZE, PlanKind.QUARANTINE)[seed % 3], parts, AT))
    return hall


def killed(hall: Hall, folder: Path, run: Callable[..., Any], fault: str, at: int, *, is_after: bool) -> bool:
    """Runs in a process of its own; whether it was killed."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with Store.open(f"sqlite:///{folder}/remit.db") as store:
                run(Deadly(store, at, is_after=is_after), "plan:1", approval(), hall.means(fault))
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def finish(hall: Hall, before: dict[str, Any], *, forward: bool) -> None:
    """The next run: at most one more word of a person, and the plan is applied or undone, never stranded."""
    known = hall.store.get(Plan, "plan:1")
    assert known is not None
    if known.state is PlanState.REPLAYED:  # it died before anything was written down
        assert hall.holders == before
        return
    if known.kind is PlanKind.RETIRE and known.state is PlanState.APPLIED:
        with pytest.raises(RefusedError, match="for good"):
            hall.roll_back()
        forward = True
    run, wanted = (
        (hall.apply, PlanState.APPLIED) if forward and known.state is not PlanState.UNDOING else (hall.roll_back, PlanState.UNDONE)
    )
    plan = run()
    if plan.state is PlanState.STUCK:  # cut off half-way: it says so, and the next word is followed
        assert "half done, or changed by somebody else" in plan.stuck_because
        plan = run()
    assert plan.state is wanted
    objects = hall.objects()
    for probe in plan.probes if wanted is PlanState.APPLIED else ():
        assert hall.system.decides(objects, probe.principal, probe.action, probe.resource).is_allowed is probe.is_allowed
    if wanted is PlanState.UNDONE:
        assert sorted_drawers(hall.holders) == sorted_drawers(before)


@pytest.mark.parametrize("seed", PLANS)
@pytest.mark.parametrize("forward", [True, False], ids=["gone on with", "taken back"])
def test_killed_at_each_move_of_the_hand(seed: int, forward: bool, tmp_path: Path):
    number, tried = 0, 0
    while True:
        number += 1
        for fault in ("dies-before", "dies-half", "dies-after"):
            folder = tmp_path / f"{number}-{fault}"
            hall = hall_of(folder, seed)
            before = hall.holders
            was_killed = killed(hall, folder, apply, f"{fault}@{number}", 0, is_after=False)
            if was_killed:
                tried += 1
                finish(hall, before, forward=forward)
            hall.store.close()
        if not was_killed:
            break
    assert tried == 3 * (number - 1) >= 3


@pytest.mark.parametrize("seed", PLANS)
@pytest.mark.parametrize("is_after", [True, False], ids=["after a write", "before a write"])
def test_killed_at_each_write_of_the_journal(seed: int, is_after: bool, tmp_path: Path):
    number, tried = 0, 0
    while True:
        number += 1
        folder = tmp_path / str(number)
        hall = hall_of(folder, seed)
        before = hall.holders
        was_killed = killed(hall, folder, apply, "", number, is_after=is_after)
        if was_killed:
            tried += 1
            finish(hall, before, forward=bool(number % 2))
        hall.store.close()
        if not was_killed:
            break
    assert tried >= 4


@pytest.mark.parametrize("seed", PLANS)
def test_killed_while_it_is_taken_back(seed: int, tmp_path: Path):
    number = 0
    while True:
        number += 1
        for fault in ("dies-before", "dies-half", "dies-after"):
            folder = tmp_path / f"{number}-{fault}"
            # A retirement that is complete is not taken back, so what empties an identity is here of another kind.
            hall = hall_of(folder, seed, PlanKind.QUARANTINE)
            before = hall.holders
            assert hall.apply().state is PlanState.APPLIED
            was_killed = killed(hall, folder, roll_back, f"{fault}@{number}", 0, is_after=False)
            if was_killed:
                with pytest.raises(RefusedError, match="is being rolled back"):
                    hall.apply()
                finish(hall, before, forward=False)
            hall.store.close()
        if not was_killed:
            break
    assert number > 1
