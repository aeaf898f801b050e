"""What every page of the web UI is given: the store as it is now, jobs, who is signed in, and how a page is made of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response
from litestar.di import NamedDependency
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.response import Redirect

from remit.app.current import Current
from remit.app.jobs import Jobs, Result, Say, Work
from remit.app.loop import look_again
from remit.app.persons import acting
from remit.app.snapshot import Snapshots
from remit.app.store_policy import StorePolicy
from remit.app.web.peer import user_behind
from remit.app.web.rendering import rendered
from remit.app.web.session import Door, Session
from remit.model.agent import AgentState
from remit.model.errors import RefusedError, UsageError
from remit.model.plan import Plan, PlanState
from remit.model.shown import printable
from remit.model.times import text_from_time

AnyRequest = Request[Any, Any, Any]
T = TypeVar("T")
_DEMO = "DEMO"
"""What the demo's environment calls the folder of its estate."""
_MOST_FIELD = 1_000
_MOST_FIELDS = 200
"""In one form; ours have a dozen. A million of them would hold up decisions while they are read."""


class Site:
    """The web UI of one store."""

    def __init__(
        self,
        snapshots: Snapshots,
        jobs: Jobs,
        door: Door,
        environment: Mapping[str, str],
        os_user: str,
        version: str,
        policy: StorePolicy,
        receiver: str = "",
    ) -> None:
        """`environment` is what systems may read of the process's: profiles, key files, password files.

        `policy` is what this service decides by.

        `receiver` is the host that is told of denials and findings; empty: nothing is sent anywhere.
        """
        self.snapshots = snapshots
        self.jobs = jobs
        self.door = door
        self.environment = environment
        self.os_user = os_user
        self.version = version
        self.policy = policy
        self.receiver = receiver

    @property
    def current(self) -> Current:
        """What the store holds now; for reading."""
        return self.snapshots.current()

    @property
    def demo(self) -> str:
        """The folder of the demo estate whose store this is; empty: it is of none."""
        folder = self.environment.get(_DEMO, "")
        return folder if folder and self.snapshots.store.folder.is_relative_to(folder) else ""

    def fresh(self) -> Current:
        """One to work with."""
        return self.snapshots.fresh()

    @property
    def is_local(self) -> bool:
        """Whether a claimed person is recorded; on a shared store it is the operating-system user."""
        return self.snapshots.store.is_local

    def denying(self, slug: str, stop: Callable[[], T]) -> T:
        """What tells the store that an agent is stopped. Where the store does not take it, this service denies the agent all the same."""
        try:
            return stop()
        except RefusedError as error:
            if self._is_retired(slug):
                raise  # denied everywhere already, for good
            self.policy.hold(slug)
            raise RefusedError(
                f"{error}. Until it takes a stop or a release of `{slug}`, this service denies it, while it runs, and no other point does"
            ) from error

    def _is_retired(self, slug: str) -> bool:
        try:
            return self.current.state(slug) is AgentState.RETIRED
        except RefusedError:
            return False  # the store cannot be asked either

    def now(self) -> str:
        """RFC 3339."""
        return text_from_time(datetime.now(UTC))

    def page(self, request: AnyRequest, template: str, /, *, status: int = 200, **values: Any) -> Response[bytes]:
        """A page made of a template; every text in it is escaped."""
        session = self.session(request)
        given = {
            "path": request.url.path,
            "status": status,
            "word": session.word if session is not None else "",
            "person": session.person if session is not None else "",
            "is_local": self.is_local,
            "os_user": self.os_user,
            "store": self.snapshots.store.shown,
            "version": self.version,
            "receiver": self.receiver,
            "demo": self.demo,
            "running": self.jobs.running() if session is not None else [],
            "now": self.now(),
        }
        return rendered(template, {**given, **values}, status)

    def session(self, request: AnyRequest) -> Session | None:
        """Who is signed in."""
        return self.door.session(request.cookies.get(self.door.cookie), user_behind(request.scope))

    def approver(self, posted: Posted) -> tuple[str, str]:
        """The person of a form, as claimed, and the operating-system user; on a shared store no form asks for a person."""
        return (posted.person() if self.is_local else self.os_user), self.os_user

    def start(self, what: str, work: Work, *, plan: str = "", link: str = "") -> Redirect:
        """Begins a job, and leads to its page."""
        return Redirect(f"/jobs/{self.jobs.start(what, work, plan=plan, link=link).id}", status_code=303)

    def look_again(self, because: str) -> None:
        """Begins a look at findings, because what they rest on was changed; nobody waits for it."""

        def work(_say: Say) -> Result:
            opened, closed = look_again(self.fresh(), self.now())
            return Result(said=(f"{len(opened):,} opened, {len(closed):,} closed",))

        with contextlib.suppress(RefusedError):  # too much is under way: the next look at what happened settles the findings
            self.jobs.start(f"Look at findings again: {because}", work, link="/findings")


class Posted(msgspec.Struct, frozen=True):
    """The fields of a form whose session was checked."""

    fields: Mapping[str, str]
    session: Session

    def text(self, name: str, *, most: int = _MOST_FIELD) -> str:
        """A field without white space around it; empty where it was left out."""
        value = self.fields.get(name, "").strip()
        if len(value) > most:
            raise UsageError(f"`{name}` is longer than {most:,} characters")
        return value

    def needed(self, name: str, what: str, *, most: int = _MOST_FIELD) -> str:
        """A field that may not be empty; `what` says what to write."""
        value = self.text(name, most=most)
        if not value:
            raise UsageError(f"{what} is missing")
        return value

    def is_ticked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return name in self.fields

    def person(self) -> str:
        """Who does this, as typed; remembered for the next form."""
        typed = self.needed("person", "your name (who does this, recorded as claimed)")
        name = self.session.person = acting(typed, "", is_local=True, called="your name")
        return name


async def posted(request: AnyRequest, site: NamedDependency[Site]) -> Posted:
    """The form of a request; refused unless it bears the word of its session. Every route that changes anything asks for it."""
    session = site.session(request)
    if session is None:
        raise NotAuthorizedException("nobody is signed in")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise PermissionDeniedException("the form comes from a page of somebody else")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise PermissionDeniedException("this is no form of this page")
    if (await request.body()).count(b"&") >= _MOST_FIELDS:
        raise PermissionDeniedException("this is no form of this page: it has too many fields")
    form = await request.form()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    if not session.is_word(fields.pop("word", "")):
        raise PermissionDeniedException("the form is not of this session; load its page again")
    return Posted(fields, session)


def signed_in(request: Any, _handler: Any) -> None:
    """Guard of every page but the entrance."""
    site: Site = request.app.state.site
    if site.session(request) is None:
        raise NotAuthorizedException("nobody is signed in")


def carried(plan: Plan, link: str) -> Result:
    """What a plan came to, as the result of a job."""
    held = sum(proof.holds for proof in plan.proofs)
    said = f"{plan.state}: {held} of {len(plan.proofs)} proofs hold" if plan.proofs else str(plan.state)
    stuck = plan.state is PlanState.STUCK
    return Result(said=(said, *((printable(plan.stuck_because, 2000),) if stuck else ())), link=link, is_failed=stuck)
