"""Quarantine, release and retirement of an agent that stands in the store.

Invariants:
- a quarantine denies the agent at every point that asks the store before it is answered; one that the store does not take is an error,
  and denies it by this service alone;
- without the operator's token an agent can be stopped at the points, and nothing else: its identities stay as they are, and the answer
  says so, and nothing that the asker did not know: which agents share identities and which logs name it is for the operator;
- a release needs the token, whoever stopped it.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath

from remit.app import mend
from remit.app.api.bodies import Act, Stop
from remit.app.api.caller import Callers
from remit.app.api.exchange import Sent, answered, known_agent
from remit.app.api.jobs import begun, job_json
from remit.app.api.plans import approver, carry_out
from remit.app.api.shapes import Job, Stopped
from remit.app.current import Current
from remit.app.web.site import Site
from remit.model.agent import AgentState
from remit.model.errors import RefusedError, RemitError
from remit.model.ids import AGENT_PREFIX
from remit.model.plan import Plan
from remit.remedy import quarantine as stopping

_LEFT = "its identities are not stopped: with the operator's token (`Authorization: Bearer`) the same request stops them too"


@post(
    "/agents/{agent_id:str}/quarantine",
    sync_to_thread=True,
    status_code=200,
    operation_id="quarantineAgent",
    summary="Stop an agent at once",
    description="It is denied at every point that asks the store when this is answered. With the operator's token its identities are "
    "stopped in their systems too, by the job in the answer; `also_affects` names the agents on the same identities, `unreached` the logs "
    "of points that may not ask this store. Without, identities stay as they are, and these two and the words of an earlier stop are null.",
    opt={"answer": Stopped, "body": Stop, "example": {"because": "sends mail that nobody asked for"}, "open": True},
    tags=["stops"],
)
def quarantine(
    agent_id: FromPath[str],
    request: Request[Any, Any, Any],
    site: NamedDependency[Site],
    callers: NamedDependency[Callers],
    sent: NamedDependency[Sent],
) -> Response[bytes]:
    """Denies first."""
    given = sent.read(Stop)
    because = given.because.strip()
    if not because:
        raise ClientException("`because` is empty; say why, for whoever finds the agent stopped")
    is_operator = callers.is_operator(request)
    if given.person is not None and not is_operator:
        raise ClientException("`person` goes with the operator's token; leave it out")
    current = site.fresh()
    slug = known_agent(current, agent_id, names_nearest=is_operator).agent.id
    by = approver(site, given)
    changed = site.denying(slug, lambda: mend.suspend(current, slug, by, because))
    if not is_operator:
        return answered(_stopped(current, slug, changed))
    told = f"Stop {slug}: it is denied at every point that asks this store; its identities follow"
    made: Plan | None = None
    try:
        planned = mend.plan_quarantine(current, slug, site.now())
        mend.begin_quarantine(current, planned, by, because)
        made = planned
        job = carry_out(site, told, made, lambda: mend.carry_out_quarantine(site.fresh(), planned, by, because, site.environment))
    except RemitError as error:
        # It cannot be planned, or too much is under way. It is denied already, and an answer that says otherwise would be a wrong one.
        later = f"its identities are not stopped yet: {error}{f'; then apply `{made.id}`' if made is not None else ''}"
        return answered(_standing(current, slug, changed) | {"job": None, "identities": later})
    return answered(_standing(current, slug, changed) | {"job": job_json(job), "identities": "stopped by the job; its plan has the proofs"})


@post(
    "/agents/{agent_id:str}/release",
    sync_to_thread=True,
    status_code=200,
    operation_id="releaseAgent",
    summary="End a quarantine",
    description="Where identities were stopped, the job in the answer puts them back, and the agent is released when that is proved (202); "
    "else it is released when this is answered (200).",
    opt={"answer": Stopped, "body": Act, "example": {"person": "dana@example.com"}, "may_take_long": True},
    tags=["stops"],
)
def release(agent_id: FromPath[str], site: NamedDependency[Site], sent: NamedDependency[Sent]) -> Response[bytes]:
    """The identities first, then the agent."""
    given = sent.read(Act)
    current = site.fresh()
    slug = known_agent(current, agent_id).agent.id
    by = approver(site, given)
    site.policy.let_go(slug)
    in_force = stopping.to_release(current.store.all(Plan), slug)
    if not in_force and current.state(slug) is not AgentState.SUSPENDED:
        return answered(_standing(current, slug, changed=False) | {"job": None, "identities": "as they were"})
    if why := mend.why_not_released(current, slug):
        raise RefusedError(why)
    if not in_force:
        mend.carry_out_release(current, slug, by, site.environment)
        return answered(_standing(current, slug, changed=True) | {"job": None, "identities": "as they were"})
    job = carry_out(site, f"Release {slug}", in_force[0], lambda: mend.carry_out_release(site.fresh(), slug, by, site.environment))
    return answered(
        _standing(current, slug, changed=False) | {"job": job_json(job), "identities": "put back by the job; its plan has the proofs"}, 202
    )


@post(
    "/agents/{agent_id:str}/retire",
    sync_to_thread=True,
    status_code=202,
    operation_id="retireAgent",
    summary="Retire an agent, for good",
    description="By an approver of its remit, or by its owner where it has none. Denied everywhere, its own identities emptied by the job.",
    opt={"answer": Job, "status": 202, "body": Act, "example": {"person": "dana@example.com"}},
    tags=["stops"],
)
def retire(agent_id: FromPath[str], site: NamedDependency[Site], sent: NamedDependency[Sent]) -> Response[bytes]:
    """Refused at once for whoever may not."""
    given = sent.read(Act)
    current = site.fresh()
    slug = known_agent(current, agent_id).agent.id
    by = approver(site, given)
    made = mend.plan_retirement(current, slug, by, site.now())
    return begun(carry_out(site, f"Retire {slug}", made, lambda: mend.carry_out_retirement(site.fresh(), made, by, site.environment)))


def _stopped(current: Current, slug: str, changed: bool) -> dict[str, Any]:
    """What whoever has no token is told: that it is stopped, and its own words."""
    own = _in_state(current, slug, changed) if changed else _in_state(current, slug, changed) | {"because": None, "since": None}
    return own | {"also_affects": None, "unreached": None, "job": None, "identities": _LEFT}


def _in_state(current: Current, slug: str, changed: bool) -> dict[str, Any]:
    standing = current.standings.get(slug)
    return {
        "agent": AGENT_PREFIX + slug,
        "state": current.state(slug),
        "changed": changed,
        "because": standing.because if standing is not None else None,
        "since": standing.since if standing is not None else None,
    }


def _standing(current: Current, slug: str, changed: bool) -> dict[str, Any]:
    others = {other for slugs in current.sharing(slug).values() for other in slugs}
    return {
        **_in_state(current, slug, changed),
        "also_affects": sorted(AGENT_PREFIX + other for other in others),
        "unreached": mend.unreached_points(current, slug),
    }


OPEN = (quarantine,)
CHANGING = (release, retire)
