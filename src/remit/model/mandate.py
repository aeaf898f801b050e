"""The narrowing of a remit for one task or session; never wider than the remit (remit language, section 7)."""

from __future__ import annotations

import msgspec


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a session: the person's words, and where values came from.

    Immutable: `decide.mandate` returns a new one for each call and each result of the session.
    """

    session: str
    task: str | None = None
    """None: the task's words are not known, and step 4 is skipped."""
    named: frozenset[str] = frozenset()
    """Normalised values named by the task, the remit, the agent, or an object that the task points at."""
    from_results: frozenset[str] = frozenset()
    """Normalised values that came from tool results of this session."""
    results: tuple[str, ...] = ()
    """Normalised texts of the results, newest last, for values that stand inside longer text."""
