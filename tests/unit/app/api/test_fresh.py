import asyncio
from pathlib import Path

import pytest
from tests.story.serving import remit_text

from remit.app.api import fresh
from remit.app.api.fresh import STALE_SECONDS, FreshRemits, broken
from remit.app.remits import Remits


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def remits(tmp_path: Path) -> Remits:
    (tmp_path / "a.yaml").write_text(remit_text("a"))
    return Remits(tmp_path, suspended_path=tmp_path / "suspended.json")


def test_a_policy_that_was_not_looked_at_for_long_denies_everybody(remits: Remits) -> None:
    clock = Clock()
    following = FreshRemits(remits, lambda _text: None, clock)
    clock.now = STALE_SECONDS
    assert following.policy().fault == ""
    clock.now += 0.1
    assert "could not be looked at for 10 seconds" in following.policy().fault
    following.look()
    assert following.policy().fault == ""


def test_a_look_that_fails_denies_everybody_until_one_succeeds(remits: Remits, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    following = FreshRemits(remits, told.append, Clock())

    def fails() -> bool:
        raise MemoryError("none left")

    with monkeypatch.context() as broken_disk:
        broken_disk.setattr(remits, "refresh", fails)
        following.look()
        following.look()
        assert "MemoryError" in following.policy().fault
    assert len(told) == 1, "it is said once"
    following.look()
    assert following.policy().fault == ""


async def test_following_takes_over_what_changes(remits: Remits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "LOOK_SECONDS", 0.001)
    following = FreshRemits(remits, lambda _text: None)
    task = asyncio.ensure_future(following.follow())
    (tmp_path / "b.yaml").write_text(remit_text("b"))
    async with asyncio.timeout(10):
        while "b" not in following.policy().remits:
            await asyncio.sleep(0.001)
    task.cancel()


def test_agents_of_broken_files_are_named(remits: Remits, tmp_path: Path) -> None:
    assert broken(remits.policy) == {}
    (tmp_path / "a.yaml").write_text("remit: 1\n")
    remits.refresh()
    assert list(broken(remits.policy)) == ["a"]
