"""A draft as a file: the parser reads it, people see where each line comes from, and no text gets out of its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.understand.worlds import material_of

from remit.document.parse import parse
from remit.model.draft import Draft, DraftLine, DraftObjective, Origin, Reason, Unresolved
from remit.model.identity import Because
from remit.model.place import Place
from remit.model.verbs import SINK_VERBS, Verb
from remit.understand.document import document, quoted
from remit.understand.draft import draft

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "cases" / "understand" / "drafts.yaml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_file_says_what_the_draft_says(case: dict[str, Any]) -> None:
    found = draft(material_of(case))
    parsed = parse(document(found), "worker.yaml")
    needed = {(line.verb, line.system, line.resource) for line in found.lines if not line.is_observed_only}
    if not needed:
        assert parsed.remit is None
        return
    assert parsed.remit is not None, parsed.problems
    assert {(line.verb, line.system, line.resource) for _, line in parsed.remit.capabilities()} == needed
    assert [(never.verb, never.system, never.resource, never.outside) for never in parsed.remit.never] == [
        (never.verb, never.system, never.resource, never.outside) for never in found.never
    ]
    assert parsed.remit.owner.contact == "dana@example.com"
    assert set(parsed.remit.identities) == set(found.identities)


@pytest.mark.parametrize("purpose", ["Explains costs.", ""])
def test_no_comment_becomes_untrue_by_an_approval(purpose: str) -> None:
    """The text is signed as it was read, comments too."""
    found = replace(draft(material_of({"code": [["ce:GetCostAndUsage", None]]})), purpose=purpose, purpose_because=None)
    head, rest = document(found).split("remit: 1\n")
    assert "# The remit of agent:worker, drafted by remit from evidence" in head
    comments = " ".join(line for line in (head + rest).splitlines() if line.lstrip().startswith("#")).lower()
    for untrue in ("a draft", "remit approve", "not approved", "nobody approved", "holds"):
        assert untrue not in comments


def test_an_unknown_owner_is_a_place_to_fill() -> None:
    found = replace(draft(material_of({"code": [["ce:GetCostAndUsage", None]]})), contact=None)
    text = document(found)
    assert "remit owner worker PERSON" in text
    assert [problem.what for problem in parse(text).errors] == ["`contact` is empty"]


def test_what_only_use_shows_stands_there_as_a_comment_that_can_be_taken_up() -> None:
    case = {"code": [["ce:GetCostAndUsage", None]], "uses": [["sns:Publish", "arn:aws:sns:eu-west-1:111111111111:t", 3, 0]]}
    text = document(draft(material_of(case)))
    line = '- {transmit: "aws:sns", resource: "arn:aws:sns:eu-west-1:111111111111:t"}'.replace('"aws:sns"', "aws:sns")
    assert f"# {line}" in text
    assert "sns:Publish was used 3 times, last on 2026-11-02T00:00:00Z" in text
    taken = text.replace("    can:\n", f"    can:\n      {line}\n")
    parsed = parse(taken)
    assert parsed.remit is not None
    assert any(capability.verb == "transmit" for _, capability in parsed.remit.capabilities())


def test_beside_each_line_stands_where_it_comes_from() -> None:
    case = {"code": [["s3:GetObject", "arn:aws:s3:::b/a"]], "uses": [["s3:GetObject", "arn:aws:s3:::b/a", 2, 0]]}
    lines = document(draft(material_of(case))).splitlines()
    at = next(number for number, line in enumerate(lines) if line.strip().startswith("- {read: aws:s3"))
    assert lines[at - 2].strip() == "# inferred: worker/agent.py:10: code calls s3:GetObject"
    assert lines[at - 1].strip() == "# observed: log:1: s3:GetObject was used 2 times, last on 2026-11-02T00:00:00Z"


def test_a_long_comment_ends_after_a_whole_word_and_a_line_that_can_be_taken_up_is_whole() -> None:
    words = " ".join(f"word{number:03}" for number in range(80))
    folder = "a/" * 300
    found = replace(
        draft(material_of({"uses": [["s3:GetObject", f"arn:aws:s3:::b/{folder}x", 3, 0]]})),
        purpose_because=Because(place=Place("README.md"), text=words),
    )
    lines = document(found).splitlines()
    (about,) = [line for line in lines if "word000" in line]
    assert about.endswith(" ...")
    assert all(len(word) == len("word000") for word in about.split()[2:-1])
    (taken,) = [line for line in lines if line.startswith("# - {read")]
    assert yaml.safe_load(taken.removeprefix("# - "))["resource"].startswith("arn:aws:s3:::b/")


@pytest.mark.parametrize("verb", list(Verb))
@pytest.mark.parametrize("origin", list(Origin))
def test_what_text_alone_asks_for_is_marked_where_it_cannot_be_taken_back(verb: Verb, origin: Origin) -> None:
    because = Because(place=Place("README.md", 3), text="its README: it must")
    line = DraftLine(
        objective="a", verb=verb, system="aws:s3", resource="*", reasons=(Reason(origin=origin, because=because),), is_observed_only=False
    )
    case = draft(material_of({"code": [["s3:GetObject", None]]}))
    found = replace(case, objectives=(DraftObjective(name="a", why="because", because=(because,)),), lines=(line,))
    is_marked = "text alone asks for this" in document(found)
    assert is_marked is (verb in SINK_VERBS and origin is Origin.DECLARED)


HOSTILE = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from(list("#:{}[]&*!|>'\"%@`,-?\\\n\r\t\x00\x85\u2028\u2029\ufeff\u202e"))), max_size=40
)


def hostile_draft(texts: list[str]) -> Draft:
    purpose, why, resource, column, path, reason, identity, what = texts
    because = Because(place=Place(path or "x", 3), text=reason)
    line = DraftLine(
        objective="work",
        verb="read",
        system="aws:s3",
        resource=resource or "*",
        columns=(column,) if column.strip() else (),
        reasons=(Reason(origin=Origin.DECLARED, because=because),),
    )
    return Draft(
        agent="worker",
        purpose=purpose if purpose.strip() else "x",
        purpose_because=because,
        contact="dana@example.com",
        identities=(identity,),
        objectives=(DraftObjective(name="work", why=why if why.strip() else "x", because=(because,)),),
        lines=(line, replace(line, resource=f"{resource}2", is_observed_only=True)),
        unresolved=(Unresolved(what=what, because=because),),
    )


@settings(deadline=None, max_examples=300)
@given(st.lists(HOSTILE, min_size=8, max_size=8))
def test_no_text_gets_out_of_its_place(texts: list[str]) -> None:
    found = hostile_draft(texts)
    text = document(found)
    parsed = parse(text)
    [line] = [line for line in found.lines if not line.is_observed_only]
    surrogate = any(0xD800 <= ord(char) <= 0xDFFF for char in "".join(texts))
    if parsed.remit is None:
        # Only what the grammar itself refuses in this place may fail: never a key, a line or a document that was not there.
        assert surrogate or {problem.code for problem in parsed.errors} <= {"empty", "text", "resource", "pattern", "type"}, parsed.problems
        return
    remit = parsed.remit
    assert [objective.name for objective in remit.objectives] == ["work"]
    assert len(list(remit.capabilities())) == 1
    if not surrogate:
        assert next(remit.capabilities())[1].resource == line.resource
        assert remit.purpose == found.purpose
    assert remit.owner.contact == "dana@example.com"
    assert remit.never == ()


@settings(deadline=None, max_examples=300)
@given(HOSTILE)
def test_a_quoted_text_reads_back_as_itself(text: str) -> None:
    if any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        return
    rest = "owner: {contact: a}\nobjectives: {x: {why: y, can: [{read: aws:s3, resource: z}]}}"
    parsed = parse(f"remit: 1\nagent: x\npurpose: {quoted('x' + text)}\n{rest}")
    assert parsed.remit is not None, parsed.problems
    assert parsed.remit.purpose == "x" + text
