"""Work that was begun by a click: it shows what it does, can be left and is found again, and says what came of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.web import hostile
from tests.web.asking import TOKEN, Client, Runner, joined
from tests.web.world import DANA, World

from remit.app.jobs import Job, Jobs, Result, Say
from remit.model.errors import RefusedError


@contextmanager
def under_way(client: Client, said: str) -> Iterator[str]:
    """A job that says something and goes on until the end of the block; its id."""
    told, go_on = threading.Event(), threading.Event()

    def work(say: Say) -> Result:
        say(said)
        told.set()
        go_on.wait(20)
        return Result(said=("three things were read",), link="/connections")

    job = client.site.jobs.start("Scan code:shop", work)
    assert told.wait(20)
    try:
        yield job.id
    finally:
        go_on.set()
        client.site.jobs.wait(20)


def test_a_job_that_runs_shows_what_it_does_and_every_page_leads_to_it(own_client: Client) -> None:
    with under_way(own_client, "1,204 files looked at") as identifier:
        page = own_client.get(f"/jobs/{identifier}")
        assert "under way" in page.text
        assert "1,204 files looked at" in page.text
        assert [part for part in page.main.all("div") if part.get("data-live")]
        assert '<meta http-equiv="refresh"' in page.html
        assert f"/jobs/{identifier}" in own_client.get("/agents").document.one("header").parent.text or any(
            link.get("href") == f"/jobs/{identifier}" for link in own_client.get("/agents").document.all("a")
        )
        assert "1,204 files looked at" in own_client.get("/jobs").text
    done = own_client.get(f"/jobs/{identifier}")
    assert "done" in done.text
    assert "three things were read" in done.text
    assert "/connections" in done.links
    assert not [part for part in done.main.all("div") if part.get("data-live")]
    assert "refresh" not in done.html
    assert f"/jobs/{identifier}" in own_client.get("/").links


def test_what_failed_says_why_and_hostile_words_stay_words(own_client: Client) -> None:
    def work(say: Say) -> Result:
        raise RefusedError(f"the folder `{hostile.EVERYTHING}` cannot be read")

    job = own_client.site.jobs.start(f"Scan {hostile.SCRIPT}", work)
    own_client.site.jobs.wait(20)
    for path in (f"/jobs/{job.id}", "/jobs", "/"):
        page = own_client.get(path)
        assert "failed" in page.text
        for written in hostile.NEVER_IN_A_PAGE:
            assert written not in page.html


def test_a_plan_that_is_being_carried_out_leads_to_the_job_that_does_it(own_client: Client, own_world: World) -> None:
    go_on = threading.Event()

    def work(_say: Say) -> Result:
        go_on.wait(20)
        return Result()

    job = own_client.site.jobs.start("Apply", work, plan=own_world.plans["open"])
    page = own_client.post(f"/plans/{own_world.plans['open']}/apply", person=DANA)
    go_on.set()
    assert page.status == 409
    assert f"/jobs/{job.id}" in page.links
    assert "is being carried out already" in page.text


def test_a_fault_of_our_own_ends_its_job_alone(own_client: Client) -> None:
    def work(say: Say) -> Result:
        raise KeyError("secret-word")

    job = own_client.site.jobs.start("Scan everything", work)
    own_client.site.jobs.wait(20)
    page = own_client.get(f"/jobs/{job.id}")
    assert "fault of remit itself: KeyError" in page.text
    assert "secret-word" not in page.html


def test_a_fault_of_our_own_is_told_to_the_operator_by_its_place_and_not_in_its_words(
    own_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    parts, runner = joined(own_world, told.append), Runner()

    def broken(self: Jobs, identifier: str) -> Job | None:
        raise KeyError("secret-word")

    def work(_say: Say) -> Result:
        raise ValueError("secret-word")

    try:
        asking = Client(parts, runner)
        asking.sign_in()
        job = parts.site.jobs.start("Scan everything", work)
        parts.site.jobs.wait(20)
        assert told == [f"job `{job.id}`: this is a fault of remit itself: ValueError in app/jobs.py:{told[0].rpartition(':')[2]}"]
        assert asking.get("/jobs/999").status == 404
        assert len(told) == 1, "what is asked wrongly is no fault of ours"
        monkeypatch.setattr(Jobs, "get", broken)
        for path in ("/jobs/1", "/api/v1/jobs/1"):
            assert asking.send("GET", path, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 500, path
        assert len(told) == 3
        assert all(line.startswith("this is a fault of remit itself: KeyError in app/") for line in told[1:])
        assert "secret-word" not in "".join(told)
    finally:
        runner.close()
        parts.site.snapshots.store.close()


def test_the_steps_of_a_plan_are_its_progress(own_client: Client, own_world: World) -> None:
    job = own_client.site.jobs.start("Apply", lambda say: Result(), plan=own_world.plans["applied"])
    own_client.site.jobs.wait(20)
    page = own_client.get(f"/jobs/{job.id}")
    steps = page.main.one("ol").all("li")
    assert steps
    assert f"{len(steps)} of {len(steps)} step" in page.text


def test_a_job_that_nobody_knows_is_told_apart_from_one_that_ended(own_client: Client) -> None:
    page = own_client.get("/jobs/999")
    assert page.status == 404
    assert "forgotten when the service ends" in page.text
    assert "Nothing was begun yet" in own_client.get("/jobs").text
