"""A team serves its store: pages for whoever opened the one-time address, an API for programs with the token, decisions for points."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.story.serving import Served, remit_text, serving_store, store_arguments

ROOT = Path(__file__).resolve().parents[2]
DANA = "dana@example.com"
AGENT = "/api/v1/agents/cost-triage"
SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


class Team:
    """A store with an approved remit, and the folders of whoever serves it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.path = folder / "data" / "store.sqlite3"
        self.store = f"sqlite:///{self.path}"

    def run(self, *words: str) -> str:
        """A command on the store."""
        done = self.tried(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def tried(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command that may fail."""
        environment = {**os.environ, "XDG_STATE_HOME": str(self.folder / "home")}
        full = [sys.executable, "-m", "remit", *words, "--store", self.store]
        return subprocess.run(full, capture_output=True, text=True, timeout=120, check=False, env=environment)

    @contextlib.contextmanager
    def serving(self, *more: str, **environment: str) -> Iterator[Served]:
        """The service on the store."""
        given = {"XDG_STATE_HOME": str(self.folder / "home"), **environment}
        with serving_store(self.store, self.state, *more, environment=given) as running:
            yield running


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Team:
    """Made once, by commands; each test has a copy of its own."""
    team = Team(tmp_path_factory.mktemp("team"))
    team.path.parent.mkdir()
    code = team.folder / "code"
    code.mkdir()
    (code / "agent.py").write_text(
        'from agents import Agent\n\ncost_triage = Agent(name="cost-triage", instructions="Explain cost anomalies.", model="gpt-5-mini")\n'
    )
    (team.folder / "cost-triage.yaml").write_text(remit_text())
    team.run("connect", "code", str(code))
    team.run("owner", "cost-triage", DANA)
    team.run("approve", str(team.folder / "cost-triage.yaml"), "--as", DANA)
    return team


@pytest.fixture
def team(made: Team, tmp_path: Path) -> Team:
    shutil.copytree(made.folder, tmp_path / "team")
    return Team(tmp_path / "team")


@pytest.fixture(scope="module")
def shared(made: Team, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One that is asked, and not changed."""
    folder = tmp_path_factory.mktemp("shared") / "team"
    shutil.copytree(made.folder, folder)
    with Team(folder).serving() as running:
        yield running


def one_time(text: str) -> str:
    """The path of the last one-time address in what was printed."""
    return re.findall(r"open http://[^/ ]+(/enter/[\w-]+)", text)[-1]


class Browser:
    """Keeps the cookie; sends what browsers send."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self.cookie = ""

    def send(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
        """Status, headers and text."""
        connection = http.client.HTTPConnection("127.0.0.1", self._served.port, timeout=20)
        with contextlib.closing(connection):
            sent = {"cookie": self.cookie} if self.cookie else {}
            if body:
                sent["content-type"] = "application/x-www-form-urlencoded"
            connection.request(method, path, body or None, {**sent, **headers})
            answer = connection.getresponse()
            text = answer.read().decode()
            found = {name.lower(): value for name, value in answer.getheaders()}
            if "set-cookie" in found:
                self.cookie = found["set-cookie"].partition(";")[0]
            return answer.status, found, text

    def enter(self) -> str:
        """Opens the address that the start printed; gives the word of the session."""
        assert self.send("GET", one_time(self._served.announced))[0] == 303
        found = re.search(r'name="word" value="([^"]+)"', self.send("GET", "/")[2])
        assert found is not None
        return found[1]


# --- who gets in ------------------------------------------------------------------------------------------------------


def test_the_start_says_where_the_ui_is_and_where_the_token_stands(shared: Served) -> None:
    assert re.search(rf"^open http://127\.0\.0\.1:{shared.port}/enter/[\w-]{{20,}}$", shared.announced, re.MULTILINE)
    assert str(shared.state / "operator-token") in shared.announced
    assert shared.token not in shared.announced


def test_the_address_signs_in_once_and_the_next_one_is_printed(team: Team) -> None:
    with team.serving() as served:
        path = one_time(served.announced)
        first, second = Browser(served), Browser(served)
        assert first.send("GET", "/")[0] == 401
        assert first.send("HEAD", path)[0] == 405, "looking at it does not use it up"
        assert first.send("GET", path)[0] == 303
        assert first.send("GET", "/")[0] == 200
        assert second.send("GET", path)[0] == 401
        assert served.process.stdout is not None
        line = next(line for line in served.process.stdout if line.startswith("open http"))
        assert re.fullmatch(rf"open http://127\.0\.0\.1:{served.port}/enter/[\w-]{{20,}}\n", line), "on a line of its own, as the first"
        following = one_time(line)
        assert following != path
        assert second.send("GET", following)[0] == 303
        assert second.send("GET", "/agents")[0] == 200
        assert served.stop() == 0
        assert not any("/enter/" in line for line in served.errors), "it stands in one place"


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "attacker.example"},
        {"host": "127.0.0.1.attacker.example:80"},
        {"origin": "https://attacker.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/agents", "/api/v1/agents", "/enter/x", "/static/remit.css", "/metrics"])
def test_another_host_or_origin_is_refused_before_anything_else(headers: dict[str, str], path: str, shared: Served) -> None:
    status, _, text = Browser(shared).send("GET", path, **headers)
    assert (status, "error" in json.loads(text)) == (403, True)


def test_a_form_without_the_word_of_its_session_is_refused(team: Team) -> None:
    with team.serving() as served:
        browser = Browser(served)
        word = browser.enter()
        origin = {"origin": f"http://127.0.0.1:{served.port}"}
        path = "/agents/cost-triage/quarantine"
        for body in ("because=x", "because=x&word=", "because=x&word=wrong", f"because=x&word={word}x"):
            assert browser.send("POST", path, body, **origin)[0] == 403
        stranger = Browser(served)
        assert stranger.send("POST", path, f"because=x&word={word}", **origin)[0] == 401
        assert browser.send("POST", path, f"because=x&word={word}", origin="https://attacker.example")[0] == 403
        assert served.allows()
        assert browser.send("POST", path, "because=x&word=" + "w" * 5_000_000, **origin)[0] == 413
        assert served.allows()
        assert browser.send("POST", path, f"because=x&word={word}&person={DANA}", **origin)[0] == 303
        assert not served.allows()
        assert served.stop() == 0


@pytest.mark.parametrize(
    "cookie", ["remit-0=x", "=", ";;;", "remit-%d=" + "x" * 5000, 'remit-%d="\\x00"', "remit-%d=a; remit-%d=b", "\xff\xfe"]
)
def test_a_cookie_that_is_none_lets_nobody_in(cookie: str, shared: Served) -> None:
    browser = Browser(shared)
    browser.cookie = cookie.replace("%d", str(shared.port))
    assert browser.send("GET", "/agents")[0] == 401
    assert browser.send("GET", "/api/v1/agents")[0] == 401


def test_the_api_wants_the_token_of_this_run_and_says_where_it_stands(shared: Served) -> None:
    status, answer = shared.send("GET", "/api/v1/agents")
    assert (status, str(shared.state / "operator-token") in answer["error"]) == (401, True)
    assert shared.send("GET", "/api/v1/agents", headers={"authorization": "Bearer wrong"})[0] == 401
    status, answer = shared.send("GET", "/api/v1/agents", headers={"authorization": f"Bearer {shared.token}"})
    assert (status, [agent["id"] for agent in answer["agents"]]) == (200, ["agent:cost-triage"])


def test_programs_need_no_token_to_ask_for_a_decision_or_how_it_is(shared: Served) -> None:
    assert shared.allows()
    assert not shared.allows(bucket="payroll")
    for path in ("/healthz", "/readyz", "/metrics", "/api/openapi.json", "/.well-known/authzen-configuration"):
        assert shared.send("GET", path)[0] == 200, path
    assert shared.send("GET", "/readyz")[1]["remits"] == 1


# --- decisions from the store -----------------------------------------------------------------------------------------


def test_decisions_obey_a_quarantine_of_another_process_at_the_next_call(team: Team) -> None:
    with team.serving() as served:
        assert served.allows()
        team.run("quarantine", "cost-triage", "--because", "it loops")
        denied = served.decide()
        assert (denied["decision"], denied["context"]["step"]) == (False, 1)
        team.run("release", "cost-triage")
        assert served.allows()


def test_a_quarantine_by_the_api_holds_at_the_next_call_and_ends_with_the_token_alone(team: Team) -> None:
    with team.serving() as served:
        status, given = served.send("POST", f"{AGENT}/quarantine", {"because": "it loops"})
        assert (status, given["state"], given["changed"]) == (200, "suspended", True)
        assert not served.allows()
        assert json.loads(team.run("agents", "--json"))["agents"][0]["state"] == "suspended"
        assert served.send("POST", f"{AGENT}/release")[0] == 401
        assert not served.allows()
        status, given = served.send("POST", f"{AGENT}/release", headers={"authorization": f"Bearer {served.token}"})
        assert (status, given["state"]) == (200, "active")
        assert served.allows()


def test_a_store_that_goes_away_denies_and_one_that_comes_back_decides(team: Team) -> None:
    with team.serving() as served:
        assert served.allows()
        team.path.parent.rename(team.folder / "moved")
        assert served.until(lambda: not served.allows())
        assert "store" in served.decide()["context"]["because"]
        assert served.send("GET", "/readyz")[0] == 503
        status, answer = served.send("GET", "/api/v1/agents", headers={"authorization": f"Bearer {served.token}"})
        assert (status, "store" in answer["error"]) == (409, True)
        assert not team.path.exists(), "no empty store was made in its place"
        (team.folder / "moved").rename(team.path.parent)
        assert served.until(served.allows)
        assert served.stop() == 0
        assert "Traceback" not in "".join(served.errors)


def test_decisions_show_as_they_happen_and_a_denial_becomes_a_finding(team: Team) -> None:
    with team.serving() as served:
        bearer = {"authorization": f"Bearer {served.token}"}
        denied = served.decide(bucket="payroll")["context"]["id"]

        def shown() -> list[str]:
            return [one["decision"] for one in served.send("GET", "/api/v1/decisions", headers=bearer)[1]["decisions"]]

        assert served.until(lambda: denied in shown(), attempts=400)
        why = served.send("GET", f"/api/v1/decisions/{denied}", headers=bearer)[1]
        assert (why["outcome"], bool(why["turn"])) == ("deny", True)

        def found() -> list[str]:
            return [one["rule"] for one in served.send("GET", "/api/v1/findings", headers=bearer)[1]["findings"]]

        assert served.until(lambda: "out-of-intent" in found(), attempts=800)


def test_a_log_elsewhere_is_followed_too(team: Team) -> None:
    with team.serving("--log", str(team.folder / "elsewhere.jsonl")) as served:
        bearer = {"authorization": f"Bearer {served.token}"}
        served.decide()
        assert served.until(lambda: bool(served.send("GET", "/api/v1/decisions", headers=bearer)[1]["decisions"]), attempts=400)


# --- starts that fail, and ends ---------------------------------------------------------------------------------------


def refused(team: Team, *more: str, **environment: str) -> tuple[int, str]:
    words = store_arguments(team.store, team.state, *more)
    full = {**os.environ, "XDG_STATE_HOME": str(team.folder / "home"), **environment}
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=full)
    assert "Traceback" not in ended.stderr, ended.stderr
    assert "open http" not in ended.stdout
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com"])
def test_another_address_than_loopback_is_refused(host: str, team: Team) -> None:
    code, told = refused(team, "--host", host)
    assert code == 1
    assert "loopback" in told


def test_a_taken_port_is_told(shared: Served, team: Team) -> None:
    code, told = refused(team, "--port", str(shared.port))
    assert (code, "address already in use" in told) == (1, True)


def test_a_second_service_on_the_same_state_folder_is_refused_and_the_first_goes_on(team: Team) -> None:
    with team.serving() as served:
        token = served.token
        code, told = refused(team)
        assert (code, "another `remit serve`" in told) == (1, True)
        assert served.token == token
        assert served.allows()


def test_a_store_that_is_none_is_told(team: Team) -> None:
    team.path.write_text("this is no database")
    code, told = refused(team)
    assert (code, "store" in told) == (1, True)


@pytest.mark.parametrize(
    ("words", "secret", "told"),
    [
        (("--webhook", "http://127.0.0.1:9/"), "", "REMIT_WEBHOOK_SECRET"),
        (("--webhook", "http://127.0.0.1:9/"), "short", "REMIT_WEBHOOK_SECRET"),
        (("--webhook", "ftp://127.0.0.1/"), SECRET, "http or https"),
        (("--webhook", "http://user:hunter2@127.0.0.1/"), SECRET, "login"),
    ],
)
def test_a_webhook_that_cannot_be_one_stops_the_start(words: tuple[str, ...], secret: str, told: str, team: Team) -> None:
    code, said = refused(team, *words, REMIT_WEBHOOK_SECRET=secret)
    assert (code, told in said) == (2, True)
    assert "hunter2" not in said
    assert SECRET not in said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_in_good_order_and_the_next_start_goes_on(number: int, code: int, team: Team) -> None:
    with team.serving() as served:
        served.decide()
        assert served.stop(number) == code
        assert [line["outcome"] for line in served.log()] == ["allow"]
        assert "Traceback" not in "".join(served.errors)
    with team.serving() as served:
        assert served.allows()
        assert served.stop() == 0


def test_the_token_of_the_last_run_is_void(team: Team) -> None:
    with team.serving() as served:
        old = served.token
        served.process.kill()
        served.process.wait(20)
    with team.serving() as served:
        assert served.token != old
        assert served.send("GET", "/api/v1/agents", headers={"authorization": f"Bearer {old}"})[0] == 401


# --- the webhook ------------------------------------------------------------------------------------------------------


class Receiver(ThreadingHTTPServer):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 204
        self.received: list[dict[str, Any]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.server.status == 204:
            self.server.received.append(body)
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_all: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_denials_and_findings_are_told_and_a_dead_receiver_holds_up_nothing(team: Team, receiver: Receiver) -> None:
    url = f"http://127.0.0.1:{receiver.server_address[1]}/T000/secret-path"
    receiver.status = 503
    with team.serving("--webhook", url, REMIT_WEBHOOK_SECRET=SECRET) as served:
        assert "told to http://127.0.0.1" in served.announced
        assert "secret-path" not in served.announced
        served.decide(bucket="payroll")
        assert served.until(lambda: any("503" in line for line in served.errors), attempts=800)
        assert served.allows()
        assert "remit_webhook_failing 1.0" in served.send("GET", "/metrics")[1]
        assert served.stop() == 0
        assert "secret-path" not in "".join(served.errors)
    receiver.status = 204
    with team.serving("--webhook", url, REMIT_WEBHOOK_SECRET=SECRET) as served:
        assert served.until(lambda: {one["type"] for one in receiver.received} == {"decision.denied", "finding.opened"}, attempts=800)
        denied = next(one for one in receiver.received if one["type"] == "decision.denied")
        assert denied["data"]["resources"] == [{"name": "arn:aws:s3:::payroll/a.csv"}]
        told = len(receiver.received)
        assert served.stop() == 0
    with team.serving("--webhook", url, REMIT_WEBHOOK_SECRET=SECRET) as served:
        served.decide(bucket="other")
        assert served.until(lambda: len(receiver.received) > told, attempts=800)
        again = [one["data"]["resources"][0]["name"] for one in receiver.received if one["type"] == "decision.denied"]
        assert again.count("arn:aws:s3:::payroll/a.csv") == 1
