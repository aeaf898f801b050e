"""Long work that is begun by a click, can be left, and is found again.

Invariants:
- a job says what it does now, and in the end what came of it or why it failed; progress is never counted as a result;
- one job at a time carries a plan out: a second click, or a request that was sent again, begins nothing;
- a fault ends its job alone. What a job that was cut off had begun stands in the store's journal, as after any crash;
- an id is never that of another job, of another run neither: an address that was kept leads to its job or nowhere.
"""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections.abc import Callable
from enum import StrEnum

import msgspec

from remit.app.own_fault import own_fault
from remit.model.errors import RefusedError, RemitError
from remit.model.shown import printable

_KEPT = 200
"""Ended jobs that can still be looked at."""
_MOST_AT_ONCE = 8


class JobState(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class BusyError(RefusedError):
    """A plan is being carried out already. `job` is the id of the job that does it."""

    def __init__(self, plan: str, job: str) -> None:
        super().__init__(f"`{plan}` is being carried out already, by job `{job}`: wait for its end")
        self.job = job


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work as it is now."""

    id: str
    what: str
    """In the words of whoever began it: `Scan everything`."""
    state: JobState = JobState.RUNNING
    now: str = ""
    """What it does at the moment."""
    said: tuple[str, ...] = ()
    """What it said on the way, oldest first; then what came of it."""
    begun: str
    """RFC 3339."""
    ended: str = ""
    link: str = ""
    """Where what came of it can be looked at."""
    plan: str = ""
    """The plan that it carries out, whose steps are the progress."""
    fault: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a job."""

    said: tuple[str, ...] = ()
    link: str = ""
    is_failed: bool = False
    """It ended in good order, and not well: a plan that is stuck, a connection that could not be read."""


Say = Callable[[str], None]
Work = Callable[[Say], Result]


class Jobs:
    """Every job since the start. Safe for several threads."""

    def __init__(self, clock: Callable[[], str], report: Callable[[str], None]) -> None:
        """`clock` gives RFC 3339; `report` is told each fault of our own that ended a job."""
        self._clock = clock
        self._report = report
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._run_of = secrets.token_hex(2)
        self._numbers = itertools.count(1)
        self._threads: dict[str, threading.Thread] = {}

    def start(self, what: str, work: Work, *, plan: str = "", link: str = "") -> Job:
        """Begins work in a thread of its own. `link` is where it leads when the work names nothing better.

        Raises BusyError while a job carries out the same `plan`, and RefusedError when too much is under way.
        """
        with self._lock:
            if busy := next((self._jobs[one] for one in self._threads if plan and self._jobs[one].plan == plan), None):
                raise BusyError(plan, busy.id)
            if len(self._threads) >= _MOST_AT_ONCE:
                raise RefusedError(f"{_MOST_AT_ONCE} pieces of work are under way; wait for one of them")
            job = Job(id=f"{self._run_of}-{next(self._numbers)}", what=what, begun=self._clock(), plan=plan, link=link)
            self._jobs[job.id] = job
            self._drop_old()
            thread = threading.Thread(target=self._run, args=(job.id, work), name=f"job-{job.id}", daemon=True)
            self._threads[job.id] = thread
        try:
            thread.start()
        except RuntimeError as error:
            self._end(job.id, JobState.FAILED, fault="no thread can be started for it")
            raise RefusedError("no more work can be begun now: the machine gives no more threads") from error
        return job

    def get(self, identifier: str) -> Job | None:
        """A job as it is now."""
        with self._lock:
            return self._jobs.get(identifier)

    def all(self) -> list[Job]:
        """Every job, newest first."""
        with self._lock:
            return list(reversed(self._jobs.values()))

    def running(self) -> list[Job]:
        """Jobs that have not ended, newest first."""
        return [job for job in self.all() if job.state is JobState.RUNNING]

    def wait(self, seconds: float) -> list[Job]:
        """Waits for what is under way, that long in all; gives what has not ended."""
        until = time.monotonic() + seconds
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            if thread.ident is not None:  # one that is only about to start is found by whoever asks again
                thread.join(max(0.0, until - time.monotonic()))
        return self.running()

    def _run(self, identifier: str, work: Work) -> None:
        try:
            result = work(lambda text: self._say(identifier, text))
        except RemitError as error:
            self._end(identifier, JobState.FAILED, fault=printable(str(error), 4000))
        except Exception as error:  # noqa: BLE001 - a fault of our own ends the job, not the service; its text may repeat what was read
            told = own_fault(error)
            self._report(f"job `{identifier}`: {told}")
            self._end(identifier, JobState.FAILED, fault=told)
        else:
            state = JobState.FAILED if result.is_failed else JobState.DONE
            self._end(identifier, state, said=result.said, link=result.link)

    def _say(self, identifier: str, text: str) -> None:
        with self._lock:
            job = self._jobs.get(identifier)
            # What a helper thread says of a job that has ended already is nothing that it does now.
            if job is not None and job.state is JobState.RUNNING:
                self._jobs[identifier] = msgspec.structs.replace(job, now=printable(text, 400))

    def _end(self, identifier: str, state: JobState, *, said: tuple[str, ...] = (), link: str = "", fault: str = "") -> None:
        with self._lock:
            job = self._jobs[identifier]
            self._jobs[identifier] = msgspec.structs.replace(
                job, state=state, now="", said=(*job.said, *said), link=link or job.link, fault=fault, ended=self._clock()
            )
            self._threads.pop(identifier, None)

    def _drop_old(self) -> None:
        ended = [job.id for job in self._jobs.values() if job.state is not JobState.RUNNING]
        for identifier in ended[: max(0, len(ended) - _KEPT)]:
            del self._jobs[identifier]
