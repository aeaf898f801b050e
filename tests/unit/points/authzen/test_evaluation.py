from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from remit.model.decision import Decision, Obligation, Outcome, Request, Step
from remit.model.remit import Mode
from remit.points.authzen.evaluation import answer, read_evaluation, read_evaluations
from remit.points.authzen.strict import MalformedError
from remit.points.authzen.wire import Answer

CASES = yaml.safe_load((Path(__file__).parents[3] / "cases/authzen/single.yaml").read_text())
PLAIN: dict[str, Any] = {
    "subject": {"type": "agent", "id": "cost-triage"},
    "action": {"name": "read"},
    "resource": {"type": "aws:s3", "id": "arn:aws:s3:::billing-exports/a.csv"},
}


def body_of(case: dict[str, Any]) -> dict[str, Any]:
    merged = {**PLAIN, **case.get("body", {})}
    return {name: value for name, value in merged.items() if value is not None}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
@pytest.mark.parametrize("is_listed", [False, True], ids=["alone", "in a list"])
def test_a_question(case: dict[str, Any], is_listed: bool) -> None:
    body = body_of(case)
    if "status" in case and not is_listed:
        with pytest.raises(MalformedError):
            read_evaluation(msgspec.json.encode(body))
        return
    request = _listed(body) if is_listed else read_evaluation(msgspec.json.encode(body))
    assert request.is_understood == ("fault" not in case and "status" not in case)
    assert case.get("fault", "") in request.fault
    if request.is_understood:
        assert request.agent == "cost-triage"
        assert request.session == case.get("session", "")
        assert dict(request.arguments) == case.get("arguments", {})


def _listed(body: dict[str, Any]) -> Request:
    asked = read_evaluations(msgspec.json.encode({"evaluations": [body]}))
    assert isinstance(asked, tuple)
    (request,) = asked[0]
    return request


def test_a_member_that_stands_twice_is_named() -> None:
    body = msgspec.json.encode(PLAIN)[:-1] + b',"action":{"name":"delete"}}'
    with pytest.raises(MalformedError, match="`action` stands twice"):
        read_evaluation(body)


def test_a_duplicate_deep_in_a_list_of_evaluations_is_refused() -> None:
    body = b'{"evaluations":[' + msgspec.json.encode(PLAIN)[:-1] + b',"context":{"a":1,"a":2}}]}'
    with pytest.raises(MalformedError, match="`a` stands twice"):
        read_evaluations(body)


def test_shape_errors_use_words_of_json() -> None:
    with pytest.raises(MalformedError, match=r"expected `string`, got `int` - at `resource.id`"):
        read_evaluation(msgspec.json.encode({**PLAIN, "resource": {"type": "aws:s3", "id": 7}}))


def test_more_than_a_thousand_questions_are_refused() -> None:
    with pytest.raises(MalformedError, match="1000"):
        read_evaluations(msgspec.json.encode({**PLAIN, "evaluations": [{}] * 1001}))


def test_paths_in_arguments_are_resolved_through_links(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data/link").symlink_to(tmp_path / "secret")
    asked = {"a": f"{tmp_path}/data/link/x", "deep": [{"b": f"{tmp_path}/data/../data/y"}], "c": "relative", "n": "/a\0b"}
    body = {**PLAIN, "action": {"name": "t", "properties": asked}, "resource": {"type": "mcp:files", "id": "t"}}
    request = read_evaluation(msgspec.json.encode(body))
    assert request.is_understood
    root = str(tmp_path.resolve())
    assert request.paths == {f"{tmp_path}/data/link/x": f"{root}/secret/x", f"{tmp_path}/data/../data/y": f"{root}/data/y"}


def test_paths_that_would_keep_the_disk_busy_are_not_followed() -> None:
    def asked(properties: dict[str, Any]) -> Request:
        body = {**PLAIN, "action": {"name": "t", "properties": properties}, "resource": {"type": "mcp:files", "id": "t"}}
        return read_evaluation(msgspec.json.encode(body))

    assert asked({"a": [f"/{number}" for number in range(64)]}).is_understood
    assert "more than 64 paths" in asked({"a": [f"/{number}" for number in range(65)]}).fault
    long = asked({"a": "/x" * 400_000})
    assert (long.is_understood, dict(long.paths)) == (True, {})


@pytest.mark.parametrize(
    ("outcome", "decision"), [(Outcome.ALLOW, True), (Outcome.MODIFY, True), (Outcome.ASK, False), (Outcome.DENY, False)]
)
def test_only_allow_and_modify_answer_true(outcome: Outcome, decision: bool) -> None:
    assert answer(Decision(outcome=outcome, step=Step.LIMIT, because="x")).decision is decision


def test_an_answer_says_everything_about_its_decision() -> None:
    decision = Decision(
        id="d-1",
        outcome=Outcome.ALLOW,
        step=Step.NO_MATCH,
        because="observed only",
        rule="never[0]",
        line=14,
        path="remits/a.yaml",
        objective="o",
        would=Outcome.DENY,
        mode=Mode.OBSERVE,
        remit_hash="sha256:00",
        obligations=(Obligation(name="mask", value=["a"]),),
    )
    assert msgspec.json.decode(msgspec.json.encode(answer(decision))) == {
        "decision": True,
        "context": {
            "id": "d-1",
            "outcome": "allow",
            "step": 6,
            "because": "observed only",
            "reason_user": {"en": "observed only"},
            "rule": "never[0]",
            "path": "remits/a.yaml",
            "line": 14,
            "objective": "o",
            "would": "deny",
            "mode": "observe",
            "remit": "sha256:00",
            "obligations": [{"name": "mask", "value": ["a"]}],
        },
    }
    assert msgspec.json.decode(msgspec.json.encode(answer(decision)), type=Answer) == answer(decision)
