"""Plans with their stages, replay and proofs; applying and taking back."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from remit.app import mend
from remit.app.current import Current
from remit.app.views.replay_words import verdict
from remit.app.web import carrying
from remit.app.web.addresses import agent_at, plan_at
from remit.app.web.listing import sliced
from remit.app.web.paging import AT_ONCE, address, asked, asked_page, neighbours
from remit.app.web.plan_view import (
    TITLES,
    Listed,
    check_moves,
    listed,
    moves,
    proofs_by_identity,
    removed_by_identity,
    stages,
    steps_by_identity,
)
from remit.app.web.site import AnyRequest, Posted, Site
from remit.model.errors import RefusedError, UsageError
from remit.model.plan import Plan, PlanState

_PATH = "/plans"
_FILTERS = {
    "": "Current",
    "stuck": "Stuck or half done",
    "waiting": "Waiting for an approver",
    "applied": "Applied",
    "undone": "Taken back",
    "all": "All",
}


@get(_PATH, sync_to_thread=True)
def all_plans(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Every plan, those that need somebody first."""
    current = site.current
    state, slug = asked(request, "state"), asked(request, "agent").removeprefix("agent:")
    known = listed(current, current.plans.of(slug) if slug else current.plans.all(), carrying.moving(site, current))
    part = sliced([one for one in known if _fits(one, state)], asked_page(request), AT_ONCE)
    choices = [
        (name, title, sum(_fits(one, name) for one in known), address(_PATH, {"state": name, "agent": slug}))
        for name, title in _FILTERS.items()
    ]
    filters = {"state": state, "agent": slug}
    return site.page(
        request,
        "plans.html",
        part=part,
        neighbours=neighbours(part.number, _PATH, filters),
        choices=choices,
        state=state,
        agent=slug,
        titles=TITLES,
        is_any=bool(known),
    )


@get("/plans/{plan_id:str}", sync_to_thread=True)
def one_plan(plan_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """One plan as it is now."""
    return _page(request, site, plan_id)


@post("/agents/{slug:str}/plan", sync_to_thread=True)
def make_plan(slug: FromPath[str], site: NamedDependency[Site], posted: NamedDependency[Posted]) -> Redirect:  # noqa: ARG001 - checks the form
    """Plans to take away what an agent does not need; changes nothing."""
    agent = agent_at(site.current, slug).agent.id
    return carrying.make(site, f"Plan for {agent}", lambda: mend.plan_right_size(site.fresh(), agent, site.now()))


@post("/plans/{plan_id:str}/apply", sync_to_thread=True)
def apply_plan(plan_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site], posted: NamedDependency[Posted]) -> Response[Any]:
    """Approves a plan and applies it, or goes on with a half-done one."""
    return _move(request, site, posted, plan_id, "apply")


@post("/plans/{plan_id:str}/rollback", sync_to_thread=True)
def roll_plan_back(
    plan_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site], posted: NamedDependency[Posted]
) -> Response[Any]:
    """Takes back what a plan did."""
    return _move(request, site, posted, plan_id, "rollback")


def _move(request: AnyRequest, site: Site, posted: Posted, plan_id: str, what: str) -> Response[Any]:
    current = site.current
    plan = plan_at(current, plan_id)
    try:
        approver = site.approver(posted)
        check_moves(current, plan, approver, site.now(), is_apply=what == "apply")
    except (RefusedError, UsageError) as error:
        return _page(request, site, plan_id, refused=str(error), what=what)
    told = f"{'Apply' if what == 'apply' else 'Take back'} {plan.id} of {plan.agent}"
    return carrying.carry_out(site, told, plan, lambda: mend.carry_out(site.fresh(), plan.id, approver, site.environment, what))


def _page(request: AnyRequest, site: Site, plan_id: str, *, refused: str = "", what: str = "") -> Response[bytes]:
    current = site.current
    plan = plan_at(current, plan_id)
    others = current.plans.of(plan.agent)
    return site.page(
        request,
        "plan.html",
        status=409 if refused else 200,
        plan=plan,
        title=TITLES[plan.kind],
        stages=stages(plan, current.store.history(Plan, plan.id)),
        steps=steps_by_identity(current, plan),
        proofs=proofs_by_identity(current, plan.proofs),
        removed=removed_by_identity(plan),
        denied=[(current.identity_text(item.principal), item) for item in plan.replay.would_deny],
        verdict=verdict(plan),
        moves=moves(current, plan, others),
        others=[one for one in listed(current, others) if one.plan.id != plan.id][:8],
        remit_version=_version(current, plan),
        refused=refused,
        refused_what=what,
        is_moving=plan.state in (PlanState.APPLYING, PlanState.UNDOING) and any(job.plan == plan.id for job in site.jobs.running()),
    )


def _version(current: Current, plan: Plan) -> int:
    """Number of the approved version that a plan was made from; 0: of none that is known."""
    known = [one for one in current.versions.get(plan.agent, ()) if getattr(one, "hash", "") == plan.remit_hash]
    return getattr(known[-1], "version", 0) if known and plan.remit_hash and not plan.is_from_draft else 0


def _fits(one: Listed, state: str) -> bool:
    plan = one.plan
    match state:
        case "stuck":
            return one.needs_end
        case "waiting":
            return one.waits
        case "applied":
            return plan.state is PlanState.APPLIED
        case "undone":
            return plan.state is PlanState.UNDONE
        case "all":
            return True
        case _:
            return not one.is_superseded


ROUTES = (all_plans, one_plan, make_plan, apply_plan, roll_plan_back)
