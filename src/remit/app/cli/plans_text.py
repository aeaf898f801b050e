"""Plans and what came of them, as a person reads them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from remit.app.current import Current
from remit.model.ids import printable
from remit.model.plan import Plan, Step

_MOST_DIFF_LINES = 120


def show_plan(current: Current, plan: Plan) -> None:
    """The difference, the replay, the blind spots."""
    console = Console(highlight=False)
    console.print(Text.assemble((plan.id, "bold cyan"), f"  {plan.kind} of `{plan.agent}`, {plan.state}"))
    if plan.is_from_draft:
        console.print(Text("needed is from the draft: no remit is approved, so it cannot be applied", style="yellow"))
    for number, step in enumerate(plan.steps, 1):
        console.print(Text(f"\n{number}. {current.identity_text(step.principal)}: {printable(step.what, 400)}", style="bold"))
        console.print(Text(f"   {step.operation} on {printable(step.target, 300)} ({step.connection})", style="dim"))
        for line in _difference(step):
            console.print(Text(f"   {line}", style="green" if line.startswith("+") else "red" if line.startswith("-") else ""))
    if not plan.steps:
        console.print(Text("nothing to change"))
    calls, denied = plan.replay.calls, sum(item.calls for item in plan.replay.would_deny)
    since = f" since {plan.replay.since[:10]}" if plan.replay.since else ""
    console.print(Text(f"\nReplay: {denied:,} of {calls:,} recorded calls{since} would have been denied", style="bold"))
    for item in plan.replay.would_deny[:30]:
        what = f"{item.calls:,} x {printable(item.action)} on {printable(item.resource)}"
        console.print(Text(f"   {what}, last {item.last[:10]}: {printable(item.why, 200)}", style="red"))
    for title, sentences in (("No longer possible", plan.risk_removed), ("Blind spots", plan.blind_spots), ("Left as it is", plan.residue)):
        if sentences:
            console.print(Text(f"\n{title}", style="bold"))
            for sentence in sentences[:40]:
                console.print(Text(f"   {printable(sentence, 500)}"))
    if plan.also_affects:
        console.print(Text(f"\nOther agents on these identities: {', '.join(plan.also_affects)}", style="yellow"))


def show_outcome(current: Current, plan: Plan) -> None:
    """The proofs."""
    console = Console(highlight=False)
    for proof in plan.proofs:
        mark, style = ("holds", "green") if proof.holds else ("DOES NOT HOLD", "bold red")
        tried = f"{current.identity_text(proof.identity)}: {printable(proof.tried, 300)}"
        came = f"expected {proof.expected}, got {printable(proof.got, 200)} ({proof.how})"
        console.print(Text.assemble((f"{mark}: ", style), f"{tried}: {came}"))
    if not plan.steps:
        console.print(Text("no identity had to be changed"))
    console.print(Text.assemble((plan.id, "bold cyan"), f"  {plan.kind} of `{plan.agent}`: {plan.state}"))


def _difference(step: Step) -> Iterator[str]:
    lines = difflib.unified_diff(_lines(step.before), _lines(step.after), lineterm="", n=2)
    shown = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    yield from (printable(line, 400) for line in shown[:_MOST_DIFF_LINES])
    if len(shown) > _MOST_DIFF_LINES:
        yield f"... and {len(shown) - _MOST_DIFF_LINES} more lines"


def _lines(text: str | None) -> list[str]:
    """JSON is laid out for reading; what is compared and applied stays byte for byte."""
    if text is None:
        return []
    try:
        found = json.loads(text)
    except ValueError:
        return text.splitlines()
    if isinstance(found, list):
        return [" ".join(_word(part) for part in row) if isinstance(row, list) else json.dumps(row) for row in found]
    return json.dumps(found, indent=2).splitlines()


def _word(part: object) -> str:
    return part if isinstance(part, str) else json.dumps(part)
