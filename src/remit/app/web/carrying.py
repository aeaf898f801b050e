"""Plans that are made and carried out by a click: as jobs, with what came of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from litestar.response import Redirect

from remit.app.current import Current
from remit.app.jobs import Result, Say
from remit.app.web.addresses import agent_address, plan_address
from remit.app.web.plan_view import proof_line
from remit.app.web.site import Site, carried
from remit.model.errors import RefusedError, RemitError
from remit.model.plan import Plan, PlanState
from remit.model.shown import printable

PATIENCE_SECONDS = 8.0
"""How long a click waits for a plan to be made, before it leads to the page of the job."""
_MOST_PROOFS = 40


def moving(site: Site, current: Current) -> dict[str, str]:
    """Plans that somebody carries out at this moment, each with the address where its steps show: by a job, or by a command."""
    found = {job.plan: f"/jobs/{job.id}" for job in site.jobs.running() if job.plan}
    begun = [plan for plan in current.plans.all() if plan.state in (PlanState.APPLYING, PlanState.UNDOING) and plan.id not in found]
    if begun and not found and _is_held(site):
        # One moves at a time, and it is the one that moved last; what else is half done was left so.
        last = max(begun, key=lambda plan: (plan.changed, plan.id))
        found[last.id] = plan_address(last.id)
    return found


def is_there(site: Site, plan: Plan) -> bool:
    """Whether a plan can be carried out step by step or read later; a stop of nothing is not kept."""
    return bool(plan.steps) or site.snapshots.store.get(Plan, plan.id) is not None


def _is_held(site: Site) -> bool:
    """Whether a process has the hands now: two never act at once."""
    try:
        with site.snapshots.store.exclusive("act", wait_s=0.0):
            return False
    except RefusedError:
        return True


def carry_out(site: Site, what: str, plan: Plan, move: Callable[[], Plan]) -> Redirect:
    """Begins to carry a plan out, and leads to the page where its steps show."""
    link = plan_address(plan.id) if is_there(site, plan) else agent_address(plan.agent)

    def work(say: Say) -> Result:
        say("looking at every target before anything is touched")
        return _told(move(), link)

    return site.start(what, work, plan=plan.id, link=link)


def release(site: Site, agent: str, in_force: Sequence[Plan], move: Callable[[], Plan]) -> Redirect:
    """Begins to take back every quarantine of an agent. `in_force` are those, newest first; there may be none."""

    def work(say: Say) -> Result:
        say("giving back what the quarantine took, in reverse order")
        done = move()
        link = plan_address(done.id) if any(plan.id == done.id for plan in in_force) else agent_address(agent)
        return _told(done, link)

    shown = in_force[0].id if in_force else ""
    return site.start(f"Release {agent}", work, plan=shown, link=plan_address(shown) if shown else agent_address(agent))


def make(site: Site, what: str, made: Callable[[], Plan]) -> Redirect:
    """Makes a plan and leads to it; to the job, where it takes long. Raises RemitError where none can be made."""
    ended = threading.Event()
    came: list[Plan | RemitError] = []

    def work(say: Say) -> Result:
        say("comparing what is granted, used and needed, and replaying recorded use")
        try:
            plan = made()
        except RemitError as error:
            came.append(error)
            raise
        else:
            came.append(plan)
            return _made(plan)
        finally:
            ended.set()

    to_job = site.start(what, work)
    ended.wait(PATIENCE_SECONDS)
    if not came:
        return to_job
    if isinstance(came[0], RemitError):
        raise came[0]
    return Redirect(plan_address(came[0].id), status_code=303)


def _made(plan: Plan) -> Result:
    if plan.steps:
        return Result(said=(f"{plan.id}: {len(plan.steps):,} steps",), link=plan_address(plan.id))
    said = "Nothing to take away: as far as was read, nothing is granted that is not needed and can be taken away."
    return Result(said=(said,), link=plan_address(plan.id))


def _told(done: Plan, link: str) -> Result:
    """What a plan came to, with its proofs in words."""
    result = carried(done, link)
    proofs = [printable(proof_line(proof), 600) for proof in done.proofs[:_MOST_PROOFS]]
    more = [f"and {len(done.proofs) - _MOST_PROOFS:,} more, on the page of the plan"] if len(done.proofs) > _MOST_PROOFS else []
    return Result(said=(*result.said, *proofs, *more), link=result.link, is_failed=result.is_failed)
