import asyncio
from typing import Any

import pytest
from tests.unit.points.authzen.fakes import ReadOnlyDecide

from remit.model.decision import Decision, Request
from remit.points.authzen.batch import MAX_BATCH, Batch


def request(action: str = "read") -> Request:
    return Request(agent="a", system="aws:s3", action=action, resource="x")


async def test_questions_of_one_tick_are_decided_together_and_answered_in_order() -> None:
    decide = ReadOnlyDecide()
    batch = Batch(decide)
    answered: list[Any] = []
    batch.ask([request("read")], lambda decisions: answered.append(("first", decisions)))
    batch.ask([request("delete"), request("read")], lambda decisions: answered.append(("second", decisions)))
    assert answered == []
    await asyncio.sleep(0)
    assert [len(batch) for batch in decide.batches] == [3]
    assert [(name, [d.outcome.value for d in decisions]) for name, decisions in answered] == [
        ("first", ["allow"]),
        ("second", ["deny", "allow"]),
    ]


async def test_the_next_tick_is_a_batch_of_its_own() -> None:
    decide = ReadOnlyDecide()
    batch = Batch(decide)
    for _ in range(2):
        batch.ask([request()], lambda _decisions: None)
        await asyncio.sleep(0)
    assert [len(batch) for batch in decide.batches] == [1, 1]


async def test_a_flood_is_decided_without_waiting_for_the_tick() -> None:
    decide = ReadOnlyDecide()
    batch = Batch(decide)
    answered: list[int] = []
    for number in range(MAX_BATCH):
        batch.ask([request()], lambda _decisions, number=number: answered.append(number))
    assert answered == list(range(MAX_BATCH))
    await asyncio.sleep(0)
    assert len(decide.batches) == 1


class Raises(ReadOnlyDecide):
    def __call__(self, requests: Any, session: Any = None) -> list[Decision]:
        raise RuntimeError("no")


class Forgets(ReadOnlyDecide):
    def __call__(self, requests: Any, session: Any = None) -> list[Decision]:
        return super().__call__(requests)[:-1]


@pytest.mark.parametrize("decide", [Raises(), Forgets()], ids=["raises", "forgets one"])
async def test_a_decider_that_fails_denies_all_that_it_was_asked(decide: ReadOnlyDecide) -> None:
    batch = Batch(decide)
    answered: list[Decision] = []
    batch.ask([request(), request()], answered.extend)
    await asyncio.sleep(0)
    assert [(decision.outcome.value, int(decision.step)) for decision in answered] == [("deny", 0)] * 2
    assert [decision.outcome.value for decision in batch.ask_until([request(), request()], "permit_on_first_permit")] == ["deny", "deny"]
