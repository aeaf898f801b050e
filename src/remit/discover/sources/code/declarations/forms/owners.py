"""Who answers for a thing, by its tags, labels and annotations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from remit.discover.sources.code.declarations.facts import facts
from remit.discover.sources.code.declarations.page import Page
from remit.discover.sources.code.declarations.trees.node import Node
from remit.model.evidence import OwnerSeen
from remit.model.place import Place
from remit.model.teams import is_team_alone


def owners_of(page: Page, tags: Iterable[tuple[Node, Node]], subject: Place) -> Iterator[OwnerSeen]:
    """The owners that tags name; `tags` are pairs of key and value."""
    known = set(facts("iac")["owners"]["keys"])
    for key, value in tags:
        short = key.text.lower().replace("_", "-").replace(" ", "-")
        named = value.value
        if named and (short in known or short.replace("-", "") in known or short.rsplit("/", 1)[-1] in known):
            names = tuple(name.strip() for name in named.split(",") if name.strip())
            teams = tuple(name for name in names if is_team_alone(key.text, name))
            people = tuple(name for name in names if name not in teams)
            for found, is_team in ((people, False), (teams, True)):
                if found:
                    because = f"tag `{key.text}`"
                    yield OwnerSeen(
                        place=page.place(key.line), pattern=None, names=found, because=because, subject=subject, is_team=is_team
                    )
