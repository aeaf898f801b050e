"""Agents as pages that a person reads; all text from outside is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from remit.app.current import Current
from remit.model.access import PrincipalAccess
from remit.model.alignment import Alignment, AlignmentLine, Class
from remit.model.finding import FindingState
from remit.model.ids import printable
from remit.model.standing import KnownAgent

_CLASSES = {
    Class.USED_NOT_NEEDED: ("used, not needed", "bold red"),
    Class.NEEDED_NOT_GRANTED: ("needed, not granted", "bold yellow"),
    Class.UNNEEDED: ("unneeded", "yellow"),
    Class.NEEDED_UNUSED: ("needed, unused", "cyan"),
    Class.NEEDED_USED: ("needed and used", "green"),
}
_MOST_LINES = 200
_WIDE = 130
"""Columns from which every fact has a column of its own."""


def show_agents(current: Current, *, with_gone: bool) -> None:
    """A line for every agent, riskiest first."""
    console = Console(highlight=False)
    listed = sorted(
        (known for known in current.agents.values() if with_gone or not known.is_gone),
        key=lambda known: (-known.agent.risk, known.agent.id),
    )
    if not listed:
        looked = ", ".join(current.connections) or "nothing is connected"
        console.print(Text(f"no agents; looked at: {looked}", style="bold"))
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), show_edge=False)
    is_wide = console.width >= _WIDE
    titles = ("Risk", "Agent", "State", "Owner", "Acts as", "For") if is_wide else ("Risk", "Agent, state, owner", "Acts as, for")
    for title in titles:
        table.add_column(title, overflow="fold")
    for known in listed:
        table.add_row(*(_wide_row(current, known) if is_wide else _narrow_row(current, known)))
    console.print(table)
    findings = sum(finding.state is FindingState.OPEN for finding in current.findings)
    console.print(Text(f"\n{len(listed):,} agents, {findings:,} open findings."))


def _wide_row(current: Current, known: KnownAgent) -> list[Text]:
    agent = known.agent
    identities = [current.identity_text(bound.principal) for bound in current.bound_by_agent.get(agent.id, ())]
    return [
        Text(f"{agent.risk:5.1f}", style="bold"),
        Text(agent.id, style="bold cyan"),
        Text(_state(current, known)),
        Text(_owner(current, known)),
        Text(_some(identities, 4)),
        Text(_sentence(agent.purpose, 110)),
    ]


def _narrow_row(current: Current, known: KnownAgent) -> list[Text]:
    risk, agent, state, owner, identities, purpose = _wide_row(current, known)
    about = Text.assemble(identities, "\n" if identities.plain and purpose.plain else "", (purpose.plain, "dim"))
    return [risk, Text.assemble(agent, "\n", state, "\n", (owner.plain, "dim")), about]


def _state(current: Current, known: KnownAgent) -> str:
    return current.state(known.agent.id) + (" (gone)" if known.is_gone else "")


def _owner(current: Current, known: KnownAgent) -> str:
    owner = current.owner(known.agent.id)
    candidates = ", ".join(printable(candidate.name, 60) for candidate in known.agent.owner_candidates[:2])
    return printable(owner, 60) if owner else f"nobody; {candidates}?" if candidates else "nobody"


def show_agent(current: Current, known: KnownAgent, access: Sequence[PrincipalAccess], alignment: Alignment) -> None:
    """The four questions, then needed, granted and used."""
    console = Console(highlight=False)
    agent = known.agent
    console.print(
        Text.assemble((agent.id, "bold cyan"), f"  {current.state(agent.id)}, risk {agent.risk:.1f}, {agent.kind or 'kind not known'}")
    )
    standing = current.standings.get(agent.id)
    if standing is not None and standing.because:
        console.print(Text(f"  {standing.state} since {standing.since} by {printable(standing.by)}: {printable(standing.because)}"))
    facts = Table.grid(padding=(0, 2), pad_edge=True)
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    for question, answer in _answers(current, known):
        facts.add_row(question, answer)
    console.print(facts)
    for sentence in [f"{unread.place}: {unread.why}" for found in access for unread in found.unread][:10]:
        console.print(Text(f"  not read: {printable(sentence, 300)}", style="yellow"))
    fault = current.remit_faults.get(agent.id)
    if fault:
        console.print(
            Text(f"  its approved remit does not count, so it is denied at every point: {printable(fault, 600)}", style="bold red")
        )
    source = (
        "the draft: no remit counts"
        if fault
        else "the draft: no remit is approved"
        if alignment.is_from_draft
        else f"the approved remit, {alignment.remit_hash[:19]}"
    )
    console.print(Text(f"\nNeeded, granted, used (needed is from {source})", style="bold"))
    _show_alignment(console, alignment)
    opened = [finding for finding in current.findings if finding.agent == agent.id and finding.state is FindingState.OPEN]
    for finding in opened:
        console.print(Text(f"{finding.severity}: {printable(finding.title, 300)}  ({finding.id})", style="red"))


def _answers(current: Current, known: KnownAgent) -> Iterable[tuple[str, Text]]:
    agent = known.agent
    owner = current.owner(agent.id)
    candidates = "; ".join(
        f"{printable(candidate.name, 60)} ({printable(candidate.because.text, 60)}, {candidate.because.place})"
        for candidate in agent.owner_candidates
    )
    yield (
        "Who owns it",
        Text(printable(owner) if owner else f"nobody; candidates: {candidates}" if candidates else "nobody, and nothing names anybody"),
    )
    lines = []
    sharing = current.sharing(agent.id)
    for bound in current.bound_by_agent.get(agent.id, ()):
        because = bound.because[0] if bound.because else None
        shared = f", shared with {', '.join(sharing[bound.principal])}" if bound.principal in sharing else ""
        where = f"  ({because.place}: {printable(because.text, 120)})" if because is not None else ""
        lines.append(f"{printable(current.identity_text(bound.principal))}{shared}{where}")
    lines += [f"{printable(credential.name)}, {credential.kind}  ({credential.place})" for credential in agent.credentials]
    yield "Acts as", Text("\n".join(lines) or "no identity is known")
    yield "Is for", Text(_sentence(agent.purpose, 400) or "nothing says")
    yield "Built with", Text(f"{printable(agent.framework)}, {printable(agent.model or 'model not known')}, at {agent.place}")


def _show_alignment(console: Console, alignment: Alignment) -> None:
    if not alignment.lines:
        console.print(Text("  nothing is granted, used or needed, as far as was read"))
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), show_edge=False)
    for title in ("", "Action", "On", "Last used", "Why"):
        table.add_column(title, overflow="fold")
    order = list(_CLASSES)
    shown = _grouped(sorted(alignment.lines, key=lambda line: order.index(line.class_)))
    for line, others in shown[:_MOST_LINES]:
        word, style = _CLASSES[line.class_]
        table.add_row(
            Text(word, style=style),
            Text(printable(line.action) + (f" and {others} more" if others else "")),
            Text(printable(line.resource) + (f" ({', '.join(line.columns)})" if line.columns else "")),
            Text(f"{(line.last_used or '')[:10]} x{line.count:,}" if line.last_used else "never"),
            Text(_why(line)),
        )
    console.print(table)
    if len(shown) > _MOST_LINES or len(shown) < len(alignment.lines):
        console.print(Text(f"  {len(alignment.lines):,} lines in all; --json lists each"))


def _grouped(lines: Sequence[AlignmentLine]) -> list[tuple[AlignmentLine, int]]:
    """What was never used and is there for one reason on one resource is one line, with the number of actions beside the first."""
    groups: dict[tuple[object, ...], list[AlignmentLine]] = {}
    for number, line in enumerate(lines):
        key = (line.class_, line.principal, line.resource, line.why, line.rule) if line.last_used is None else (number,)
        groups.setdefault(key, []).append(line)
    return [(members[0], len(members) - 1) for members in groups.values()]


def _why(line: AlignmentLine) -> str:
    places = ", ".join(printable(str(because.place), 90) for because in line.because[:2])
    return f"{printable(line.why, 240)}{f' ({places})' if places else ''}{f'; {printable(line.doubt, 120)}' if line.doubt else ''}"


def _sentence(text: str | None, limit: int) -> str:
    words = " ".join((text or "").strip().partition("\n\n")[0].split())
    return printable(words.split(". ", 1)[0], limit)


def _some(names: Sequence[str], most: int) -> str:
    shown = ", ".join(printable(name, 80) for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
