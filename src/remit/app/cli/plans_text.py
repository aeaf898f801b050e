"""Plans and what came of them, as a person reads them: what is taken away, who would notice, what is not known."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from remit.app.cli.page import Page, counted
from remit.app.current import Current
from remit.app.views.native_text import laid_out
from remit.app.views.replay_words import verdict
from remit.model.plan import Plan, PlanKind, Proof, Step
from remit.model.shown import printable

_MOST_DIFF_LINES = 120
_MOST_SENTENCES = 40
_STYLES = {"+": "green", "-": "red", "~": "yellow"}
_PURPOSES = {
    PlanKind.RIGHT_SIZE: "right-size",
    PlanKind.QUARANTINE: "quarantine",
    PlanKind.RETIRE: "retirement",
}


def show_plan(current: Current, plan: Plan) -> None:
    """The difference by identity, the replay, what is lost, the blind spots; and a last line that says it all."""
    page = Page()
    page.line((plan.id, "bold cyan"), f"  {_PURPOSES[plan.kind]} of `{plan.agent}`, {plan.state}")
    if plan.is_from_draft:
        page.line(("needed is from the draft: no remit is approved, so this plan cannot be applied", "yellow"))
    if plan.steps:
        page.line(("+ is written, - is taken away, ~ is changed; nothing is changed yet", "dim"))
    numbered = list(enumerate(plan.steps, 1))
    for principal, members in itertools.groupby(numbered, key=lambda item: item[1].principal):
        page.blank()
        page.line((current.identity_text(principal), "bold"))
        for number, step in members:
            _show_step(page, number, step)
    if not plan.steps:
        page.blank()
        page.line(("nothing to take away: as far as was read, nothing is granted that is not needed and can be taken away", "bold"))
    else:
        _show_replay(page, plan)
    _show_sentences(page, "No longer possible", plan.risk_removed, "")
    _show_sentences(page, "Blind spots", plan.blind_spots, "yellow")
    _show_sentences(page, "Left as it is", plan.residue, "")
    if plan.also_affects:
        page.blank()
        page.line((f"Other agents on these identities: {', '.join(plan.also_affects)}", "yellow"))
    page.blank()
    page.line((_summary(plan), "bold"))


def show_outcome(current: Current, plan: Plan) -> None:
    """The proofs by identity, and what the plan came to."""
    page = Page()
    for identity, members in itertools.groupby(plan.proofs, key=lambda proof: proof.identity):
        page.line((current.identity_text(identity), "bold"))
        for proof in members:
            _show_proof(page, proof)
    if not plan.steps:
        page.line("no identity had to be changed")
    held = sum(proof.holds for proof in plan.proofs)
    proved = f", {held:,} of {counted(len(plan.proofs), 'proof holds', 'proofs hold')}" if plan.proofs else ""
    named = f"{plan.id}  " if plan.steps or plan.kind is not PlanKind.QUARANTINE else ""  # else it is not kept
    page.line((named, "bold cyan"), f"{_PURPOSES[plan.kind]} of `{plan.agent}`: {plan.state}{proved}")


def _show_step(page: Page, number: int, step: Step) -> None:
    mark = _mark(step)
    page.item((f"{mark} {number}. ", _STYLES[mark]), printable(step.what, 600), indent=2)
    page.line((f"{step.operation} on {printable(step.target, 400)} ({step.connection})", "dim"), indent=7)
    for line in _difference(step):
        # Not wrapped: a line of a document is read, and copied, as it is.
        page.item(("  " + line, _STYLES.get(line[:1], "")), indent=7)


def _mark(step: Step) -> str:
    empty = (None, "[]")
    return "+" if step.before in empty else "-" if step.after in empty else "~"


def _show_replay(page: Page, plan: Plan) -> None:
    found = verdict(plan)
    since = f" since {plan.replay.since[:10]}" if plan.replay.since else ""
    page.blank()
    if not found.calls:
        page.line(("Replay: no call is recorded, so nothing shows what would break", "bold yellow"))
        return
    said = f"{found.denied:,} of {counted(found.calls, 'recorded call', 'recorded calls')}{since} would have been denied"
    said += f"; {found.words}" if plan.kind is PlanKind.RIGHT_SIZE and found.words else ""
    page.line(("Replay: ", "bold"), (said, "bold red" if found.missed else "bold yellow" if found.denied else "bold green"))
    for item in plan.replay.would_deny[:30]:
        what = f"{item.calls:,} x {printable(item.action)} on {printable(item.resource)}"
        page.item("- ", (f"{what}, last {item.last[:10]}: {printable(item.why, 200)}", "red"), indent=2)
    if len(plan.replay.would_deny) > 30:
        page.line(f"and {len(plan.replay.would_deny) - 30:,} more; --json lists each", indent=2)


def _show_sentences(page: Page, title: str, sentences: Sequence[str], style: str) -> None:
    if not sentences:
        return
    page.blank()
    page.line((title, f"bold {style}".strip()))
    for sentence in sentences[:_MOST_SENTENCES]:
        page.item("- ", printable(sentence, 600), indent=2)
    if len(sentences) > _MOST_SENTENCES:
        page.line(f"and {len(sentences) - _MOST_SENTENCES:,} more; --json lists each", indent=2)


def _summary(plan: Plan) -> str:
    marks = [_mark(step) for step in plan.steps]
    named = (("+", "to write"), ("~", "to change"), ("-", "to take away"))
    steps = ", ".join(f"{marks.count(mark):,} {word}" for mark, word in named if mark in marks) or "nothing to take away"
    if not plan.steps:
        return f"Plan: {steps}; {counted(len(plan.blind_spots), 'blind spot', 'blind spots')}"
    denied = verdict(plan).denied
    replayed = f"{counted(denied, 'recorded call', 'recorded calls')} would be denied" if denied else "no recorded call would be denied"
    replayed += f" ({verdict(plan).words})" if denied and plan.kind is PlanKind.RIGHT_SIZE else ""
    replay = replayed if plan.replay.calls else "no call is recorded on what it changes"
    return f"Plan: {steps}; {replay}; {counted(len(plan.blind_spots), 'blind spot', 'blind spots')}"


def _show_proof(page: Page, proof: Proof) -> None:
    tried = printable(proof.tried, 300)
    if proof.holds and proof.got not in ("allowed", "denied"):
        page.item(("holds  ", "green"), f"{tried}: {printable(proof.got, 200)} ", (f"({proof.how})", "dim"), indent=2)
    elif proof.holds:
        page.item(("holds  ", "green"), f"{proof.got}: {tried} ", (f"({proof.how})", "dim"), indent=2)
    else:
        came = f"{tried}: expected {proof.expected}, got {printable(proof.got, 200)} "
        page.item(("DOES NOT HOLD  ", "bold red"), came, (f"({proof.how})", "dim"), indent=2)


def _difference(step: Step) -> Iterator[str]:
    shown = laid_out(step.operation, step.before, step.after)
    yield from (printable(line, 400) for line in shown[:_MOST_DIFF_LINES])
    if len(shown) > _MOST_DIFF_LINES:
        yield f"... and {len(shown) - _MOST_DIFF_LINES} more lines; --json has both texts whole"
