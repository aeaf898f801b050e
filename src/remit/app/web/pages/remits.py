"""Drafts, approval and versions of remits.

Invariants:
- nothing is stored of a typed document before it is approved; what is wrong with it is told all at once, and the text stands as
  it was typed;
- a document that was looked at is shown by an address of its own, so that going back to it sends nothing again;
- a draft that somebody takes to edit makes a discovered agent one with a draft, as a written one does.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from remit.app.current import Current
from remit.app.intent import approve_text, check_is_next
from remit.app.loop import draft_of, note_draft
from remit.app.web.addresses import agent_address, agent_at
from remit.app.web.documents import MOST_LINES, Looked, file_name, line_difference, looked_at, odd_lines, typed_document, word_difference
from remit.app.web.paging import asked
from remit.app.web.site import AnyRequest, Posted, Site
from remit.model.agent import AgentState
from remit.model.errors import DocumentError, RefusedError, UsageError
from remit.model.standing import ApprovedRemit
from remit.store.records import Damaged
from remit.understand.document import document

_MOST_DIGITS = 6


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """A document as it stands in a form, and what was said to it."""

    text: str
    looked: Looked | None = None
    refused: str = ""
    is_checked: bool = False
    """Somebody asked what is to say about it, and nothing keeps it from being approved."""


@get("/agents/{slug:str}/draft", sync_to_thread=True)
def draft(slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """The draft of an agent, each line with its sources, beside the document to edit."""
    return _draft_page(request, site, slug, _looked_at_before(request, site, agent_at(site.current, slug).agent.id))


@post("/agents/{slug:str}/draft", sync_to_thread=True)
def check_draft(slug: FromPath[str], site: NamedDependency[Site], posted: NamedDependency[Posted]) -> Redirect:
    """Leads to what there is to say about an edited document; keeps that somebody works on it, and the text in its session alone."""
    agent = agent_at(site.current, slug).agent.id
    typed = _checked(site, agent, posted)
    try:
        if (number := _meant_as(posted)) is not None:
            check_is_next(site.current, agent, number)
        by = posted.person() if site.is_local and posted.text("person") else site.os_user
    except (RefusedError, UsageError) as error:
        typed = msgspec.structs.replace(typed, refused=str(error), is_checked=False)
    else:
        note_draft(site.fresh(), agent, by, site.now())
    posted.session.looked_at = agent, typed.text, typed.refused, _meant_as(posted)
    is_remit = posted.text("page") == "remit" and agent in site.current.versions
    return Redirect(f"{agent_address(agent, 'remit' if is_remit else 'draft')}?checked=1{'#edit' if is_remit else ''}", status_code=303)


@get("/agents/{slug:str}/remit", sync_to_thread=True)
def remit(slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site]) -> Response[Any]:
    """The version in force, every version, and how two of them differ."""
    agent = agent_at(site.current, slug).agent.id
    if agent not in site.current.versions:
        return Redirect(agent_address(agent, "draft"), status_code=303)
    return _remit_page(request, site, agent, _looked_at_before(request, site, agent))


@post("/agents/{slug:str}/remit", sync_to_thread=True)
def approve(slug: FromPath[str], request: AnyRequest, site: NamedDependency[Site], posted: NamedDependency[Posted]) -> Response[Any]:
    """Approves a document as the next version: signed, in force, and the agent active."""
    agent = agent_at(site.current, slug).agent.id
    typed = _checked(site, agent, posted)
    if typed.looked is not None and typed.looked.remit is not None:
        try:
            person, os_user = site.approver(posted)
            done = approve_text(site.fresh(), typed.text.encode(), file_name(agent), person, os_user, site.now(), number=_meant_as(posted))
        except (RefusedError, UsageError, DocumentError) as error:
            typed = msgspec.structs.replace(typed, refused=str(error), is_checked=False)
        else:
            number = done.version.version
            if done.is_new:
                site.look_again(f"version {number} of {agent} is approved")
            changed = f"?from={number - 1}&to={number}" if number > 1 else f"?to={number}"
            return Redirect(f"{agent_address(agent, 'remit')}{changed}&{'approved' if done.is_new else 'same'}={number}", status_code=303)
    if posted.text("page") == "remit" and agent in site.current.versions:
        return _remit_page(request, site, agent, typed)
    return _draft_page(request, site, agent, typed)


def _checked(site: Site, agent: str, posted: Posted) -> Typed:
    try:
        text = typed_document(posted.fields)
    except UsageError as error:
        return Typed(text="", refused=str(error))
    looked = looked_at(site.current, agent, text, site.now()[:10])
    return Typed(text=text, looked=looked, is_checked=looked.remit is not None)


def _looked_at_before(request: AnyRequest, site: Site, agent: str) -> Typed | None:
    """The document of this agent that somebody asked about last in this session, and what is to say to it now; None: there is none."""
    session = site.session(request)
    if session is None or session.looked_at[0] != agent or not asked(request, "checked"):
        return None
    _, text, refused, number = session.looked_at
    try:
        if number is not None:  # a version may have come in between, and nobody takes that back unread
            check_is_next(site.current, agent, number)
    except RefusedError as error:
        refused = str(error)
    looked = looked_at(site.current, agent, text, site.now()[:10]) if text else None
    return Typed(text=text, looked=looked, refused=refused, is_checked=not refused and looked is not None and looked.remit is not None)


def _meant_as(posted: Posted) -> int | None:
    """The number of the version that the form was going to make when it was loaded."""
    text = posted.text("number", most=_MOST_DIGITS)
    return int(text) if text.isascii() and text.isdecimal() else None


def _draft_page(request: AnyRequest, site: Site, slug: str, typed: Typed | None = None) -> Response[bytes]:
    current = site.current
    agent = agent_at(current, slug).agent.id
    found = draft_of(current, agent)
    return site.page(
        request,
        "draft.html",
        status=409 if request.method == "POST" and _is_refused(typed) else 200,
        draft=found,
        objectives=[
            (objective, [line for line in found.lines if line.objective == objective.name and not line.is_observed_only])
            for objective in found.objectives
        ],
        only_used=[line for line in found.lines if line.is_observed_only],
        identities=[current.identity_text(ref) for ref in found.identities],
        typed=typed or Typed(text=document(found)),
        page="draft",
        **_people(current, agent),
    )


def _remit_page(request: AnyRequest, site: Site, agent: str, typed: Typed | None = None) -> Response[bytes]:
    current = site.current
    versions = current.versions[agent]
    readable = {version.version: version for version in versions if isinstance(version, ApprovedRemit)}
    newest = versions[-1] if isinstance(versions[-1], ApprovedRemit) else None
    shown = readable.get(_number(request, "to")) or newest or max(readable.values(), key=lambda one: one.version, default=None)
    to_edit = newest or shown
    before = readable.get(_number(request, "from"))
    is_pair = shown is not None and before is not None and before.version != shown.version
    return site.page(
        request,
        "remit.html",
        status=409 if request.method == "POST" and _is_refused(typed) else 200,
        remit=current.remits.get(agent),
        fault=current.remit_faults.get(agent, ""),
        versions=[_row(version) for version in reversed(versions)],
        newest=newest,
        shown_version=shown,
        lines=shown.document.splitlines()[:MOST_LINES] if shown is not None else [],
        odd=odd_lines(shown.document) if shown is not None else (),
        before=before if is_pair else None,
        line_changes=line_difference(before.document, shown.document) if shown is not None and before is not None and is_pair else [],
        word_changes=word_difference(before, shown) if shown is not None and before is not None and is_pair else (),
        approved=newest is not None and _number(request, "approved") == newest.version,
        same=newest is not None and _number(request, "same") == newest.version,
        typed=typed or Typed(text=to_edit.document if to_edit is not None else ""),
        is_editing=typed is not None,
        page="remit",
        **_people(current, agent),
    )


def _people(current: Current, agent: str) -> dict[str, Any]:
    """Who may approve the next version, and what stands against that as far as is known before the click."""
    followed = current.remit_to_follow(agent) if agent in current.versions else None
    owner = current.owners.get(agent)
    state = current.state(agent)
    why_not = ""
    if state is AgentState.RETIRED:
        why_not = f"agent `{agent}` is retired, for good; a new agent needs another id"
    elif followed is None and owner is None:
        why_not = f"`{agent}` has no owner, and a first version needs one: name who answers for it"
    return {
        "agent": agent,
        "state": state,
        "owner": current.owner(agent),
        "is_first": followed is None,
        "approvers": followed.approvers if followed is not None else (owner.person,) if owner is not None else (),
        "next_version": len(current.versions.get(agent, ())) + 1,
        "why_not": why_not,
        "needs_owner": followed is None and owner is None,
    }


def _row(version: ApprovedRemit | Damaged) -> dict[str, Any]:
    if isinstance(version, Damaged):
        return {"version": None, "why": version.why}
    return {"version": version, "why": ""}


def _is_refused(typed: Typed | None) -> bool:
    return typed is not None and bool(typed.refused or (typed.looked is not None and typed.looked.errors))


def _number(request: AnyRequest, name: str) -> int:
    text = asked(request, name)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else 0


ROUTES = (draft, check_draft, remit, approve)
