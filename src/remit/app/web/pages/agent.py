"""The page of one agent: the four questions, then needed, granted and used, with every reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from remit.app.current import Current
from remit.app.intent import set_owner
from remit.app.views.shared_use import told_with_shared_use
from remit.app.web.access_view import Chosen, Material, abilities_of, retold, table
from remit.app.web.addresses import agent_address
from remit.app.web.agent_access import Kept
from remit.app.web.agent_view import AgentView, Identity, agent_view, nearest_agents
from remit.app.web.fitting import shortened
from remit.app.web.paging import asked, asked_page
from remit.app.web.reach import Named, Picture, picture
from remit.app.web.site import AnyRequest, Posted, Site
from remit.app.web.strands import Strand
from remit.model.errors import RefusedError, UsageError
from remit.model.ids import AGENT_PREFIX
from remit.model.standing import KnownAgent

_KEPT = Kept()
"""A memo: nothing in it outlives what it was worked out from."""
_MOST_CHOSEN = 500
_FIELDS = {"verb": "verb", "class": "class_", "system": "system", "identity": "identity", "on": "on"}
"""Names in the address, and of what is chosen."""


@get("/agents/{slug:str}", sync_to_thread=True)
def agent(slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Who owns it, what identities it uses, what it is for, what it can reach; and why."""
    current = site.current
    known = current.agents.get(slug.removeprefix(AGENT_PREFIX))
    if known is None:
        return _unknown(site, request, current, slug)
    return _page(site, request, current, known)


@post("/agents/{slug:str}/owner", status_code=303, sync_to_thread=True)
def owner(slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site], posted: NamedDependency[Posted]) -> Response[Any]:
    """Makes a person answer for the agent."""
    current = site.fresh()
    known = current.agents.get(slug.removeprefix(AGENT_PREFIX))
    if known is None:
        return _unknown(site, request, current, slug)
    typed = posted.fields.get("owner", "")
    at = site.now()
    try:
        named = posted.needed("owner", "who answers for the agent", most=320)
        by, _ = site.approver(posted)
        set_owner(current, known.agent.id, named, by, at)
    except (RefusedError, UsageError) as error:
        return _page(site, request, site.current, known, status=409, typed=typed, problem=str(error))
    site.look_again(f"{known.agent.id} has an owner")
    return Redirect(agent_address(known.agent.id), status_code=303)


def _page(
    site: Site, request: AnyRequest, current: Current, known: KnownAgent, *, status: int = 200, typed: str = "", problem: str = ""
) -> Response[bytes]:
    slug = known.agent.id
    found = _KEPT.of(current, slug)
    given = Material(
        lines=retold(found.lines, told_with_shared_use(current, found.alignment)),
        ways=found.ways,
        recorded={use.place for use in found.uses},
        name=current.identity_text,
        holds_identities=found.spans.holds_identities,
    )
    view = agent_view(current, known, found.alignment, found.access)
    return site.page(
        request,
        "agent.html",
        status=status,
        view=view,
        abilities=abilities_of(found.lines),
        table=table(given, _chosen(request), asked_page(request)),
        reach=_reach(view, found.strands),
        middle=shortened,
        typed=typed,
        problem=problem,
    )


def _reach(view: AgentView, strands: Sequence[Strand]) -> Picture | None:
    named = [Named(ref=one.ref, text=one.text, note=_note(one)) for one in view.identities]
    return picture(view.slug, f"risk {view.risk:.1f}", named, strands)


def _note(identity: Identity) -> str:
    """What is to be known of an identity before all else."""
    if identity.shared_with:
        return f"shared with {', '.join(identity.shared_with)}"
    if identity.person:
        return "a person's own login"
    return identity.confidence if identity.is_connected else "in no connected system"


def _chosen(request: AnyRequest) -> Chosen:
    return Chosen(**{name: asked(request, field, _MOST_CHOSEN) for field, name in _FIELDS.items()})


def _unknown(site: Site, request: AnyRequest, current: Current, slug: str) -> Response[bytes]:
    return site.page(request, "agent_unknown.html", status=404, slug=slug, nearest=nearest_agents(current, slug), count=len(current.agents))


ROUTES = (agent, owner)
