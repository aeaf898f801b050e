"""What a form is given: one document of one file, and how evidence about it is made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from remit.discover.sources.code.credentials import credential_kind
from remit.discover.sources.code.declarations.trees.node import Node
from remit.discover.sources.code.reader import Project
from remit.model.evidence import CredentialSeen, Evidence, Gap, GapKind
from remit.model.place import Place

MAX_PURPOSE = 2_000
_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")


class Page(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One document of a file (YAML may hold several), with the file and the project around it."""

    path: str
    text: str
    language: str
    root: Node
    project: Project
    is_test: bool = False
    documents: tuple[Node, ...] = ()
    """All documents of the file, `root` among them."""

    @property
    def name(self) -> str:
        """The file's name without its folders."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def stem(self) -> str:
        """The file's name up to its first dot."""
        return self.name.lstrip(".").split(".", 1)[0]

    @property
    def folder(self) -> str:
        """The folder of the file, `` for the root, else with a slash at its end."""
        return self.path[: len(self.path) - len(self.name)]

    def place(self, node: Node | int, end: int | None = None) -> Place:
        """The place of a node, or of a line."""
        if isinstance(node, int):
            return Place(self.path, node, node if end is None else end)
        return Place(self.path, node.line, max(node.line, node.end if end is None else end))

    def gap(self, line: int, what: str) -> Gap:
        """A value that is there and could not be settled, or an entry that is not understood."""
        return Gap(place=Place(self.path, line), kind=GapKind.UNRESOLVED, what=what, is_file=False)


Found = Iterator[Evidence | Gap]


def purpose_from(*texts: str | None) -> str | None:
    """The parts of a purpose that are there, as one text of at most 2,000 characters."""
    parts = [text.strip() for text in texts if text is not None and text.strip()]
    return "\n\n".join(dict.fromkeys(parts))[:MAX_PURPOSE] or None


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, in order."""
    return tuple(dict.fromkeys(names))


def credentials_from(page: Page, named: Iterable[tuple[str, int]], subject: Place | None) -> Iterator[CredentialSeen]:
    """The names that hold credentials, each once."""
    seen: set[str] = set()
    for name, line in named:
        kind = credential_kind(name)
        if kind is not None and name not in seen:
            seen.add(name)
            yield CredentialSeen(place=page.place(line), name=name, kind=kind, subject=subject)


def variables_in(node: Node) -> Iterator[tuple[str, int]]:
    """Names of environment variables that the texts below a node refer to (`$X`, `${X}`), with their lines."""
    for inner in node.walk():
        if inner.is_scalar and "$" in inner.text:
            for match in _VARIABLE.finditer(inner.text):
                yield match[1], inner.line + inner.text.count("\n", 0, match.start())
