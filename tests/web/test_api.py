"""The API behind the web UI: who may use it, what it answers, and that it answers what the commands print."""

from __future__ import annotations

import json
import threading
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema
import msgspec
import pytest
from openapi_spec_validator import validate
from tests.web.asking import TOKEN, Client
from tests.web.world import COST_TRIAGE, DANA, HOSTILE, INVOICE_DESK, RETIRED, World

from remit.app.api import desk
from remit.app.api.store_description import document
from remit.app.jobs import Result
from remit.app.views.agents_json import agent_page_json, agents_json
from remit.model.plan import Plan, PlanState, StepState

BEARER = {"authorization": f"Bearer {TOKEN}"}
API = "/api/v1"


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return dict(msgspec.json.decode(document()))


def ask(client: Client, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    more: dict[str, Any] = {} if body is None else {"json": body}
    return client.stranger().send(method, API + path, headers={**BEARER, **headers}, **more)


def answer(client: Client, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    came = ask(client, method, path, body)
    assert came.status_code == status, came.text
    return came.json()


def held_to_its_shape(described: dict[str, Any], path: str, method: str, came: httpx.Response) -> None:
    operation = described["paths"][API + path][method]
    schema = operation["responses"][str(came.status_code)]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": described["components"]}).validate(came.json())


# --- the description -----------------------------------------------------------------------------------------------------------------


def test_the_description_is_valid_and_names_every_route(client: Client, described: dict[str, Any]) -> None:
    validate(described)
    given = client.stranger().send("GET", "/api/openapi.json")
    assert given.json() == described
    named = {operation["operationId"] for item in described["paths"].values() for operation in item.values()}
    assert {route.operation_id for route in desk.routes()} < named
    assert {"evaluate", "evaluateMany", "describePoint", "isAlive", "isReady", "readMetrics", "describeApi"} < named


def test_the_description_says_who_may_use_a_route(described: dict[str, Any]) -> None:
    for path, item in described["paths"].items():
        if path.startswith(API):
            for method, operation in item.items():
                named = {name for one in operation["security"] for name in one or ("nobody in particular",)}
                wanted = {"operator", "browser"} if method == "get" else {"operator"}
                assert named == (wanted | {"nobody in particular"} if path.endswith("/quarantine") else wanted), path


# --- who may -------------------------------------------------------------------------------------------------------------------------


def addresses(described: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (method.upper(), path.replace("{agent_id}", COST_TRIAGE).replace("{", "").replace("}", ""))
        for path, item in described["paths"].items()
        if path.startswith(API)
        for method in item
    ]


def test_without_a_token_nothing_is_read_or_changed_and_the_message_names_its_file(client: Client, described: dict[str, Any]) -> None:
    stranger = client.stranger()
    for method, path in addresses(described):
        if path.endswith("/quarantine"):
            continue
        came = stranger.send(method, path)
        assert came.status_code == 401, (method, path)
        assert "operator-token" in came.json()["error"]
        assert came.headers["www-authenticate"] == "Bearer"


def test_a_wrong_token_is_refused_everywhere_even_where_none_is_needed(client: Client, described: dict[str, Any]) -> None:
    for wrong in ("Bearer wrong", f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN[:-1]}", "Bearer \u00e9"):
        for method, path in addresses(described):
            # A browser that is signed in brings its cookie besides, which does not make a wrong token right.
            came = client.send(method, path, headers={"authorization": wrong.encode()})
            assert came.status_code == 401, (method, path, wrong)


def test_a_browser_that_is_signed_in_reads_and_changes_nothing(client: Client, described: dict[str, Any]) -> None:
    assert client.send("GET", f"{API}/agents").status_code == 200
    for headers in ({"sec-fetch-site": "same-site"}, {"sec-fetch-site": "cross-site"}):
        assert client.send("GET", f"{API}/agents", headers=headers).status_code == 401
    for method, path in addresses(described):
        if method != "GET" and not path.endswith("/quarantine"):
            assert client.send(method, path, json={}).status_code == 401, (method, path)


def test_a_request_from_a_page_or_for_another_host_is_refused_whatever_it_brings(client: Client) -> None:
    for headers in ({"origin": "http://127.0.0.1:8686"}, {"origin": "null"}, {"host": "attacker.example"}):
        for path in (f"{API}/agents", f"//api/v1/agents/{COST_TRIAGE}/plan", f"{API}/agents/{COST_TRIAGE}/quarantine"):
            came = client.send("POST", path, headers={**BEARER, **headers}, json={"because": "x"})
            assert came.status_code in (403, 404), (headers, path)
            assert "plan:" not in came.text


# --- reading -------------------------------------------------------------------------------------------------------------------------

READS = [
    ("/agents", {}),
    ("/agents/{agent_id}", {"agent_id": COST_TRIAGE}),
    ("/agents/{agent_id}", {"agent_id": f"agent:{HOSTILE}"}),
    ("/agents/{agent_id}", {"agent_id": RETIRED}),
    ("/agents/{agent_id}/draft", {"agent_id": INVOICE_DESK}),
    ("/agents/{agent_id}/draft", {"agent_id": HOSTILE}),
    ("/findings", {}),
    ("/plans", {}),
    ("/decisions", {}),
    ("/connections", {}),
    ("/jobs", {}),
]


@pytest.mark.parametrize(("path", "names"), READS, ids=[f"{path} {' '.join(names.values())}" for path, names in READS])
def test_what_is_read_has_the_shape_that_is_described(client: Client, described: dict[str, Any], path: str, names: dict[str, str]) -> None:
    came = ask(client, "GET", path.format(**names))
    assert came.status_code == 200, came.text
    held_to_its_shape(described, path, "get", came)
    assert came.headers["x-content-type-options"] == "nosniff"
    assert came.content.isascii()


def test_each_plan_finding_decision_and_connection_is_read_by_its_id(client: Client, described: dict[str, Any]) -> None:
    for path, key, of in (
        ("/plans", "plans", "plan"),
        ("/findings", "findings", "id"),
        ("/decisions", "decisions", "decision"),
        ("/connections", "connections", "id"),
    ):
        listed = answer(client, "GET", path)[key]
        assert listed, path
        one = {"plans": "plan_id", "findings": "finding_id", "decisions": "decision_id", "connections": "connection_id"}[key]
        for item in listed[:40]:
            came = ask(client, "GET", f"{path}/{quote(item[of], safe='')}")
            assert came.status_code == 200, came.text
            held_to_its_shape(described, f"{path}/{{{one}}}", "get", came)
            bare = item[of].partition(":")[2]
            if key in ("plans", "findings"):
                assert answer(client, "GET", f"{path}/{bare}") == came.json()


def test_agents_are_those_that_the_command_lists(client: Client, world: World) -> None:
    printed = json.loads(json.dumps(agents_json(world.current(), with_gone=True)))
    came = answer(client, "GET", "/agents?gone=true")
    assert came["agents"] == printed["agents"]
    assert came["coverage"]["files_read"] == printed["coverage"]["files_read"]
    assert (came["total"], came["next"]) == (len(printed["agents"]), None)


def test_an_agent_is_what_the_command_shows(client: Client, world: World) -> None:
    current = world.current()
    printed = json.loads(json.dumps(agent_page_json(current, current.known(COST_TRIAGE))))
    assert answer(client, "GET", f"/agents/{COST_TRIAGE}") == printed


def test_a_list_is_read_page_by_page_without_gap_or_repetition(client: Client) -> None:
    for path, key, of, following in (
        ("/agents", "agents", "id", "after"),
        ("/findings?closed=true", "findings", "id", "after"),
        ("/plans", "plans", "plan", "after"),
        ("/decisions", "decisions", "decision", "before"),
    ):
        sign = "&" if "?" in path else "?"
        whole = [item[of] for item in answer(client, "GET", f"{path}{sign}limit=1000")[key]]
        found: list[str] = []
        after = ""
        while True:
            came = answer(client, "GET", f"{path}{sign}limit=2{after}")
            assert len(came[key]) <= 2
            found += [item[of] for item in came[key]]
            if came["next"] is None:
                break
            after = f"&{following}={quote(came['next'], safe='')}"
        assert found == whole
        assert len(whole) == len(set(whole)) > 2, path


def test_lists_are_narrowed(client: Client) -> None:
    assert {one["state"] for one in answer(client, "GET", "/agents?state=suspended")["agents"]} == {"suspended"}
    assert [one["id"] for one in answer(client, "GET", f"/agents?text={COST_TRIAGE}&limit=1")["agents"]] == [f"agent:{COST_TRIAGE}"]
    assert {one["agent"] for one in answer(client, "GET", f"/plans?agent={COST_TRIAGE}")["plans"]} == {f"agent:{COST_TRIAGE}"}
    assert {one["kind"] for one in answer(client, "GET", "/plans?kind=quarantine")["plans"]} == {"quarantine"}
    assert {one["state"] for one in answer(client, "GET", "/findings?state=closed")["findings"]} <= {"closed"}
    denied = answer(client, "GET", "/decisions?denied=true")["decisions"]
    assert denied
    assert {one["outcome"] for one in denied} <= {"deny", "ask"}
    one = denied[0]["agent"]
    assert {item["agent"] for item in answer(client, "GET", f"/decisions?agent={one}")["decisions"]} == {one}


@pytest.mark.parametrize(
    "path",
    [
        "/agents/nobody", "/agents/NO%20id", "/agents/nobody/draft", "/plans/plan:00", "/plans/%3Cscript%3E", "/findings/finding:00",
        "/decisions/00", "/connections/aws:none", "/jobs/99", "/nothing", "/agents/a/b/c/d", "/findings?agent=nobody",
    ],
)  # fmt: skip
def test_what_is_not_there_is_404_in_words(client: Client, path: str) -> None:
    came = ask(client, "GET", path)
    assert came.status_code == 404
    assert came.json()["error"]
    assert came.content.isascii()


def test_a_store_that_is_gone_is_told_apart_from_what_is_not_there(own_client: Client, own_world: World) -> None:
    place = own_world.folder / "store.sqlite3"
    place.rename(place.with_name("elsewhere"))
    for method, path in (("GET", f"/agents/{COST_TRIAGE}"), ("GET", "/findings/nobody"), ("POST", f"/agents/{COST_TRIAGE}/quarantine")):
        came = ask(own_client, method, path, {"because": "x"} if method == "POST" else None)
        assert (came.status_code, "is not the file any more" in came.json()["error"]) == (409, True), path
    place.with_name("elsewhere").rename(place)
    assert ask(own_client, "GET", f"/agents/{COST_TRIAGE}").status_code == 200


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/agents?limit=0", "`limit`: Expected `int` >= 1"),
        ("/agents?limit=x", "`limit`: "),
        ("/agents?state=mad", "; it is one of `"),
        ("/agents?state=mad", "`state`: "),
        ("/agents?after=agent:nobody", "agent:nobody"),
        ("/agents?stat=active", "`stat`, which is not known here; it takes `state`, "),
        (f"/agents/{COST_TRIAGE}?state=active", "it takes none"),
        ("/plans?kind=x", "it is one of `right-size`, `quarantine`, `retire`"),
    ],
)
def test_a_question_that_is_none_is_400_and_says_what_would_be_one(client: Client, path: str, told: str) -> None:
    came = ask(client, "GET", path)
    assert came.status_code == 400
    assert told in came.json()["error"]


def test_head_is_answered_as_get_is_and_other_methods_are_refused(client: Client) -> None:
    head = ask(client, "HEAD", "/agents")
    assert (head.status_code, head.content) == (200, b"")
    assert ask(client, "DELETE", "/agents").status_code == 405


# --- changing ------------------------------------------------------------------------------------------------------------------------


def test_an_owner_is_set_by_the_claimed_person(own_client: Client, own_world: World, described: dict[str, Any]) -> None:
    came = ask(own_client, "PUT", f"/agents/{HOSTILE}/owner", {"owner": " robin@lumen.example ", "person": DANA})
    held_to_its_shape(described, "/agents/{agent_id}/owner", "put", came)
    assert (came.json()["owner"], came.json()["by"]) == ("robin@lumen.example", DANA)
    assert own_world.current().owner(HOSTILE) == "robin@lumen.example"
    assert answer(own_client, "PUT", f"/agents/{INVOICE_DESK}/owner", {"owner": "kim@lumen.example"})["by"] == "operator"


BAD_BODIES = [
    b"", b"{", b"[]", b'{"owner":7}', b'{"owner":""}', b'{"owner":"a","owner":"b"}', b'{"owner":"a","more":1}', b'{"owner":"a\\u0000b"}',
    b'{"owner":"a","person":" "}', b'{"owner":"a","person":"x\\u202e"}', b'{"owner":"\xff"}', b'{"owner":' + b"[" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_a_body_that_is_not_understood_changes_nothing(client: Client, world: World, body: bytes) -> None:
    before = world.store.sequence()
    headers = {**BEARER, "content-type": "application/json"}
    came = client.stranger().send("PUT", f"{API}/agents/{COST_TRIAGE}/owner", content=body, headers=headers)
    assert came.status_code == 400, came.text
    assert came.json()["error"]
    assert world.store.sequence() == before


def test_a_body_that_is_no_json_or_too_long_is_refused(client: Client) -> None:
    path = f"{API}/agents/{COST_TRIAGE}/owner"
    form = client.stranger().send("PUT", path, data={"owner": "a"}, headers=BEARER)
    assert (form.status_code, "content-type" in form.json()["error"]) == (400, True)
    long = client.stranger().send("PUT", path, json={"owner": "x" * 5_000_000}, headers=BEARER)
    assert long.status_code == 413


def test_a_remit_is_approved_by_who_may(own_client: Client, own_world: World, described: dict[str, Any]) -> None:
    path = f"/agents/{INVOICE_DESK}/remit"
    answer(own_client, "PUT", f"/agents/{INVOICE_DESK}/owner", {"owner": DANA})
    own = answer(own_client, "GET", f"/agents/{INVOICE_DESK}/draft")["document"]
    stranger = ask(own_client, "POST", path, {"document": own, "person": "mallory@elsewhere.example"})
    assert (stranger.status_code, "approver" in stranger.json()["error"]) == (409, True)
    came = ask(own_client, "POST", path, {"document": own, "person": DANA})
    assert came.status_code == 200, came.text
    held_to_its_shape(described, "/agents/{agent_id}/remit", "post", came)
    assert (came.json()["by"], came.json()["is_new"], came.json()["os_user"]) == (DANA, True, "operator")
    assert INVOICE_DESK in own_world.current().remits
    assert answer(own_client, "POST", path, {"document": own, "person": DANA})["is_new"] is False
    other = ask(own_client, "POST", f"/agents/{COST_TRIAGE}/remit", {"document": own, "person": DANA})
    assert (other.status_code, INVOICE_DESK in other.json()["error"]) == (400, True)


def test_a_document_with_problems_is_told_with_all_of_them(client: Client, described: dict[str, Any]) -> None:
    bad = "remit: 1\nagent: cost-triage\nmode: maybe\nobjectives: 7\n"
    came = ask(client, "POST", f"/agents/{COST_TRIAGE}/remit", {"document": bad})
    assert came.status_code == 422
    held_to_its_shape(described, "/agents/{agent_id}/remit", "post", came)
    assert len(came.json()["problems"]) > 1
    assert all(problem["path"] == "cost-triage.yaml" for problem in came.json()["problems"])


def test_a_finding_is_accepted_until_a_date(own_client: Client, described: dict[str, Any]) -> None:
    found = answer(own_client, "GET", "/findings?state=open")["findings"][0]
    path = f"/findings/{found['id']}/accept"
    for bad in ({"because": "x", "until": "2020-01-01"}, {"because": "x", "until": "soon"}, {"because": "", "until": "2999-01-01"}):
        assert ask(own_client, "POST", path, bad).status_code == 400
    refused = ask(own_client, "POST", path, {"because": "x", "until": "soon"})
    assert refused.json()["error"] == "`until` `soon` is not a date; write it like `2027-01-31`"
    came = ask(own_client, "POST", path, {"because": "moves in January", "until": "2999-01-31", "person": DANA})
    held_to_its_shape(described, "/findings/{finding_id}/accept", "post", came)
    assert (came.json()["state"], came.json()["accepted_by"]) == ("accepted", DANA)
    assert answer(own_client, "GET", path.removesuffix("/accept"))["state"] == "accepted"


def test_a_plan_is_made_and_applying_it_is_a_job(own_client: Client, described: dict[str, Any]) -> None:
    made = ask(own_client, "POST", f"/agents/{COST_TRIAGE}/plan")
    assert made.status_code == 201
    held_to_its_shape(described, "/agents/{agent_id}/plan", "post", made)
    plan = made.json()["plan"]
    assert made.headers["location"] == f"/api/v1/plans/{plan}"
    came = ask(own_client, "POST", f"/plans/{plan}/apply", {"person": DANA})
    assert came.status_code == 202, came.text
    held_to_its_shape(described, "/plans/{plan_id}/apply", "post", came)
    own_client.site.jobs.wait(20)
    ended = answer(own_client, "GET", came.headers["location"].removeprefix(API))
    assert (ended["state"], ended["plan"]) == ("failed", plan), "there is no server behind this world"
    assert ended["fault"]
    assert ask(own_client, "POST", f"/plans/{plan}/rollback", {"persn": DANA}).status_code == 400


def test_what_may_not_be_is_refused_with_the_reason_at_once(own_client: Client) -> None:
    stranger = {"person": "mallory@elsewhere.example"}
    assert ask(own_client, "POST", f"/agents/{COST_TRIAGE}/retire", stranger).status_code == 409
    assert ask(own_client, "POST", f"/agents/{RETIRED}/plan").status_code == 409
    assert ask(own_client, "POST", f"/agents/{RETIRED}/quarantine", {"because": "x"}).status_code == 409


def test_a_quarantine_without_a_token_denies_and_touches_no_identity(
    own_client: Client, own_world: World, described: dict[str, Any]
) -> None:
    plans = len(answer(own_client, "GET", "/plans?limit=1000")["plans"])
    came = own_client.stranger().send("POST", f"{API}/agents/{COST_TRIAGE}/quarantine", json={"because": "odd calls"})
    assert came.status_code == 200, came.text
    held_to_its_shape(described, "/agents/{agent_id}/quarantine", "post", came)
    given = came.json()
    assert (given["state"], given["changed"], given["because"], given["job"]) == ("suspended", True, "odd calls", None)
    assert "token" in given["identities"]
    assert len(answer(own_client, "GET", "/plans?limit=1000")["plans"]) == plans
    assert own_world.current().state(COST_TRIAGE) == "suspended"
    assert own_world.current().standings[COST_TRIAGE].by == "operator"
    bystander = own_client.stranger().send("POST", f"{API}/agents/{COST_TRIAGE}/quarantine", json={"because": "x"})
    assert (bystander.json()["state"], bystander.json()["changed"]) == ("suspended", False)
    for told in (came, bystander):
        held_to_its_shape(described, "/agents/{agent_id}/quarantine", "post", told)
        assert (told.json()["also_affects"], told.json()["unreached"]) == (None, None), "which agents and logs there are is the operator's"
    assert "odd calls" not in bystander.text, "nor what somebody else said of it"
    unknown = own_client.stranger().send("POST", f"{API}/agents/{COST_TRIAGE[:-1]}/quarantine", json={"because": "x"})
    assert (unknown.status_code, COST_TRIAGE in unknown.text) == (404, False)
    operators = ask(own_client, "POST", f"/agents/{COST_TRIAGE[:-1]}/quarantine", {"because": "x"})
    assert (operators.status_code, COST_TRIAGE in operators.text) == (404, True)
    claimed = own_client.stranger().send("POST", f"{API}/agents/{COST_TRIAGE}/quarantine", json={"because": "x", "person": DANA})
    assert claimed.status_code == 400
    unsigned = own_client.stranger().send("POST", f"{API}/agents/{COST_TRIAGE}/release")
    assert unsigned.status_code == 401
    released = ask(own_client, "POST", f"/agents/{COST_TRIAGE}/release")
    held_to_its_shape(described, "/agents/{agent_id}/release", "post", released)
    assert (released.status_code, released.json()["state"], released.json()["changed"]) == (200, "active", True)
    assert ask(own_client, "POST", f"/agents/{COST_TRIAGE}/release").json()["changed"] is False


def test_with_the_token_identities_are_stopped_and_put_back_by_jobs(
    own_client: Client, own_world: World, described: dict[str, Any]
) -> None:
    came = ask(own_client, "POST", f"/agents/{COST_TRIAGE}/quarantine", {"because": "odd calls", "person": DANA})
    assert came.status_code == 200, came.text
    held_to_its_shape(described, "/agents/{agent_id}/quarantine", "post", came)
    assert came.json()["state"] == "suspended"
    assert came.json()["also_affects"]
    assert came.json()["unreached"]
    identifier = came.json()["job"]["plan"]
    plan = answer(own_client, "GET", f"/plans/{identifier}")
    assert (plan["kind"], plan["agent"], bool(plan["steps"])) == ("quarantine", f"agent:{COST_TRIAGE}", True)
    own_client.site.jobs.wait(20)
    kept = own_world.store.get(Plan, identifier)
    assert kept is not None
    done = msgspec.structs.replace(kept, state=PlanState.APPLIED, step_states=(StepState.DONE,) * len(kept.steps))
    own_world.store.put(done, seen=own_world.at)
    released = ask(own_client, "POST", f"/agents/{COST_TRIAGE}/release", {"person": DANA})
    held_to_its_shape(described, "/agents/{agent_id}/release", "post", released)
    assert (released.status_code, released.json()["state"], released.json()["job"]["plan"]) == (202, "suspended", identifier)
    own_client.site.jobs.wait(20)


def test_a_stop_that_finds_too_much_under_way_denies_and_says_what_is_left(
    own_client: Client, own_world: World, described: dict[str, Any]
) -> None:
    over = threading.Event()
    try:
        for _ in range(8):
            own_client.site.jobs.start("wait", lambda _: Result(is_failed=not over.wait(20)))
        came = ask(own_client, "POST", f"/agents/{COST_TRIAGE}/quarantine", {"because": "odd calls", "person": DANA})
    finally:
        over.set()
    assert came.status_code == 200, came.text
    held_to_its_shape(described, "/agents/{agent_id}/quarantine", "post", came)
    assert (came.json()["state"], came.json()["job"]) == ("suspended", None)
    assert "are not stopped yet: 8 pieces of work are under way" in came.json()["identities"]
    assert own_world.current().state(COST_TRIAGE) == "suspended"


@pytest.mark.parametrize("body", [{}, {"because": ""}, {"because": " "}, {"because": 7}, {"becuase": "x"}])
def test_a_quarantine_without_its_reason_is_refused(client: Client, body: Any) -> None:
    assert client.stranger().send("POST", f"{API}/agents/{INVOICE_DESK}/quarantine", json=body).status_code == 400


def test_a_scan_is_a_job(own_client: Client, described: dict[str, Any]) -> None:
    came = ask(own_client, "POST", "/scan", {"connection": "code:company"})
    assert came.status_code == 202, came.text
    held_to_its_shape(described, "/scan", "post", came)
    own_client.site.jobs.wait(60)
    assert answer(own_client, "GET", f"/jobs/{came.json()['id']}")["state"] == "done"
    assert ask(own_client, "POST", "/scan", {"connection": "code:none"}).status_code == 404


def test_nothing_is_scanned_where_nothing_is_connected(empty_client: Client) -> None:
    assert ask(empty_client, "POST", "/scan").status_code == 409
    assert answer(empty_client, "GET", "/agents") == {
        "agents": [],
        "coverage": {
            "files_read": 0,
            "files_skipped": [],
            "unresolved": [],
            "connections": [],
            "counts": {"may_hide": 0, "left_out": 0, "nothing_looked_for": 0, "not_settled": 0},
        },
        "total": 0,
        "next": None,
    }
