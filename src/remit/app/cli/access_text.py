"""What an agent can access, and why, as a person reads it: five classes, the worst first, each line with its reason and its places."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

from remit.app.cli.page import Page, counted, listed, shortened
from remit.model.alignment import Alignment, AlignmentLine, Class
from remit.model.shown import printable

_CLASSES = {
    Class.USED_NOT_NEEDED: ("used but not needed", "bold red", "it did this, and nothing that it is for calls for it"),
    Class.NEEDED_NOT_GRANTED: ("needed but not granted", "bold yellow", "no grant was found for it"),
    Class.UNNEEDED: ("unneeded", "yellow", "it could do this, and nothing that it is for calls for it"),
    Class.NEEDED_UNUSED: ("needed but not used", "cyan", "it may, and no log shows that it did"),
    Class.NEEDED_USED: ("needed and used", "green", "as it should be"),
}
_MOST_GROUPS = 15
"""Of one class, unless all are asked for."""
_MOST_ACTIONS = 8
_PLACES = 2
_PLACE_ROOM = 72

Group = list[AlignmentLine]


def summary(alignment: Alignment) -> str:
    """How many entitlements are in each class, the worst first."""
    counts = {class_: sum(line.class_ is class_ for line in alignment.lines) for class_ in _CLASSES}
    return ", ".join(f"{count:,} {_CLASSES[class_][0]}" for class_, count in counts.items() if count) or "nothing, as far as was read"


def show_access(page: Page, alignment: Alignment, name: Callable[[str], str], *, everything: bool) -> None:
    """Every class with its lines; `name` says an identity as people write it."""
    identities = {line.principal for line in alignment.lines if line.principal}
    for class_, (title, style, meaning) in _CLASSES.items():
        groups = _grouped([line for line in alignment.lines if line.class_ is class_])
        if not groups:
            continue
        reasons = {line.why for group in groups for line in group}
        # Why nothing needs it is mostly said in the same words; an objective is said where it is served.
        shared = next(iter(reasons)) if len(reasons) == 1 and class_ is Class.UNNEEDED else ""
        page.blank()
        page.line((title, style), f": {printable(shared, 300) or meaning}", indent=2)
        shown = groups if everything else groups[:_MOST_GROUPS]
        for principal, members in itertools.groupby(shown, key=lambda group: group[0].principal):
            is_named = bool(principal) and len(identities) > 1
            if is_named:
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
        return ""
    return f"; {counted(line.count, 'time', 'times')}, last on {line.last_used[:10]}" if line.count else f"; last on {line.last_used[:10]}"


def _reasons(line: AlignmentLine, *, with_why: bool) -> Iterator[str]:
    if with_why:
        yield printable(line.why, 300)
    if line.doubt:
        yield f"not certain: {printable(line.doubt, 160)}"
    places = list(dict.fromkeys(shortened(printable(str(because.place), 400), _PLACE_ROOM) for because in line.because))
    if places:
        yield f"({listed(places, _PLACES)})"


def _grouped(lines: Sequence[AlignmentLine]) -> list[Group]:
    """What was never used and is there for one reason on one resource is one group; by identity, so that each is named once."""
    groups: dict[tuple[object, ...], Group] = {}
    for number, line in enumerate(lines):
        key = (line.principal, line.resource, line.why, line.rule, line.columns) if line.last_used is None else (number,)
        groups.setdefault(key, []).append(line)
    return sorted(groups.values(), key=lambda group: group[0].principal)
