import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from tests.unit.points.authzen.fakes import ReadOnlyDecide, posted
from tests.unit.points.authzen.test_evaluation import PLAIN

from remit.points.authzen.asgi import AuthzenApplication, respond
from remit.points.authzen.service import EVALUATION, EVALUATIONS, METADATA, Service
from remit.points.authzen.strict import MAX_BYTES
from remit.points.authzen.wire import Metadata

LISTS = yaml.safe_load((Path(__file__).parents[3] / "cases/authzen/lists.yaml").read_text())
QUESTION = msgspec.json.encode(PLAIN)


async def not_found(_scope: Any, _receive: Any, send: Any) -> None:
    await respond(send, 404, b"{}", [])


@pytest.fixture
def decide() -> ReadOnlyDecide:
    return ReadOnlyDecide()


@pytest.fixture
def app(decide: ReadOnlyDecide) -> AuthzenApplication:
    return AuthzenApplication(Service(decide), not_found)


async def test_a_question_is_answered(app: AuthzenApplication) -> None:
    status, headers, body = await posted(app, EVALUATION, QUESTION)
    assert (status, headers["content-type"]) == (200, "application/json")
    answered = msgspec.json.decode(body)
    assert answered["decision"] is True
    assert answered["context"]["rule"] == "objectives.o.can[0]"


@pytest.mark.parametrize("case", LISTS, ids=[case["name"] for case in LISTS])
async def test_a_list(case: dict[str, Any], app: AuthzenApplication, decide: ReadOnlyDecide) -> None:
    shared = {"subject": PLAIN["subject"], "resource": PLAIN["resource"]}
    status, _, body = await posted(app, EVALUATIONS, msgspec.json.encode({**shared, **case["body"]}))
    answered = msgspec.json.decode(body)
    assert status == case.get("status", 200), answered
    if "decisions" in case:
        assert [item["decision"] for item in answered["evaluations"]] == case["decisions"]
        assert "decision" not in answered
        assert len(decide.asked) == case.get("asked", len(case["decisions"]))
    elif "decision" in case:
        assert answered["decision"] is case["decision"]
    else:
        assert set(answered) == {"error"}
        assert decide.asked == []
    if "arguments" in case:
        assert [dict(request.arguments) for request in decide.asked] == case["arguments"]


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS])
@pytest.mark.parametrize("content_type", ["text/plain", "", "application/x-www-form-urlencoded", "application/json; charset=utf-16"])
async def test_another_content_type_is_refused(path: str, content_type: str, app: AuthzenApplication, decide: ReadOnlyDecide) -> None:
    status, _, body = await posted(app, path, QUESTION, {"content-type": content_type})
    assert (status, decide.asked) == (400, [])
    assert b"application/json" in body


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", 'application/json;charset="UTF-8"'])
async def test_spellings_of_json_are_taken(content_type: str, app: AuthzenApplication) -> None:
    assert (await posted(app, EVALUATION, QUESTION, {"content-type": content_type}))[0] == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
async def test_another_method_is_refused(method: str, app: AuthzenApplication, decide: ReadOnlyDecide) -> None:
    status, headers, _ = await posted(app, EVALUATION, QUESTION, method=method)
    assert (status, headers["allow"], decide.asked) == (405, "POST", [])


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "streamed"])
async def test_a_body_that_is_too_long_is_refused(announced: bool, app: AuthzenApplication, decide: ReadOnlyDecide) -> None:
    body = QUESTION[:-1] + b',"context":{"a":"' + b"x" * MAX_BYTES + b'"}}'
    headers = {"content-length": str(len(body))} if announced else {}
    status, _, answered = await posted(app, EVALUATION, body, headers)
    assert (status, decide.asked) == (413, [])
    assert str(MAX_BYTES).encode() in answered


@pytest.mark.parametrize("body", [QUESTION, b"{", b'{"a":1}'], ids=["answered", "no JSON", "no evaluation"])
async def test_the_request_id_comes_back(body: bytes, app: AuthzenApplication) -> None:
    _, headers, _ = await posted(app, EVALUATION, body, {"X-Request-ID": "bfe9-1"})
    assert headers["x-request-id"] == "bfe9-1"


async def test_no_request_id_is_made_up(app: AuthzenApplication) -> None:
    assert "x-request-id" not in (await posted(app, EVALUATION, QUESTION))[1]


async def test_metadata_names_only_what_is_built(app: AuthzenApplication) -> None:
    status, _, body = await posted(app, METADATA, b"", {"host": "localhost:9000"}, method="GET")
    assert status == 200
    assert msgspec.json.decode(body, type=Metadata).access_evaluation_endpoint == f"http://localhost:9000{EVALUATION}"
    assert set(msgspec.json.decode(body)) == {"policy_decision_point", "access_evaluation_endpoint", "access_evaluations_endpoint"}
    assert (await posted(app, METADATA, b""))[0] == 405


async def test_everything_else_is_handed_on(app: AuthzenApplication) -> None:
    for path in ("/", "/access/v1/search/subject", "/access/v1/evaluation/", "/ACCESS/v1/evaluation"):
        assert (await posted(app, path, QUESTION))[0] == 404


async def test_a_client_that_leaves_before_its_body_ends_is_not_decided_about(app: AuthzenApplication, decide: ReadOnlyDecide) -> None:
    messages = [{"type": "http.request", "body": QUESTION[:-1], "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    await app({"type": "http", "method": "POST", "path": EVALUATION, "scheme": "http", "headers": headers}, receive, send)
    assert decide.asked == []


async def test_a_client_that_leaves_while_it_waits_does_not_disturb_the_others(app: AuthzenApplication, decide: ReadOnlyDecide) -> None:
    waiting = [asyncio.ensure_future(posted(app, EVALUATION, QUESTION)) for _ in range(3)]
    for _ in range(20):
        await asyncio.sleep(0)
        if decide.asked:
            break
        waiting[1].cancel()
    answered = await asyncio.gather(*waiting, return_exceptions=True)
    assert answered[0][0] == answered[2][0] == 200  # type: ignore[index]


async def test_questions_at_the_same_time_are_one_batch(app: AuthzenApplication, decide: ReadOnlyDecide) -> None:
    answered = await asyncio.gather(*(posted(app, EVALUATION, QUESTION) for _ in range(16)))
    assert {status for status, _, _ in answered} == {200}
    assert [len(batch) for batch in decide.batches] == [16]
