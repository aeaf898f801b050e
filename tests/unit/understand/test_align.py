"""Every case of tests/cases/understand/alignment.yaml, and what must hold of every alignment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.understand.worlds import CONCERNS, VOCABULARIES, grant, remit_of, use

from remit.model.access import PrincipalAccess, Unread
from remit.model.alignment import Alignment, AlignmentLine, Class
from remit.understand.align import align, needed_by

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "cases" / "understand" / "alignment.yaml").read_text(encoding="utf-8")
)


def alignment_of(case: dict[str, Any]) -> Alignment:
    grants = [grant(*entry) for entry in case["access"]]
    by_principal: dict[str, list[Any]] = {}
    for principal, access in grants:
        by_principal.setdefault(principal, []).append(access)
    access = [PrincipalAccess(principal=ref, access=tuple(found)) for ref, found in by_principal.items()]
    uses = [use(*entry) for entry in case["uses"]]
    return align("worker", remit_of(case["can"], case.get("never", [])), access, uses, VOCABULARIES, CONCERNS)


def shown(line: AlignmentLine, with_doubt: bool) -> str:
    columns = f" ({', '.join(line.columns)})" if line.columns else ""
    doubt = f" | {line.doubt}" if with_doubt and line.doubt else ""
    return f"{line.class_.value} | {line.action} | {line.resource}{columns}{doubt}"


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_every_entitlement_need_and_use_falls_in_its_class(case: dict[str, Any]) -> None:
    wanted = sorted(case["lines"])
    names = {line.rpartition(" | ")[0] for line in wanted if line.count(" | ") == 3}
    found = alignment_of(case).lines
    assert sorted(shown(line, shown(line, False) in names) for line in found) == wanted


def test_the_cases_reach_every_class() -> None:
    assert {line.partition(" | ")[0] for case in CASES for line in case["lines"]} == {each.value for each in Class}


def test_a_line_says_why_and_where() -> None:
    [needed] = alignment_of(next(case for case in CASES if case["name"] == "an action without a resource is needed on everything")).lines
    assert needed.why == "objective `work`: Do the work."
    assert needed.rule == "objectives.work.can[0]"
    assert [str(because.place) for because in needed.because] == [
        "remit.yaml:7",
        "arn:aws:iam::111111111111:role/worker#policy/work[0]",
        "log:1",
    ]
    assert (needed.count, needed.last_used) == (2, "2026-11-02T00:00:00Z")


def test_what_could_not_be_read_is_a_doubt_about_what_seems_missing() -> None:
    access = [PrincipalAccess(principal="arn:aws:iam::111111111111:role/worker", access=(), unread=(Unread(place="x", why="denied"),))]
    remit = remit_of([{"read": "aws:s3", "resource": "arn:aws:s3:::b/*"}])
    [line] = align("worker", remit, access, [], VOCABULARIES, CONCERNS).lines
    assert "could be read" in line.doubt
    [line] = align("worker", remit, [], [], VOCABULARIES, CONCERNS).lines
    assert line.doubt == "no identity of this agent in `aws` is known"


def test_what_is_to_stay_is_what_is_needed_of_that_identity() -> None:
    case = next(case for case in CASES if case["name"].startswith("a broad grant falls"))
    alignment = alignment_of(case)
    kept = needed_by(alignment, "arn:aws:iam::111111111111:role/worker")
    assert {line.action for line in kept} == {"s3:GetObject", "s3:GetObject*", "s3:List*"}
    assert needed_by(alignment, "arn:aws:iam::111111111111:role/other") == ()
