"""Decisions of every enforcement point, and why one came out as it did."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter

from remit.app.api.exchange import answered, known_agent
from remit.app.api.inventory import Limit
from remit.app.api.shapes import Decisions, Why
from remit.app.views.intent_json import decision_json, why_json
from remit.app.web.site import Site
from remit.model.shown import printable
from remit.understand.turning import why


@get(
    "/decisions",
    sync_to_thread=True,
    operation_id="listDecisions",
    summary="Decisions, newest first",
    description="Of every log that was read: this service's own within a second or two.",
    opt={"answer": Decisions},
    tags=["decisions"],
)
def list_decisions(
    site: NamedDependency[Site],
    agent: FromQuery[str | None] = None,
    denied: Annotated[bool, QueryParameter(description="Only what was not allowed.")] = False,
    limit: Limit = 100,
    before: Annotated[
        str | None, QueryParameter(description="Id of a decision that all are older than: `next` of the page before.")
    ] = None,
) -> Response[bytes]:
    """A page of the log."""
    slug = known_agent(site.current, agent).agent.id if agent is not None else None
    found = site.snapshots.store.decisions(agent=slug, limit=limit, before=before, only_denied=denied)
    following = found[-1].decision if len(found) == limit else None
    return answered({"decisions": [decision_json(event) for event in found], "next": following})


@get(
    "/decisions/{decision_id:str}",
    sync_to_thread=True,
    operation_id="explainDecision",
    summary="The line that a decision rests on, and the smallest change to the remit that would turn it",
    description="As `remit why DECISION --json`.",
    opt={"answer": Why},
    tags=["decisions"],
)
def explain(decision_id: FromPath[str], site: NamedDependency[Site]) -> Response[bytes]:
    """By the remit in force now."""
    current = site.current
    event = current.store.decision(decision_id)
    if event is None:
        raise NotFoundException(f"there is no decision `{printable(decision_id, 80)}` in the logs that were read")
    remit = current.remit_to_act_by(event.agent)
    now = datetime.now(UTC).timestamp()
    return answered(why_json(event, why(event, remit, current.state(event.agent), list(current.vocabularies.values()), now)))


READING = (list_decisions, explain)
