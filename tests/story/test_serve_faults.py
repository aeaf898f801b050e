"""Bad input and faults: whatever comes, nothing is allowed that should not be, and the service goes on."""

from __future__ import annotations

import json
import random
import resource
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.story.serving import Served, question, raw, refused, remit_text, serving

QUESTION = json.dumps(question()).encode()
EVALUATION = "/access/v1/evaluation"
EVALUATIONS = "/access/v1/evaluations"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("faults")
    (folder / "cost-triage.yaml").write_text(remit_text())
    with serving(folder, folder / "state") as running:
        yield running
        assert running.allows(), "it still decides after everything"
        assert running.stop() == 0
        assert "Traceback" not in "".join(running.errors)


def post(body: bytes, *headers: bytes, path: str = EVALUATION, host: bytes = b"host: localhost") -> bytes:
    lines = [f"POST {path} HTTP/1.1".encode(), host, b"content-type: application/json", *headers]
    if not any(header.lower().startswith((b"content-length", b"transfer-encoding")) for header in headers):
        lines.append(b"content-length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


GARBAGE = {
    "nothing": b"",
    "a word": b"allow",
    "true": b"true",
    "a decision": b'{"decision":true}',
    "cut off": QUESTION[:-2],
    "twice": QUESTION * 2,
    "a list": b"[" + QUESTION + b"]",
    "duplicate members": QUESTION[:-1] + b',"action":{"name":"list"}}',
    "duplicate members, escaped": QUESTION[:-1] + b',"\\u0061ction":{"name":"list"}}',
    "NaN": QUESTION[:-1] + b',"context":{"n":NaN}}',
    "deep nesting": QUESTION[:-1] + b',"context":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_001,
    "deep lists": b"[" * 500_000,
    "not UTF-8": QUESTION.replace(b"read", b"re\xff"),
    "a byte order mark": b"\xef\xbb\xbf" + QUESTION,
    "UTF-16": QUESTION.decode().encode("utf-16"),
    "a lone surrogate": QUESTION.replace(b"read", b"\\ud800"),
    "too long": QUESTION[:-1] + b',"context":{"a":"' + b"x" * (1 << 20) + b'"}}',
    "a large number": QUESTION[:-1] + b',"context":{"a":' + b"9" * 100_000 + b"}}",
}


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS])
@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_an_error_and_never_an_allow(name: str, path: str, served: Served) -> None:
    status, answer = served.send("POST", path, GARBAGE[name])
    assert status == (413 if name == "too long" else 400)
    assert set(answer) == {"error"}
    assert len(json.dumps(answer)) < 2000


def test_random_damage_is_never_an_allow_of_something_else(served: Served) -> None:
    chance = random.Random(7)
    refused_count = 0
    for _ in range(300):
        damaged = bytearray(json.dumps(question(bucket="payroll")).encode())
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        status, answer = served.send("POST", EVALUATION, bytes(damaged))
        assert status in (200, 400)
        assert status == 400 or answer["decision"] is False
        refused_count += status == 400
    assert refused_count > 50


def test_many_members_of_a_large_body_are_read_in_time(served: Served) -> None:
    context = {str(number): [number, {"x": number}] for number in range(20_000)}
    assert served.send("POST", EVALUATION, question(context=context))[1]["decision"] is True


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /access/v1/evaluation HTTP/9.9\r\nhost: localhost\r\n\r\n",
        post(QUESTION, b"connection: close", path="http://evil.example.com" + EVALUATION, host=b"host: evil.example.com"),
        b"POST /access/v1/evaluation HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
        b"POST /access/v1/evaluation HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef",
        b"POST /access/v1/evaluation HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /access/v1/evaluation HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        post(QUESTION, b"connection: close").replace(b" HTTP/1.1", b" HTTP/1.0").replace(b"host: localhost\r\n", b""),
        post(QUESTION, b"connection: close", b"\r\n".join([b"x: " + b"y" * 1000] * 2000)),
        post(QUESTION, b"connection: close", b"x: " + b"y" * 2_000_000),
        post(QUESTION, b"connection: close", path=EVALUATION + "?a=" + "b" * 100_000 + "\x00"),
    ],
    ids=range(13),
)
def test_bytes_that_are_no_proper_request_are_never_allowed(sent: bytes, served: Served) -> None:
    assert b'"decision":true' not in raw(served.port, sent, is_half_closed=True)


def test_the_short_and_the_long_way_answer_alike(served: Served) -> None:
    """Requests that differ only in what makes the server take one way or the other."""
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(QUESTION), QUESTION)
    closing = b"connection: close"
    ways = [
        post(QUESTION) + post(QUESTION, closing),
        post(QUESTION, closing, b"x-request-id: a-7"),
        post(chunked, closing, b"transfer-encoding: chunked"),
        post(QUESTION, closing, b"expect: 100-continue"),
        post(QUESTION, closing, path=EVALUATIONS),
        post(QUESTION, closing, path=EVALUATION + "?x=1"),
        post(QUESTION, closing, path="/access/v1/%65valuation"),
    ]
    for way in ways:
        answered = raw(served.port, way)
        assert answered.count(b'"decision":true') == (2 if way is ways[0] else 1), way[:200]
        assert b"traceback" not in answered.lower()
    assert b"x-request-id: a-7\r\n" in raw(served.port, ways[1])
    assert b"x-request-id: a-8\r\n" in raw(served.port, post(QUESTION, b"x-request-id: a-8") + post(QUESTION, closing))


def test_pipelined_requests_are_answered_in_their_order(served: Served) -> None:
    kinds = [
        (post(QUESTION, b"x-request-id: 1"), b"x-request-id: 1"),
        (post(QUESTION, b"x-request-id: 2", path=EVALUATIONS), b"x-request-id: 2"),
        (post(QUESTION, b"x-request-id: 3"), b"x-request-id: 3"),
        (post(b"{", b"x-request-id: 4"), b"x-request-id: 4"),
        (post(QUESTION, b"x-request-id: 5"), b"x-request-id: 5"),
        (post(QUESTION, b"x-request-id: 6", b"connection: close"), b"x-request-id: 6"),
    ]
    answered = raw(served.port, b"".join(sent for sent, _ in kinds))
    found = [answered.find(mark) for _, mark in kinds]
    assert -1 not in found
    assert found == sorted(found)


def test_a_client_that_says_half_a_request_holds_up_nobody(served: Served) -> None:
    half = post(QUESTION)[:-10]
    connections = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(100)]
    try:
        for connection in connections:
            connection.sendall(half)
        assert served.allows()
        before = len(served.log())
    finally:
        for connection in connections:
            connection.close()
    assert served.allows()
    assert len(served.log()) == before + 1, "what was never said whole is not decided about"


def test_a_client_that_never_reads_its_answers_holds_up_nobody(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port)) as deaf:
        deaf.settimeout(0.5)
        try:
            for _ in range(4000):
                deaf.sendall(post(QUESTION) * 100)
        except TimeoutError:
            pass
        else:
            raise AssertionError("it was read from without end")
        assert served.allows()


def test_clients_at_the_same_time_are_all_answered_and_logged_once(served: Served) -> None:
    before = len(served.log())
    with ThreadPoolExecutor(16) as pool:
        answered = list(pool.map(lambda number: served.decide(bucket="payroll" if number % 2 else "billing-exports"), range(200)))
    assert [answer["decision"] for answer in answered] == [number % 2 == 0 for number in range(200)]
    logged = Counter(line["id"] for line in served.log()[before:])
    assert {logged[answer["context"]["id"]] for answer in answered} == {1}


def test_a_log_that_takes_nothing_denies_everything_until_it_does(tmp_path: Path) -> None:
    (tmp_path / "cost-triage.yaml").write_text(remit_text())
    limit = 8_000

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    with serving(tmp_path / "cost-triage.yaml", tmp_path / "state", before=small_disk) as served:
        assert served.allows()
        assert any(not served.allows() for _ in range(50)), "a file of this size is full by then"
        denied = served.decide()
        assert (denied["context"]["step"], "decision log" in denied["context"]["because"]) == (0, True)
        status, health = served.send("GET", "/readyz")
        assert (status, "decision log" in health["because"][0]) == (503, True)
        assert "remit_log_errors_total 0.0" not in served.send("GET", "/metrics")[1]
        log = served.state / "decisions/decisions.jsonl"
        log.rename(log.with_suffix(".old"))
        assert served.send("GET", "/readyz")[0] == 200
        assert served.allows()
        assert served.log()[-1]["outcome"] == "allow"


def test_a_log_that_is_no_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "cost-triage.yaml").write_text(remit_text())
    for log in ("/dev/full", str(tmp_path), str(tmp_path / "cost-triage.yaml/log.jsonl")):
        code, said = refused(tmp_path / "cost-triage.yaml", tmp_path / "state", "--log", log)
        assert (code, "decision log" in said or "log" in said) == (1, True), said


def test_a_quarantine_that_cannot_be_kept_says_so_and_still_stops_the_agent(tmp_path: Path) -> None:
    (tmp_path / "cost-triage.yaml").write_text(remit_text())
    with serving(tmp_path / "cost-triage.yaml", tmp_path / "state") as served:
        (tmp_path / "state/suspended.json").mkdir()
        status, answer = served.send("POST", "/api/v1/agents/cost-triage/quarantine", {"because": "x"})
        assert (status, "suspended.json" in answer["error"]) == (409, True)
        assert not served.allows()


def test_a_kill_in_the_middle_of_the_work_leaves_a_log_that_the_next_start_uses(tmp_path: Path) -> None:
    (tmp_path / "cost-triage.yaml").write_text(remit_text())
    state = tmp_path / "state"
    with serving(tmp_path / "cost-triage.yaml", state) as served:
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(served.allows) for _ in range(200)]
            asked[20].result()
            served.process.send_signal(signal.SIGKILL)
        answered = sum(1 for question in asked if not question.exception() and question.result())
        assert served.process.wait(20) == -signal.SIGKILL
    assert len(served.log()) >= answered >= 20, "nothing was answered that is not in the log"
    log = state / "decisions/decisions.jsonl"
    log.write_bytes(log.read_bytes() + b'{"v":1,"time":"20')
    with serving(tmp_path / "cost-triage.yaml", state) as served:
        assert served.allows()
        assert json.loads(log.read_bytes().splitlines()[-1])["outcome"] == "allow"


def test_a_damaged_list_of_quarantines_denies_everybody_while_it_runs(tmp_path: Path) -> None:
    (tmp_path / "cost-triage.yaml").write_text(remit_text())
    with serving(tmp_path / "cost-triage.yaml", tmp_path / "state") as served:
        assert served.allows()
        (tmp_path / "state/suspended.json").write_text("{")
        assert served.until(lambda: not served.allows())
        assert served.send("GET", "/readyz")[0] == 503
        (tmp_path / "state/suspended.json").unlink()
        assert served.until(served.allows)


def test_a_folder_that_goes_away_leaves_nobody_allowed(tmp_path: Path) -> None:
    folder = tmp_path / "remits"
    folder.mkdir()
    (folder / "cost-triage.yaml").write_text(remit_text())
    with serving(folder, tmp_path / "state") as served:
        assert served.allows()
        folder.rename(tmp_path / "gone")
        assert served.until(lambda: not served.allows())
        (tmp_path / "gone").rename(folder)
        assert served.until(served.allows)
