"""A team runs the decision service from a folder of remits."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.story.serving import Served, question, raw, refused, remit_text, serving


@pytest.fixture
def remits(tmp_path: Path) -> Path:
    folder = tmp_path / "remits"
    folder.mkdir()
    (folder / "cost-triage.yaml").write_text(remit_text())
    return folder


@pytest.fixture
def served(remits: Path, tmp_path: Path) -> Iterator[Served]:
    with serving(remits, tmp_path / "state") as running:
        yield running


def test_it_says_what_it_serves(served: Served) -> None:
    assert "1 remit: cost-triage" in served.announced
    assert str(served.state / "decisions/decisions.jsonl") in served.announced


def test_a_request_is_decided_by_its_remit_and_logged_before_the_answer(served: Served) -> None:
    allowed = served.decide()
    assert allowed["decision"] is True
    assert allowed["context"]["objective"] == "explain"
    assert (allowed["context"]["rule"], allowed["context"]["line"]) == ("objectives.explain.can[0]", 9)
    assert served.log()[-1]["id"] == allowed["context"]["id"]
    denied = served.decide(bucket="payroll")
    assert (denied["decision"], denied["context"]["outcome"]) == (False, "deny")
    assert [line["outcome"] for line in served.log()] == ["allow", "deny"]
    assert served.log()[-1]["agent"] == "agent:cost-triage"


def test_an_unknown_agent_is_denied_and_logged(served: Served) -> None:
    denied = served.decide(agent="nobody")
    assert (denied["decision"], denied["context"]["step"]) == (False, 1)
    assert served.log()[-1]["agent"] == "agent:nobody"


def test_tools_are_decided_by_their_arguments(shared: Served) -> None:
    def asked(path: str, name: str = "read_text_file") -> bool:
        body = question()
        body["action"] = {"name": "read_text_file", "properties": {"path": path}}
        body["resource"] = {"type": "mcp:files", "id": name}
        return shared.send("POST", "/access/v1/evaluation", body)[1]["decision"] is True

    assert asked("/data/report.csv")
    assert not asked("/data/../etc/passwd")
    assert not asked("/database/x")
    assert not asked("/data/report.csv", name="write_file")


def test_each_item_of_a_list_is_answered_and_logged(served: Served) -> None:
    body = {**question(), "evaluations": [{}, {"action": {"name": "delete"}}, {"action": 7}]}
    status, answer = served.send("POST", "/access/v1/evaluations", body)
    assert status == 200
    assert [item["decision"] for item in answer["evaluations"]] == [True, False, False]
    assert len(served.log()) == 3


def test_observe_answers_true_and_says_what_would_have_been(remits: Path, tmp_path: Path) -> None:
    (remits / "cost-triage.yaml").write_text(remit_text(mode="observe"))
    with serving(remits, tmp_path / "state") as served:
        observed = served.decide(bucket="payroll")
        assert (observed["decision"], observed["context"]["would"]) == (True, "deny")


def test_a_quarantine_stops_at_once_survives_a_restart_and_ends_only_with_the_token(remits: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    path = "/api/v1/agents/cost-triage"
    with serving(remits, state) as served:
        assert served.allows()
        status, standing = served.send("POST", f"{path}/quarantine", {"because": "it loops"})
        assert (status, standing["state"], standing["changed"], standing["because"]) == (200, "suspended", True, "it loops")
        assert "it loops" in (state / "suspended.json").read_text()
        denied = served.decide()
        assert (denied["decision"], denied["context"]["step"]) == (False, 1)
        assert served.send("POST", f"{path}/quarantine", {"because": "again"})[1]["changed"] is False
        assert served.send("POST", f"{path}/release")[0] == 401
        assert served.send("POST", f"{path}/release", headers={"authorization": "Bearer wrong"})[0] == 401
        old = served.token
        served.process.send_signal(signal.SIGKILL)
        served.process.wait(20)
    with serving(remits, state) as served:
        assert "in quarantine: cost-triage" in served.announced
        assert not served.allows()
        assert served.token != old
        assert served.send("POST", f"{path}/release", headers={"authorization": f"Bearer {old}"})[0] == 401
        status, standing = served.send("POST", f"{path}/release", headers={"authorization": f"Bearer {served.token}"})
        assert (status, standing["state"], standing["changed"]) == (200, "active", True)
        assert served.allows()


def test_an_unknown_agent_cannot_be_quarantined(shared: Served) -> None:
    status, answer = shared.send("POST", "/api/v1/agents/nobody/quarantine", {"because": "x"})
    assert (status, "nobody" in answer["error"]) == (404, True)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"because":""}', b'{"because":7}', b'{"because":"a","because":"b"}', b'{"becuase":"x"}', b"[]"]
)
def test_a_quarantine_without_its_reason_is_refused(body: bytes, shared: Served) -> None:
    assert shared.send("POST", "/api/v1/agents/cost-triage/quarantine", body)[0] == 400
    assert shared.allows()


def test_the_token_is_for_its_owner_alone(shared: Served) -> None:
    assert stat.S_IMODE((shared.state / "operator-token").stat().st_mode) == 0o600


def test_the_folder_is_followed(served: Served, remits: Path) -> None:
    file = remits / "cost-triage.yaml"
    assert served.allows()
    file.write_text(remit_text(bucket="other"))
    assert served.until(lambda: served.allows(bucket="other") and not served.allows())
    file.write_text("remit: 1\nagent: cost-triage\nowner: [\n")
    assert served.until(lambda: not served.allows(bucket="other"))
    assert "cost-triage.yaml" in served.decide(bucket="other")["context"]["because"]
    status, health = served.send("GET", "/readyz")
    assert (status, list(health["denied"])) == (200, ["cost-triage"])
    file.write_text(remit_text())
    assert served.until(served.allows)
    (remits / "second.yaml").write_text(remit_text(agent="second"))
    assert served.until(lambda: served.allows(agent="second"))
    (remits / "second.yaml").unlink()
    assert served.until(lambda: not served.allows(agent="second"))
    assert served.decide(agent="second")["context"]["step"] == 1
    assert served.allows()


def test_a_second_remit_for_an_agent_leaves_it_denied(served: Served, remits: Path) -> None:
    (remits / "twin.yaml").write_text(remit_text(bucket="everything"))
    assert served.until(lambda: not served.allows())
    assert not served.allows(bucket="everything")
    (remits / "twin.yaml").unlink()
    assert served.until(served.allows)


def test_health_metrics_and_the_description_are_there(served: Served) -> None:
    served.allows()
    served.allows(bucket="payroll")
    assert served.send("GET", "/healthz")[0] == 200
    assert served.send("GET", "/readyz") == (200, {"status": "ok", "because": [], "remits": 1, "denied": {}})
    status, text = served.send("GET", "/metrics")
    assert status == 200
    assert 'remit_decisions_total{outcome="allow"} 1.0' in text
    assert 'remit_decisions_total{outcome="deny"} 1.0' in text
    assert "remit_decision_seconds_count 2.0" in text
    status, described = served.send("GET", "/api/openapi.json")
    assert status == 200
    assert {"/access/v1/evaluation", "/access/v1/evaluations", "/.well-known/authzen-configuration", "/healthz"} <= described[
        "paths"
    ].keys()
    assert not any("search" in path for path in described["paths"])


def test_what_is_not_built_is_not_found(shared: Served) -> None:
    for path in ("/", "/access/v1/search/subject", "/api/v1/agents", "/schema", "/.remit-openapi"):
        assert shared.send("GET", path)[0] == 404, path


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Host": "rebound.example.com"}, "Host"),
        ({"Host": "127.0.0.1.example.com:8686"}, "Host"),
        ({"Host": "10.0.0.1"}, "Host"),
        ({"Origin": "http://127.0.0.1:8686"}, "Origin"),
        ({"Origin": "null"}, "Origin"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/access/v1/evaluation"),
        ("POST", "/access/v1/evaluations"),
        ("GET", "/.well-known/authzen-configuration"),
        ("POST", "/api/v1/agents/cost-triage/quarantine"),
        ("POST", "/api/v1/agents/cost-triage/release"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/api/openapi.json"),
        ("GET", "/nothing"),
    ],
)
def test_a_browser_is_refused_on_every_route(method: str, path: str, headers: dict[str, str], why: str, shared: Served) -> None:
    status, answer = shared.send(method, path, question() if method == "POST" else None, headers)
    assert status == 403
    assert why in answer["error"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("shared")
    (folder / "cost-triage.yaml").write_text(remit_text())
    with serving(folder, folder / "state") as running:
        yield running


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9", "[::1]:8686", "127.0.0.1"])
def test_names_of_this_machine_are_taken(host: str, shared: Served) -> None:
    assert shared.send("POST", "/access/v1/evaluation", question(), {"Host": host})[1]["decision"] is True


def test_two_hosts_or_none_are_refused(shared: Served) -> None:
    body = json.dumps(question()).encode()
    head = b"POST /access/v1/evaluation HTTP/1.1\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n" % len(
        body
    )
    for hosts in (b"", b"host: localhost\r\nhost: evil.example.com\r\n", b"host: localhost\r\nhost: localhost\r\n"):
        assert raw(shared.port, head + hosts + b"\r\n" + body).startswith((b"HTTP/1.1 403", b"HTTP/1.1 400")), hosts


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_stops_in_good_order(number: int, code: int, served: Served) -> None:
    assert served.allows()
    assert served.stop(number) == code
    told = "".join(served.errors)
    assert "Traceback" not in told
    assert told.endswith("remit: ended: nothing is served any more\n")
    assert len(served.log()) == 1


def test_a_yaml_file_that_is_no_remit_is_skipped_and_named(remits: Path, tmp_path: Path) -> None:
    (remits / "compose.yaml").write_text("services: {}\n")
    with serving(remits, tmp_path / "state") as served:
        assert served.allows()
        assert served.stop() == 0
        assert "compose.yaml" in "".join(served.errors)


def test_one_file_is_enough(remits: Path, tmp_path: Path) -> None:
    with serving(remits / "cost-triage.yaml", tmp_path / "state", "--log", str(tmp_path / "my.jsonl")) as served:
        assert served.allows()
        assert len((tmp_path / "my.jsonl").read_text().splitlines()) == 1


def test_what_cannot_be_served_stops_the_start(remits: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    empty = tmp_path / "empty"
    empty.mkdir()
    code, said = refused(empty, state)
    assert (code, "no remit" in said) == (1, True)
    code, said = refused(tmp_path / "missing", state)
    assert (code, "missing" in said) == (1, True)
    (remits / "twin.yaml").write_text(remit_text())
    code, said = refused(remits, state)
    assert (code, "twin.yaml" in said and "cost-triage" in said) == (1, True)
    (remits / "twin.yaml").write_text(remit_text(agent="twin").replace("owner", "ownr").replace("read:", "raed:"))
    code, said = refused(remits, state)
    assert (code, "`ownr`" in said and "`raed`" in said) == (1, True)


def test_another_address_than_loopback_is_refused(remits: Path, tmp_path: Path) -> None:
    for host in ("0.0.0.0", "10.0.0.1", "::", "example.com"):
        code, said = refused(remits, tmp_path / "state", "--host", host)
        assert (code, "loopback" in said) == (1, True), said


def test_the_address_of_another_service_is_refused(served: Served, remits: Path, tmp_path: Path) -> None:
    code, said = refused(remits, tmp_path / "other", "--port", str(served.port))
    assert (code, f":{served.port}" in said and "in use" in said) == (1, True)
    assert "`--port 0` at any port that is free" in said
    assert served.allows()


def test_two_services_do_not_share_a_state_folder(served: Served, remits: Path) -> None:
    code, said = refused(remits, served.state)
    assert (code, "another `remit serve`" in said) == (1, True)
    assert served.allows()


@pytest.mark.parametrize("content", ["", "{", '{"v":1}', '{"v":1,"suspended":[]}', '{"v":9,"suspended":{}}', "\x00\xff"])
def test_quarantines_that_cannot_be_read_stop_the_start(content: str, remits: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "suspended.json").write_text(content)
    code, said = refused(remits, state)
    assert (code, "suspended.json" in said) == (1, True)


def test_a_state_folder_that_cannot_be_made_stops_the_start(remits: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, said = refused(remits, tmp_path / "file" / "state")
    assert (code, "state" in said) == (1, True)


@pytest.mark.parametrize("words", [["--remit", "."], ["--decisions-only"], ["--decisions-only", "--remit", ".", "--port", "x"]])
def test_without_all_that_it_needs_it_is_wrong_usage(words: list[str]) -> None:
    ended = subprocess.run([sys.executable, "-m", "remit", "serve", *words], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
