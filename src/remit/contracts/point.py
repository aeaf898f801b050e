"""What an enforcement point is given, and what it must do with it.

Rules, proved by `testing.kits.point`: a point never allows by itself; every decision case gives the same answer through it;
a decider that raises, a log that cannot be written and a request that is not understood are denials.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec

from remit.model.decision import Decision, Request


class Session(Protocol):
    """What is known of one session: the task's words and where values came from (remit language, section 7)."""

    id: str

    @property
    def task(self) -> str | None:
        """The person's words, where they are known."""
        ...

    def sent(self, request: Request) -> None:
        """Records the values of a call that was forwarded: they do not come from results any more."""
        ...

    def received(self, request: Request, result: Any) -> None:
        """Records the values of a tool result (a JSON value). Nothing in it widens anything."""
        ...


class Decide(Protocol):
    """The decision as a point sees it: it is total, and it is logged before it returns."""

    def __call__(self, requests: Sequence[Request], session: Session | None = None) -> list[Decision]:
        """One decision per request, in order, all of them in the log when this returns; a fault is a deny."""
        ...

    def open_session(self, agent: str, session: str, task: str | None) -> Session:
        """A session of an agent, with the person's words where they are known."""
        ...

    def shows(self, agent: str, system: str, action: str) -> bool:
        """Whether an action could be allowed for some arguments: what `tools/list` is filtered by."""
        ...


class Seen(msgspec.Struct, frozen=True):
    """What whoever asked through a point gets to see."""

    is_allowed: bool
    text: str
    """Everything that the point said, for a person."""


class Point(Protocol):
    """What each package in `points/` offers under the name `POINT` (module `point`), so that a kit can drive it over its own wire form.

    Rules, proved by `testing.kits.point`: see the top of this module.
    """

    name: str
    """Stands as `point` in the decision log."""

    def ask(self, decide: Decide, request: Request) -> Seen:
        """The request written in the point's own wire form, read back by the point, decided, and answered."""
        ...

    def garbage(self, decide: Decide) -> Iterable[tuple[str, Seen]]:
        """Messages that cannot be understood: what is wrong with each, and what was answered."""
        ...
