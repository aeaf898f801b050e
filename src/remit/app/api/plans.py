"""Plans: making one, reading it with its replay, applying it and taking it back.

Invariant: what is known to be refused is refused before a job begins; a job looks again, when it has the store for itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter

from remit.app import mend
from remit.app.api.bodies import Act
from remit.app.api.exchange import Sent, answered, known_agent, page_of
from remit.app.api.inventory import After, Limit
from remit.app.api.jobs import begun
from remit.app.api.shapes import Job, PlanPage, Plans
from remit.app.current import Current
from remit.app.jobs import Job as AnyJob
from remit.app.jobs import Result, Say
from remit.app.persons import acting
from remit.app.views.plans_json import plan_line_json, plan_page_json
from remit.app.web.carrying import is_there
from remit.app.web.plan_view import check_moves
from remit.app.web.site import Site, carried
from remit.model.errors import RefusedError
from remit.model.plan import Plan, PlanKind, PlanState
from remit.model.shown import printable

_PREFIX = "plan:"


@get(
    "/plans",
    sync_to_thread=True,
    operation_id="listPlans",
    summary="Every plan, newest first",
    opt={"answer": Plans},
    tags=["plans"],
)
def list_plans(
    site: NamedDependency[Site],
    agent: FromQuery[str | None] = None,
    kind: FromQuery[PlanKind | None] = None,
    standing: Annotated[PlanState | None, QueryParameter(name="state")] = None,
    limit: Limit = 100,
    after: After = None,
) -> Response[bytes]:
    """Filters, then cuts a page out."""
    current = site.current
    slug = known_agent(current, agent).agent.id if agent is not None else None
    listed = [
        plan
        for plan in sorted(current.store.all(Plan), key=lambda plan: (plan.made, plan.id), reverse=True)
        if (slug is None or plan.agent == slug) and (kind is None or plan.kind is kind) and (standing is None or plan.state is standing)
    ]
    page, following = page_of(listed, [plan.id for plan in listed], after, limit)
    return answered({"plans": [plan_line_json(plan) for plan in page], "total": len(listed), "next": following})


@get(
    "/plans/{plan_id:str}",
    sync_to_thread=True,
    operation_id="readPlan",
    summary="One plan: steps, replay, blind spots, and what it came to",
    description="As `remit plan --json` and `remit apply --json` together.",
    opt={"answer": PlanPage},
    tags=["plans"],
)
def read_plan(plan_id: FromPath[str], site: NamedDependency[Site]) -> Response[bytes]:
    """As it stands now."""
    current = site.current
    return answered(plan_page_json(current, _plan(current, plan_id)))


@post(
    "/agents/{agent_id:str}/plan",
    sync_to_thread=True,
    status_code=201,
    operation_id="planRightSize",
    summary="Plan to take away what the agent does not need",
    description="As `remit plan ID --json`. Nothing is changed by it. Where there is nothing to take away it has no steps.",
    opt={"answer": PlanPage, "status": 201},
    tags=["plans"],
)
def make_plan(agent_id: FromPath[str], site: NamedDependency[Site]) -> Response[bytes]:
    """Kept, so that it can be read and applied."""
    current = site.fresh()
    made = mend.plan_right_size(current, known_agent(current, agent_id).agent.id, site.now())
    return answered(plan_page_json(current, made), 201, {"location": f"/api/v1/plans/{made.id}"})


@post(
    "/plans/{plan_id:str}/apply",
    sync_to_thread=True,
    status_code=202,
    operation_id="applyPlan",
    summary="Approve a plan and apply it, or go on with a half-done one",
    description="By an approver. The answer is the job; what came of it stands in the plan. Refused at once (409) where it is known "
    "already: for whoever is no approver, for a plan of another remit than the one in force, applied or taken back, and while a job "
    "carries it out.",
    opt={"answer": Job, "status": 202, "body": Act, "example": {"person": "dana@example.com"}},
    tags=["plans"],
)
def apply(plan_id: FromPath[str], site: NamedDependency[Site], sent: NamedDependency[Sent]) -> Response[bytes]:
    """Begins it."""
    return _moved(site, plan_id, sent.read(Act), "apply")


@post(
    "/plans/{plan_id:str}/rollback",
    sync_to_thread=True,
    status_code=202,
    operation_id="rollBackPlan",
    summary="Take back what a plan did, in reverse order",
    description="By an approver. The answer is the job; what came of it stands in the plan. Refused at once (409) where it is known "
    "already: for whoever is no approver, for a plan of which nothing was done, or all is taken back, for a retirement that is complete, "
    "and while a job carries it out.",
    opt={"answer": Job, "status": 202, "body": Act, "example": {"person": "dana@example.com"}},
    tags=["plans"],
)
def roll_back(plan_id: FromPath[str], site: NamedDependency[Site], sent: NamedDependency[Sent]) -> Response[bytes]:
    """Begins it."""
    return _moved(site, plan_id, sent.read(Act), "rollback")


def approver(site: Site, given: Act) -> tuple[str, str]:
    """The person of a body, as claimed, and the operating-system user."""
    return acting(given.person, site.os_user, is_local=site.is_local, called="`person`"), site.os_user


def carry_out(site: Site, what: str, plan: Plan, move: Callable[[], Plan]) -> AnyJob:
    """Begins to carry a plan out."""
    is_kept = is_there(site, plan)
    link = f"/plans/{plan.id.removeprefix(_PREFIX)}" if is_kept else f"/agents/{plan.agent}"

    def work(say: Say) -> Result:
        say("looking at every target before anything is touched")
        return carried(move(), link)

    return site.jobs.start(what, work, plan=plan.id if is_kept else "", link=link)


def _moved(site: Site, plan_id: str, given: Act, what: str) -> Response[bytes]:
    current = site.current
    plan = _plan(current, plan_id)
    by = approver(site, given)
    _check_moves(current, plan, by, what, site.now())
    told = f"{'Apply' if what == 'apply' else 'Take back'} {plan.id} of {plan.agent}"
    return begun(carry_out(site, told, plan, lambda: mend.carry_out(site.fresh(), plan.id, by, site.environment, what)))


def _check_moves(current: Current, plan: Plan, by: tuple[str, str], what: str, at: str) -> None:
    """Raises RefusedError where this plan does not move by this person's word, as far as the store says."""
    if what == "rollback" and plan.kind is PlanKind.QUARANTINE:
        raise RefusedError(f"`{plan.id}` is a quarantine: POST /api/v1/agents/{plan.agent}/release takes it back")
    check_moves(current, plan, by, at, is_apply=what == "apply")


def _plan(current: Current, text: str) -> Plan:
    plan = current.store.get(Plan, text if text.startswith(_PREFIX) else _PREFIX + text)
    if plan is None:
        raise NotFoundException(f"there is no plan `{printable(text, 80)}`; POST /api/v1/agents/ID/plan makes one")
    return plan


READING = (list_plans, read_plan)
CHANGING = (make_plan, apply, roll_back)
