"""From sources to one inventory: the first stage of the loop, which needs no store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from remit.contracts.source import Scope, Source
from remit.discover.resolve import resolve
from remit.model.evidence import Evidence, Gap
from remit.model.ledger import Inventory


def discover(sources: Iterable[Source], scope: Scope) -> Inventory:
    """What all sources see of a scope, resolved into one inventory."""
    return resolve(_seen(sources, scope))


def _seen(sources: Iterable[Source], scope: Scope) -> Iterator[Evidence | Gap]:
    for source in sources:
        yield from source.look(scope)
