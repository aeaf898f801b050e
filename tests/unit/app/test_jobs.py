"""Long work: what it says, what comes of it, and that a fault ends it alone."""

from __future__ import annotations

import threading

import pytest

from remit.app.jobs import _KEPT, _MOST_AT_ONCE, Job, Jobs, JobState, Result, Say
from remit.model.errors import RefusedError

AT = "2026-11-26T10:00:00Z"


def jobs() -> Jobs:
    return Jobs(lambda: AT, lambda text: None)


def ended(made: Jobs, job: Job) -> Job:
    assert made.wait(10) == []
    found = made.get(job.id)
    assert found is not None
    return found


def test_a_job_says_what_it_does_and_in_the_end_what_came_of_it() -> None:
    made = jobs()
    said, go_on = threading.Event(), threading.Event()

    def work(say: Say) -> Result:
        say("reading \x1b[31mcode")
        said.set()
        go_on.wait(10)
        return Result(said=("3 agents",), link="/agents")

    job = made.start("Scan everything", work, link="/connections")
    assert said.wait(10)
    running = made.get(job.id)
    assert running is not None
    assert (running.state, running.now, running.said, running.link) == (JobState.RUNNING, "reading \\x1b[31mcode", (), "/connections")
    assert [one.id for one in made.running()] == [job.id]
    assert [one.id for one in made.wait(0)] == [job.id]
    go_on.set()
    done = ended(made, job)
    assert (done.state, done.now, done.said, done.link, done.ended) == (JobState.DONE, "", ("3 agents",), "/agents", AT)


def test_a_plan_is_carried_out_by_one_job_at_a_time() -> None:
    made = jobs()
    over = threading.Event()

    def waits(_say: Say) -> Result:
        return Result(is_failed=not over.wait(10))

    first = made.start("Apply", waits, plan="plan:1")
    with pytest.raises(RefusedError, match=f"`plan:1` is being carried out already, by job `{first.id}`"):
        made.start("Apply", waits, plan="plan:1")
    other, neither = made.start("Apply", waits, plan="plan:2"), made.start("Scan", waits)
    over.set()
    assert [ended(made, job).state for job in (first, other, neither)] == [JobState.DONE] * 3
    assert ended(made, made.start("Apply", waits, plan="plan:1")).state is JobState.DONE


def test_a_refusal_is_told_in_its_words_and_a_fault_of_our_own_without_them() -> None:
    made = jobs()

    def refuses(_say: Say) -> Result:
        raise RefusedError("no such profile")

    def breaks(_say: Say) -> Result:
        raise ValueError("password=hunter2")

    refused, broken = made.start("One", refuses), made.start("Another", breaks)
    assert (ended(made, refused).state, ended(made, refused).fault) == (JobState.FAILED, "no such profile")
    assert ended(made, broken).fault.startswith("this is a fault of remit itself: ValueError")
    assert "hunter2" not in ended(made, broken).fault


def test_what_ended_in_good_order_and_not_well_has_failed() -> None:
    made = jobs()
    job = made.start("Apply", lambda _: Result(said=("stuck",), is_failed=True))
    assert (ended(made, job).state, ended(made, job).said) == (JobState.FAILED, ("stuck",))


def test_what_is_said_after_the_end_is_not_what_it_does() -> None:
    made = jobs()
    kept: list[Say] = []

    def work(say: Say) -> Result:
        kept.append(say)
        return Result()

    job = made.start("Scan", work)
    ended(made, job)
    kept[0]("still here")
    assert ended(made, job).now == ""


def test_so_many_run_at_once_and_no_more() -> None:
    made = jobs()
    go_on = threading.Event()

    def work(_say: Say) -> Result:
        go_on.wait(10)
        return Result()

    started = [made.start(str(number), work) for number in range(_MOST_AT_ONCE)]
    with pytest.raises(RefusedError, match="under way"):
        made.start("one more", work)
    go_on.set()
    assert made.wait(10) == []
    assert len(made.all()) == len(started)
    made.start("now", work)
    assert made.wait(10) == []


def test_a_job_for_which_there_is_no_thread_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    made = jobs()
    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(RefusedError, match="threads"):
        made.start("Scan", lambda _: Result())
    assert [job.state for job in made.all()] == [JobState.FAILED]
    assert made.wait(1) == []


def test_old_jobs_are_forgotten_and_the_newest_stand_first() -> None:
    made = jobs()
    for number in range(_KEPT + 5):
        made.start(str(number), lambda _: Result())
        assert made.wait(10) == []
    kept = made.all()
    assert len(kept) <= _KEPT + 1
    assert kept[0].what == str(_KEPT + 4)


def test_an_address_of_another_run_leads_nowhere() -> None:
    first, second = jobs(), jobs()
    while first._run_of == second._run_of:
        second = jobs()
    job = first.start("Scan", lambda _: Result())
    second.start("Scan", lambda _: Result())
    assert first.wait(10) == second.wait(10) == []
    assert second.get(job.id) is None
