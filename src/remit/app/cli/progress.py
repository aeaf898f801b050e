"""What a command says that is long on its way: how far it is, on a terminal; and how far it came, when it is interrupted.

Nothing that is said here may disturb what is being done: a standard error that is gone is passed over.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from remit.app.cli.options import say
from remit.model.errors import RefusedError
from remit.model.shown import printable

if TYPE_CHECKING:
    from remit.contracts.source import Progress
    from remit.model.plan import Plan, StepState
    from remit.store.records import Store

INTERRUPTED = 130
_UNKNOWN = "how far it came cannot be read now; `remit doctor` tells"


def is_watched() -> bool:
    """Whether a person sees what is said on the way."""
    return sys.stderr.isatty()


class Steps:
    """A plan that is carried out: a line for each step as it ends, and the last sentence of a command that is interrupted."""

    def __init__(self, store: Store, by: str, *, is_quiet: bool, agent: str = "", again: str = "") -> None:
        """`by` is the approver, to be named in the command that goes on; `again` is that command where no plan says a better one."""
        self._store = store
        self._by = by
        self._again = f"; `{again}` goes on" if again else ""
        self._is_shown = is_watched() and not is_quiet
        self._states: dict[str, tuple[StepState, ...]] = {}
        self.agent = agent
        self.plan = ""
        """Id of the plan that is being carried out; empty: none is yet."""

    def told(self, plan: Plan) -> None:
        """Takes a plan as it was journalled."""
        self.plan = plan.id
        before, self._states[plan.id] = self._states.get(plan.id), plan.step_states
        if self._is_shown:
            with contextlib.suppress(OSError, ValueError):
                for line in _lines(plan, before):
                    say(line)

    @contextmanager
    def interruptible(self) -> Iterator[Steps]:
        """What is done inside and cut off by Ctrl-C ends in a sentence that says how far it came, and with 130."""
        try:
            yield self
        except (KeyboardInterrupt, typer.Abort):  # the latter where it asks
            with contextlib.suppress(OSError, ValueError):
                say(f"\ninterrupted: {self._how_far()}")
            raise typer.Exit(INTERRUPTED) from None

    def _how_far(self) -> str:
        from remit.app.views.half_done import sentence, ways_text
        from remit.model.plan import Plan, PlanState
        from remit.remedy.plan import is_fresh

        try:
            # From the journal: the interrupt may have come between a move and the word of it.
            plan = self._store.get(Plan, self.plan) if self.plan else None
            besides = self._standing()
        except RefusedError:
            return "how far it came cannot be read now; `remit doctor` tells"
        if plan is None:
            return f"{besides}no identity was changed{self._again}" if besides else "nothing was changed"
        if plan.state in (PlanState.APPLIED, PlanState.UNDONE):
            return f"{besides}`{plan.id}` is {plan.state}, every step of it{self._again}"
        if is_fresh(plan) and plan.state is not PlanState.UNDOING:
            return f"{besides or 'nothing was changed; '}{ways_text(plan, self._by)}"
        return f"{besides}{sentence(plan, self._by)}"

    def _standing(self) -> str:
        """What holds whatever became of the identities."""
        from remit.model.agent import AgentState
        from remit.model.standing import Standing

        standing = self._store.get(Standing, self.agent) if self.agent else None
        if standing is None or standing.state not in (AgentState.SUSPENDED, AgentState.RETIRED):
            return ""
        return f"`{self.agent}` is {standing.state}, and denied at every point that asks this store; "


def _lines(plan: Plan, before: tuple[StepState, ...] | None) -> Iterator[str]:
    """What is new since the plan was journalled before."""
    from remit.app.views.half_done import ended
    from remit.model.plan import PlanState, StepState

    if plan.state not in (PlanState.APPROVED, PlanState.APPLYING, PlanState.UNDOING, PlanState.STUCK):
        return
    done, count = ended(plan)
    if before is None or len(before) != len(plan.steps):
        if count and plan.state is not PlanState.STUCK:
            left = f"{count - done} of {count} steps" if done else "1 step" if count == 1 else f"{count} steps"
            yield f"{plan.id}: {left} to {'take back' if plan.state is PlanState.UNDOING else 'do'}"
        return
    words = {StepState.DONE: "done", StepState.UNDONE: "taken back", StepState.FAILED: "FAILED"}
    for step, old, new in zip(plan.steps, before, plan.step_states, strict=True):
        if old is not new and new in words:
            yield f"{done:>4} of {count} {words[new]}: {printable(step.what, 300)}"
    if done == count and before != plan.step_states and plan.state is not PlanState.STUCK:
        yield "     reading everything back, and proving that it holds"


class Reading:
    """Connections that are read: one line that is written over, and the last sentence of a command that is interrupted."""

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_shown = is_watched() and not is_quiet
        self._doing = ""
        self.so_far = ""
        """What stands in the store though it ends here, in a sentence."""

    def told(self, text: str) -> None:
        """Takes what is being done."""
        self._doing = text
        self._show(text)

    @property
    def counted(self) -> Callable[[Progress], None] | None:
        """Takes how far the reading of one connection is; nothing where nobody watches."""
        return self._count if self._is_shown else None

    @contextmanager
    def interruptible(self) -> Iterator[Reading]:
        """As `Steps.interruptible`."""
        try:
            yield self
        except KeyboardInterrupt:
            with contextlib.suppress(OSError, ValueError):
                say(
                    f"\ninterrupted {f'while {printable(self._doing, 200)}' if self._doing else 'before anything was read'}: {self._kept()}"
                )
            raise typer.Exit(INTERRUPTED) from None
        finally:
            self._show("")

    def _kept(self) -> str:
        besides = f"{self.so_far}; " if self.so_far else ""
        return f"{besides}what was read before is kept, agents and findings are as the last whole scan left them; `remit scan` reads again"

    def _count(self, progress: Progress) -> None:
        from remit.app.views.progress_text import progress_text

        self._show(f"{self._doing}: {progress_text(progress)}" if self._doing else progress_text(progress))

    def _show(self, text: str) -> None:
        if self._is_shown:
            with contextlib.suppress(OSError, ValueError):
                # Cut where the terminal would wrap it: only its last row could be written over.
                sys.stderr.write(f"\r\x1b[2K{printable(text, 300)[: shutil.get_terminal_size().columns - 1]}")
                sys.stderr.flush()
