"""What an agent can access, and why, as a person reads it: five classes, the worst first, each line with its reason and its places."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from remit.app.cli.page import Page, counted, listed, shortened
from remit.app.views.entitlements import CLASSES, PAST, ClassWords, grouped
from remit.app.views.shared_use import shared_use_text
from remit.model.alignment import Alignment, AlignmentLine, Class
from remit.model.shown import printable

_STYLES = {
    Class.USED_NOT_NEEDED: "bold red",
    Class.NEEDED_NOT_GRANTED: "bold yellow",
    Class.UNNEEDED: "yellow",
    Class.NEEDED_UNUSED: "cyan",
    Class.NEEDED_USED: "green",
}
_MOST_GROUPS = 15
"""Of one class, unless all are asked for."""
_MOST_ACTIONS = 8
_PLACES = 2
_PLACE_ROOM = 72

Group = list[AlignmentLine]


def show_access(page: Page, alignment: Alignment, name: Callable[[str], str], *, everything: bool) -> None:
    """Every class with its lines; `name` says an identity as people write it."""
    identities = {line.principal for line in alignment.lines if line.principal}
    for class_, words in CLASSES.items():
        groups = grouped([line for line in alignment.lines if line.class_ is class_ and not line.is_past])
        if groups:
            _show_class(page, groups, words, _STYLES[class_], name if len(identities) > 1 else None, everything=everything)
    if over := grouped([line for line in alignment.lines if line.is_past]):
        _show_class(page, over, PAST, "dim", name if len(identities) > 1 else None, everything=everything)


def _show_class(
    page: Page, groups: list[Group], words: ClassWords, style: str, name: Callable[[str], str] | None, *, everything: bool
) -> None:
    """One class with its lines; with `name` each identity is named."""
    reasons = {line.why for group in groups for line in group}
    # Why nothing needs it is mostly said in the same words; an objective is said where it is served.
    shared = next(iter(reasons)) if len(reasons) == 1 and groups[0][0].class_ is Class.UNNEEDED else ""
    page.blank()
    page.line((words.title, style), f": {printable(shared, 300) or words.meaning}", indent=2)
    shown = groups if everything else groups[:_MOST_GROUPS]
    for principal, members in itertools.groupby(shown, key=lambda group: group[0].principal):
        is_named = bool(principal) and name is not None
        if is_named and name is not None:
            page.line(f"as {printable(name(principal), 300)}", indent=4)
        for group in members:
            _show_group(page, group, 6 if is_named else 4, with_why=not shared)
    if len(shown) < len(groups):
        page.line(f"and {len(groups) - len(shown):,} more; --all lists each", indent=4)


def _show_group(page: Page, group: Group, indent: int, *, with_why: bool) -> None:
    line = group[0]
    actions = listed([printable(member.action) for member in group], _MOST_ACTIONS)
    columns = f" ({', '.join(line.columns)})" if line.columns else ""
    page.item("", (actions, "bold"), f" on {printable(line.resource)}{columns}{_use(line)}", indent=indent)
    for sentence in _reasons(line, with_why=with_why):
        page.line((sentence, "dim"), indent=indent + 4)


def _use(line: AlignmentLine) -> str:
    if not line.last_used:
        return f"; {shared_use_text(line)}" if line.shared_calls else ""
    return f"; {counted(line.count, 'time', 'times')}, last on {line.last_used[:10]}" if line.count else f"; last on {line.last_used[:10]}"


def _reasons(line: AlignmentLine, *, with_why: bool) -> Iterator[str]:
    if with_why:
        yield printable(line.why, 300)
    if line.doubt:
        yield f"not certain: {printable(line.doubt, 160)}"
    places = list(dict.fromkeys(shortened(printable(str(because.place), 400), _PLACE_ROOM) for because in line.because))
    if places:
        yield f"({listed(places, _PLACES)})"
