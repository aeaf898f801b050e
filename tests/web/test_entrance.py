"""Who gets in: whoever opens the one-time address, once; nobody else."""

from __future__ import annotations

import pytest
from tests.web.asking import ADDRESS, Client


def test_an_address_lets_in_once_and_the_next_one_is_another(own_client: Client) -> None:
    address = own_client.site.door.one_time_address.removeprefix(ADDRESS)
    first, second = own_client.stranger(), own_client.stranger()
    entered = first.send("GET", address)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"].lower()
    assert ("httponly" in cookie, "samesite=lax" in cookie, "remit-8686=" in cookie) == (True, True, True)
    assert (entered.headers["cache-control"], entered.headers["referrer-policy"]) == ("no-store", "same-origin")
    again = second.get(address)
    assert (again.status, again.title) == (401, "This address was used, or is not right")
    assert own_client.site.door.one_time_address.removeprefix(ADDRESS) != address
    assert own_client.site.door.one_time_address not in again.html


def test_whoever_is_signed_in_uses_up_no_address(own_client: Client) -> None:
    address = own_client.site.door.one_time_address
    assert own_client.get(address.removeprefix(ADDRESS)).leads_to == "/"
    assert own_client.site.door.one_time_address == address


def test_only_opening_it_uses_an_address_up(own_client: Client) -> None:
    address = own_client.site.door.one_time_address.removeprefix(ADDRESS)
    stranger = own_client.stranger()
    for method, path in (("HEAD", address), ("HEAD", "/" + address), ("POST", address), ("OPTIONS", address)):
        assert "set-cookie" not in stranger.send(method, ADDRESS + path).headers, (method, path)
    assert own_client.site.door.one_time_address.removeprefix(ADDRESS) == address
    assert stranger.send("GET", address).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-purpose": "prefetch"},
        {"sec-purpose": "prefetch;prerender", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
        {"Sec-Purpose": "prefetch;anonymous-client-ip"},
        {"purpose": "prefetch"},
        {"x-purpose": "preview"},
        {"x-moz": "prefetch"},
        {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "empty"},
        {"sec-fetch-mode": "cors", "sec-fetch-dest": "empty"},
        {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
        {"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
        {"sec-fetch-mode": "navigate", "sec-fetch-dest": "object"},
    ],
    ids=lambda headers: " ".join(headers.values()),
)
def test_what_is_fetched_before_or_without_somebody_who_opens_it_uses_no_address_up(headers: dict[str, str], own_client: Client) -> None:
    door = own_client.site.door
    address = door.one_time_address.removeprefix(ADDRESS)
    stranger = own_client.stranger()
    fetched = stranger.get(address, **headers)
    assert (fetched.status, fetched.title) == (403, "Open this address in a tab of its own")
    assert "set-cookie" not in fetched.headers
    assert fetched.headers["cache-control"] == "no-store"
    assert door.one_time_address.removeprefix(ADDRESS) == address
    opened = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "cross-site", "sec-fetch-user": "?1"}
    assert stranger.send("GET", address, headers=opened).status_code == 303, "a click on it in a chat is somebody who opens it"


def test_a_guess_that_is_fetched_ahead_tells_no_more_than_one_that_is_right(own_client: Client) -> None:
    right = own_client.site.door.one_time_address.removeprefix(ADDRESS)
    ahead = [own_client.stranger().get(path, **{"sec-purpose": "prefetch"}) for path in (right, "/enter/guessed")]
    assert ahead[0].status == ahead[1].status
    assert ahead[0].text == ahead[1].text


def test_signing_out_ends_the_session(own_client: Client) -> None:
    assert own_client.get("/jobs").status == 200
    assert own_client.post("/leave").leads_to == "/"
    assert own_client.get("/jobs").status == 401


def test_a_form_without_the_word_of_its_session_is_refused(own_client: Client) -> None:
    word = own_client.word
    for given in ("", "x", word[:-1], word + "x"):
        own_client.word = given
        assert own_client.post("/leave").status == 403
    own_client.word = word
    assert own_client.get("/jobs").status == 200


def test_a_form_of_a_page_of_somebody_else_is_refused(own_client: Client) -> None:
    data = {"word": own_client.word}
    stranger = "https://attacker.example"
    for headers in (
        {"origin": stranger},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"host": "attacker.example"},
    ):
        assert own_client.send("POST", "/leave", data=data, headers=headers).status_code == 403, headers
    assert own_client.send("POST", "/leave", json=data).status_code == 403
    assert own_client.get("/jobs").status == 200


def test_a_form_with_more_fields_than_ours_have_is_refused_unread(own_client: Client) -> None:
    body = f"word={own_client.word}" + "&a" * 100_000
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert own_client.send("POST", "/leave", content=body, headers=headers).status_code == 403
    assert own_client.get("/jobs").status == 200


def test_an_address_that_is_none_is_told_on_a_page_and_to_a_program_as_json(client: Client) -> None:
    for path in ("/nothing", "/nothing/here", "/static/nothing.js", "/enter", "/agents/x/y/z"):
        answer = client.get(path)
        assert (answer.status, answer.title) == (404, "Not found"), path
        assert answer.headers["content-security-policy"]
    assert client.send("GET", "/leave").status_code == 405
    assert client.get("/leave").title == "That did not work"
    for path in ("/api/nothing", "/metrics/nothing"):
        answer = client.get(path)
        assert (answer.status, answer.headers["content-type"]) == (404, "application/json"), path
