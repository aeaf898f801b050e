"""The loop on organisations made from a seed, by commands alone; what holds is tried by boto3 and psycopg as the agent itself.

One organisation is judged in every run; ten more, with and without faults, by `-m real`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.estate import faults, score, story
from tests.estate.generate import build

SEEDS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
DRAFTED_FROM = (1, 2, 3, 4, 5)
"""Seeds whose remits written by hand are committed."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[story.Told]:
    with build(12, tmp_path_factory.mktemp("estate"), set(faults.ALL)) as estate:
        yield story.run(estate, acts=1, looks=3)


@pytest.mark.parametrize("stage", story.STAGES)
def test_an_organisation_with_every_fault_is_seen_as_it_is(told: story.Told, stage: str) -> None:
    assert told.problems[stage] == []


def test_all_five_classes_occur(told: story.Told) -> None:
    assert told.classes == story.expected_classes()


@pytest.mark.real
@pytest.mark.parametrize("planted", ["drawn", "none"])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_loop_runs_from_connect_to_retire(seed: int, planted: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with build(seed, tmp_path_factory.mktemp("estate"), None if planted == "drawn" else set()) as estate:
        told = story.run(estate, acts=2)
    assert {stage: problems for stage, problems in told.problems.items() if problems} == {}
    assert set(told.problems) == set(story.STAGES)


@pytest.mark.real
def test_drafts_meet_the_remits_written_by_hand(tmp_path_factory: pytest.TempPathFactory) -> None:
    total = score.Score()
    for seed in DRAFTED_FROM:
        with build(seed, tmp_path_factory.mktemp("estate")) as estate:
            total += story.drafts_of(estate)
    assert total.precision >= 0.95, sorted(total.wrong)
    assert total.recall >= 0.9, sorted(total.missed)
