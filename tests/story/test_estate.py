"""The loop on organisations made from a seed, by commands alone; what holds is tried by boto3 and psycopg as the agent itself.

One organisation is judged in every run; ten more, and three of them without a fault, by `-m real`. Each is one test: a run on several
workers must not make the same organisation twice.
"""

from __future__ import annotations

import pytest
from tests.estate import faults, story
from tests.estate.generate import build

DRAWN = tuple(range(1, 11))
FAULTLESS = (2, 6, 9)
DRAFTED_WHOLE = (1, 2, 3, 4, 5)
"""Seeds whose remits written by hand are committed: every agent is drafted and compared. Of the others those that show most."""
_LOOKS = 4


def _judged(seed: int, planted: set[str] | None, tmp_path_factory: pytest.TempPathFactory, looks: int | None) -> story.Told:
    with build(seed, tmp_path_factory.mktemp("estate"), planted) as estate:
        told = story.run(estate, acts=1, looks=looks)
    assert {stage: problems for stage, problems in told.problems.items() if problems} == {}
    assert tuple(told.problems) == story.STAGES
    return told


def test_an_organisation_with_every_fault_is_seen_as_it_is(tmp_path_factory: pytest.TempPathFactory) -> None:
    told = _judged(12, set(faults.ALL), tmp_path_factory, looks=3)
    assert told.classes == story.expected_classes()


@pytest.mark.real
@pytest.mark.parametrize("seed", DRAWN)
def test_the_loop_runs_from_connect_to_retire_and_finds_what_was_planted(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    told = _judged(seed, None, tmp_path_factory, looks=None if seed in DRAFTED_WHOLE else _LOOKS)
    assert told.drafts.precision >= 0.95, sorted(told.drafts.wrong)
    assert told.drafts.recall >= 0.9, sorted(told.drafts.missed)


@pytest.mark.real
@pytest.mark.parametrize("seed", FAULTLESS)
def test_an_organisation_without_a_fault_has_no_finding(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    _judged(seed, set(), tmp_path_factory, looks=_LOOKS)
