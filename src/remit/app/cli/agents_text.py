"""Agents as pages that a person reads; all text from outside is escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from remit.app.cli.access_text import show_access
from remit.app.cli.page import Page, Words, counted, listed
from remit.app.current import Current
from remit.app.views.entitlements import summary
from remit.app.views.questions import denied_lately, first_sentence, open_findings, purpose_of
from remit.app.views.stopped import stopped_with
from remit.app.views.who_can import WhoCan
from remit.model.access import PrincipalAccess
from remit.model.agent import AgentState
from remit.model.alignment import Alignment
from remit.model.finding import FindingState
from remit.model.shown import printable
from remit.model.standing import KnownAgent

_MOST_DENIED = 3
_LABELS = 14
"""Columns of the question before its answer."""


def show_agents(current: Current, agents: Sequence[KnownAgent], answer: WhoCan | None = None) -> None:
    """Agents in their order, and how they stand in all; `answer` is what was asked of them, where something was."""
    page = Page()
    if not agents:
        looked = ", ".join(current.connections) or "nothing is connected"
        asked = f" can {printable(answer.asked.words, 220)}, as far as was read" if answer is not None else ""
        page.line((f"no agent{asked or 's'}; looked at: {looked}", "bold"))
    for known in agents:
        _show_block(page, current, known)
        if answer is not None:
            _show_ways(page, answer, known)
    if answer is not None:
        _show_exactness(page, answer)
    elif agents:
        _show_standing(page, current, agents)


def _show_standing(page: Page, current: Current, agents: Sequence[KnownAgent]) -> None:
    """As home counts: the living by their states, and besides them what is retired and gone."""
    there = [known.agent.id for known in agents if not known.is_gone]
    live = [slug for slug in there if current.state(slug) is not AgentState.RETIRED]
    states = Counter(current.state(slug) for slug in live)
    standing = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
    without = sum(current.owner(slug) is None for slug in live)
    others = {"retired": len(there) - len(live), "gone": len(agents) - len(there)}
    beside = "".join(f", and {count:,} {word}" for word, count in others.items() if count)
    findings = sum(finding.state is FindingState.OPEN for finding in current.findings)
    page.blank()
    page.line(
        f"{counted(len(live), 'agent', 'agents')}{beside}{f': {standing}' if standing else ''}; {without:,} without an owner;"
        f" {counted(findings, 'open finding', 'open findings')}"
    )


def _show_ways(page: Page, answer: WhoCan, known: KnownAgent) -> None:
    able = answer.able[known.agent.id]
    verb = answer.asked.verb or "act"
    for way in able.ways:
        example = f", such as {printable(way.resources[0], 120)}" if way.resources else ""
        doubt = "" if way.is_certain else ", under conditions"
        page.line((f"can {verb}", "bold"), f" as {printable(way.ref, 120)} on {printable(way.words, 200)}{example}{doubt}", indent=7)
    if able.tools:
        tools = listed([printable(tool, 80) for tool in able.tools], 4)
        page.line((f"can {verb}", "bold"), f" by the {'tools' if len(able.tools) > 1 else 'tool'} {tools}", indent=7)


def _show_exactness(page: Page, answer: WhoCan) -> None:
    page.blank()
    page.line(f"{counted(len(answer.able), 'agent', 'agents')} can {printable(answer.asked.words, 220)}, {answer.exactness[0]}")
    for sentence in answer.exactness[1:]:
        page.line(printable(sentence, 400))
    if answer.not_known:
        page.line(f"not known of {listed(list(answer.not_known), 6)}: not every grant of their identities was read")


def _show_block(page: Page, current: Current, known: KnownAgent) -> None:
    agent = known.agent
    head: tuple[Words, ...] = ((agent.id, "bold cyan"), f"  {_state(current, known)}")
    owner = _owner_in_short(current, known)
    is_short = len(agent.id) + len(_state(current, known)) + len(owner) + 11 <= page.width
    page.item((f"{current.risk(agent.id):5.1f}  ", "bold"), *head, *((f", {owner}",) if is_short else ()))
    if not is_short:
        page.line(owner, indent=7)
    identities = _identities(current, known)
    purpose = _sentence(agent.purpose, 200)
    if purpose:
        page.line((purpose, "dim"), indent=7)
    if identities:
        page.line(f"as {listed(identities, 4)}", indent=7)


def _state(current: Current, known: KnownAgent) -> str:
    return current.state(known.agent.id) + (" (gone)" if known.is_gone else "")


def _owner_in_short(current: Current, known: KnownAgent) -> str:
    owner = current.owner(known.agent.id)
    if owner:
        return f"owner: {printable(owner, 60)}"
    candidates = list(dict.fromkeys(printable(candidate.name, 60) for candidate in known.agent.owner_candidates))
    return f"no owner, ask: {listed(candidates, 2)}" if candidates else "no owner"


def _identities(current: Current, known: KnownAgent) -> list[str]:
    return [printable(current.identity_text(bound.principal), 120) for bound in current.bound_by_agent.get(known.agent.id, ())]


def show_agent(
    current: Current, known: KnownAgent, access: Sequence[PrincipalAccess], alignment: Alignment, *, everything: bool = False
) -> None:
    """The four questions on one page; then what it can access, line by line, and why."""
    page = Page()
    agent = known.agent
    kind = f", {printable(agent.kind)}" if agent.kind else ""
    page.line((agent.id, "bold cyan"), f"  {_state(current, known)}, risk {current.risk(agent.id):.1f}{kind}")
    page.blank()
    for question, answers in (
        ("State", _stands(current, known)),
        ("Who owns it", _owner(current, known)),
        ("Acts as", _acts_as(current, known)),
        ("Is for", _is_for(current, known)),
        ("Can access", _can_access(alignment, access)),
        ("Remit", _remit(current, known)),
        ("Built with", _built(known)),
    ):
        for number, words in enumerate(answers):
            page.item((question if number == 0 else "", "bold"), *words, indent=2, room=_LABELS)
    _show_findings(page, current, agent.id)
    _show_denied(page, current, agent.id)
    page.blank()
    page.line(("What it can access, and why", "bold"), f" (needed is from {_source(current, agent.id, alignment)})")
    if not alignment.lines:
        page.line("nothing is granted, used or needed, as far as was read", indent=2)
    show_access(page, alignment, current.identity_text, everything=everything)


def _owner(current: Current, known: KnownAgent) -> Iterator[tuple[Words, ...]]:
    owner = current.owner(known.agent.id)
    if owner:
        yield (printable(owner, 120),)
        return
    candidates = known.agent.owner_candidates
    yield ("nobody yet; these are named:" if candidates else "nobody, and nothing names anybody",)
    for candidate in candidates:
        yield (printable(candidate.name, 60), (f" ({printable(candidate.because.text, 120)}, {candidate.because.place})", "dim"))


def _acts_as(current: Current, known: KnownAgent) -> Iterator[tuple[Words, ...]]:
    sharing = current.sharing(known.agent.id)
    bound_here = current.bound_by_agent.get(known.agent.id, ())
    for bound in bound_here:
        because = bound.because[0] if bound.because else None
        shared = f", shared with {', '.join(sharing[bound.principal])}" if bound.principal in sharing else ""
        hidden = "" if bound.principal in current.principals else ", in no connected system"
        where = f" ({because.place}: {printable(because.text, 120)})" if because is not None else ""
        yield (printable(current.identity_text(bound.principal)), (shared + hidden, "yellow"), (where, "dim"))
    if not bound_here:
        yield ("no identity is known",)
    for credential in known.agent.credentials:
        yield (f"holds {printable(credential.name)}, {credential.kind}", (f" ({credential.place})", "dim"))


def _is_for(current: Current, known: KnownAgent) -> Iterator[tuple[Words, ...]]:
    purpose = purpose_of(current, known)
    if purpose.is_approved:
        yield (printable(" ".join(purpose.text.split()), 600), (f" ({purpose.said_by})", "dim"))
        return
    from_its_words = bool(known.agent.purpose)
    place = f" ({purpose.said_by})" if from_its_words else f" ({purpose.place}, not approved)" if purpose.place else ""
    yield (_sentence(purpose.text, 400) or "nothing says", (place, "dim"))


def _can_access(alignment: Alignment, access: Sequence[PrincipalAccess]) -> Iterator[tuple[Words, ...]]:
    yield (summary(alignment),)
    for unread in [unread for found in access for unread in found.unread][:5]:
        yield ((f"not read: {printable(f'{unread.place}: {unread.why}', 300)}", "yellow"),)


def _remit(current: Current, known: KnownAgent) -> Iterator[tuple[Words, ...]]:
    slug = known.agent.id
    fault = current.remit_faults.get(slug)
    approved = current.approved.get(slug)
    if fault:
        yield ((f"its approved remit does not count, so it is denied at every point: {printable(fault, 600)}", "bold red"),)
    elif approved is not None:
        yield (
            f"version {approved.version}, approved by {printable(approved.by)} on {approved.at[:10]}",
            (f" ({approved.hash[:19]})", "dim"),
        )
    else:
        yield ("none is approved: it is denied at every point that asks the store",)


def _stands(current: Current, known: KnownAgent) -> Iterator[tuple[Words, ...]]:
    """Who brought it to its state, when and why; nothing where nobody did."""
    standing = current.standings.get(known.agent.id)
    if standing is not None and standing.because:
        style = "bold red" if standing.state in ("suspended", "retired") else ""
        yield ((str(standing.state), style), f" since {standing.since} by {printable(standing.by)}: {printable(standing.because, 300)}")
    for one in stopped_with(current, known.agent.id):
        yield ((f"its identity {printable(one.identity, 200)} {one.state}, with {one.agent}", "bold red"),)


def _built(known: KnownAgent) -> Iterator[tuple[Words, ...]]:
    agent = known.agent
    yield (f"{printable(agent.framework)}, {printable(agent.model or 'model not known')}", (f" ({agent.place})", "dim"))


def _show_findings(page: Page, current: Current, slug: str) -> None:
    opened = open_findings(current, slug)
    if not opened:
        return
    page.blank()
    page.line((counted(len(opened), "open finding", "open findings"), "bold red"))
    for finding in opened:
        page.item((f"{finding.severity:9}", "red"), f"{printable(finding.title, 300)} ", (f"({finding.id})", "dim"), indent=2)


def _show_denied(page: Page, current: Current, slug: str) -> None:
    """The last calls that a point did not allow, each with the command that says why."""
    events = denied_lately(current, slug, _MOST_DENIED)
    if not events:
        return
    page.blank()
    page.line(("Denied lately", "bold"))
    for event in events:
        at = f"{event.happened[:16].replace('T', ' ')}  "
        page.item((at, "dim"), f"{printable(event.action, 200)} at {printable(event.system, 100)}", indent=2)
        page.line(f"remit why {printable(event.decision, 100)}", indent=20)


def _source(current: Current, slug: str, alignment: Alignment) -> str:
    if slug in current.remit_faults:
        return "the draft: no remit counts"
    return "a draft: no remit is approved" if alignment.is_from_draft else f"the approved remit, {alignment.remit_hash[:19]}"


def _sentence(text: str | None, limit: int) -> str:
    return printable(first_sentence(text), limit)
