"""Which grant gives a line of an alignment, and by which way: the places of a line, told apart into need, grant and use."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set

import msgspec

from remit.model.access import Access, PrincipalAccess
from remit.model.alignment import AlignmentLine
from remit.model.identity import Because
from remit.understand.spans import Spans, covers

_NUMBER = re.compile(r"\[\d+\]$")
_SHORT_FORMS = (
    (re.compile(r"#(?:attached|boundary)/(?:.*[/:])?([^/:]+)$"), "policy {}"),
    (re.compile(r"#inline/(.+)$"), "inline policy {}"),
    (re.compile(r"row pg_auth_members .* -> role/(.+)$"), "member of {}"),
    (re.compile(r"row pg_class .* relacl$"), "granted on tables"),
    (re.compile(r"row pg_attribute .* attacl$"), "granted on columns"),
    (re.compile(r"row pg_namespace .* nspacl$"), "granted on schemas"),
    (re.compile(r"row pg_proc .* proacl$"), "granted on functions"),
    (re.compile(r"row pg_database .* datacl$"), "granted on the database"),
    (re.compile(r"row pg_\w+ .* \w+owner$"), "as owner"),
)
"""How systems write the place where a way begins, and what people call it; any other place is told as it stands."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The places of one line."""

    need: tuple[Because, ...]
    grants: tuple[Access, ...]
    """As granted; each with its own path."""
    uses: tuple[Because, ...]


class Ways:
    """The grants of one agent's identities, found again by what they give."""

    def __init__(self, access: Iterable[PrincipalAccess], spans: Spans) -> None:
        self._spans = spans
        self._by_first: dict[tuple[str, Because | None], list[Access]] = defaultdict(list)
        for found in access:
            for grant in found.access:
                self._by_first[found.principal, grant.because[0] if grant.because else None].append(grant)

    def of(self, line: AlignmentLine) -> tuple[Access, ...]:
        """The grants that give a line; the very one where it stands as it was granted."""
        here = set(line.because)
        near = [grant for because in line.because for grant in self._by_first.get((line.principal, because), ())]
        fitting = [grant for grant in near if self._gives(grant, line, here)]
        exact = [grant for grant in fitting if grant.action == line.action and grant.resource == line.resource]
        return tuple(exact or fitting)

    def _gives(self, grant: Access, line: AlignmentLine, here: Set[Because]) -> bool:
        is_there = grant.system == line.system or grant.system.endswith(":*")
        return (
            is_there
            and all(because in here for because in grant.because)
            and (self._spans.matches(line.system, grant.action, line.action) or grant.action == "own")
            and covers(grant.resource, line.resource)
        )

    def told(self, line: AlignmentLine, recorded: Set[str]) -> Told:
        """The places of a line, told apart; `recorded` are the places of what the agent was seen to do."""
        grants = self.of(line)
        by_grant = {because for grant in grants for because in grant.because}
        rest = [because for because in line.because if because not in by_grant]
        uses = tuple(because for because in rest if because.place.line is None and because.place.path in recorded)
        return Told(need=tuple(because for because in rest if because not in uses), grants=grants, uses=uses)


def way_in_short(grant: Access) -> str:
    """What people call the way by which a grant comes: a policy's name, a membership, a direct privilege."""
    if not grant.because:
        return "a grant"
    begins = _NUMBER.sub("", str(grant.because[0].place))
    for form, words in _SHORT_FORMS:
        found = form.search(begins)
        if found is not None:
            return words.format(*found.groups())
    return begins.replace(grant.resource, "…") if grant.resource != "*" else begins


def ways_in_short(grants: Sequence[Access]) -> tuple[str, ...]:
    """As `way_in_short`, each once."""
    return tuple(dict.fromkeys(way_in_short(grant) for grant in grants))
