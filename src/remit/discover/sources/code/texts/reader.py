"""The reader of texts that people wrote about agents: READMEs by paragraph, remit files and agent cards as a whole.

They are declared evidence (design section 3) and hostile: kept as text, never followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from remit.discover.sources.code.reader import Project, SourceFile
from remit.model.evidence import Evidence, Gap, OwnerSeen, TextSeen
from remit.model.place import Place

_README = re.compile(r"(?:\A|/)readme(?:\.[a-z]{2})?\.(?:md|rst|txt)\Z", re.IGNORECASE)
_CARD = re.compile(r"(?:\A|/)(?:\.well-known/)?agent(?:-card|_card)?\.json\Z", re.IGNORECASE)
_YAML = re.compile(r"\.ya?ml\Z", re.IGNORECASE)
_REMIT = re.compile(r"^remit:[ \t]*1\b", re.MULTILINE)
_HEADING = re.compile(r"#{1,6}[ \t]+(.+?)[ \t]*#*\Z")
_FENCE = re.compile(r"[ \t]*(```|~~~)")
_OWNER = re.compile(
    r"[\s>|*-]*\**(?:owner|owners|owned by|code owner|agent owner|service owner|maintainer|maintainers|maintained by|responsible|"
    r"verantwortlich|eigenaar|responsable|propietario|propriétaire)\**\s*[:|]\**\s*(?P<who>[^\n]{2,200})",
    re.IGNORECASE,
)
"""A line that names who answers for what stands in the README's folder."""
_MAIL = re.compile(r"[^\s@<>()\[\]`,;|*\"'/:]{1,100}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_HANDLE = re.compile(r"(?<![\w@/])@[A-Za-z0-9](?:[A-Za-z0-9_/-]{0,100})")
_NAME = re.compile(r"[^\W\d_][\w.'’ -]{1,60}")
_MOST_CHARS = 4_000
_MOST_PARAGRAPHS = 400
_MOST_LINES = 5_000
_MOST_WORDS = 5
_MOST_REMIT_CHARS = 1 << 20


class TextReader:
    """READMEs, remit files and agent cards."""

    name = "texts"
    signals = None

    def wants(self, path: str) -> bool:
        """Whether the name is that of a README, an agent card or a YAML file."""
        return _README.search(path) is not None or _CARD.search(path) is not None or _YAML.search(path) is not None

    def read(self, file: SourceFile, project: Project) -> Iterator[Evidence | Gap]:  # noqa: ARG002 - one file is enough
        """Yields the paragraphs of a README with their headings, a remit file, or an agent card."""
        if _README.search(file.path):
            yield from _paragraphs(file)
            yield from _owners(file)
        elif _CARD.search(file.path):
            yield TextSeen(place=Place(file.path, 1), kind="card", text=file.text[:_MOST_CHARS])
        elif (found := _REMIT.search(file.text)) is not None and len(file.text) <= _MOST_REMIT_CHARS:
            line = file.text.count("\n", 0, found.start()) + 1
            yield TextSeen(place=Place(file.path, line), kind="remit", text=file.text)


def _paragraphs(file: SourceFile) -> Iterator[TextSeen]:
    """Paragraphs outside of code blocks, each with its first line and the heading above it."""
    heading, first, count, is_code = "", 0, 0, False
    lines: list[str] = []
    for number, line in enumerate((*file.text.splitlines(), ""), 1):
        if _FENCE.match(line):
            is_code = not is_code
        title = None if is_code else _HEADING.match(line)
        if lines and (title or not line.strip() or is_code):
            yield TextSeen(place=Place(file.path, first, number - 1), kind="readme", text="\n".join(lines)[:_MOST_CHARS], heading=heading)
            lines, count = [], count + 1
            if count >= _MOST_PARAGRAPHS:
                return
        if title is not None:
            heading = title[1][:200]
        elif line.strip() and not is_code and not _FENCE.match(line):
            first = first if lines else number
            lines.append(line)


def _owners(file: SourceFile) -> Iterator[OwnerSeen]:
    """Who a line of the README names as owner: by address, by handle, else by name."""
    folder = file.path.rpartition("/")[0]
    is_code = False
    for number, line in enumerate(file.text.splitlines()[:_MOST_LINES], 1):
        if _FENCE.match(line):
            is_code = not is_code
        found = None if is_code else _OWNER.match(line)
        if found is None:
            continue
        names = tuple(dict.fromkeys([*_MAIL.findall(found["who"]), *_HANDLE.findall(found["who"])]))
        plain = _NAME.match(found["who"].strip(" *|`"))
        names = names or ((plain[0].strip(" .-"),) if plain is not None and len(plain[0].split()) <= _MOST_WORDS else ())
        if names:
            yield OwnerSeen(
                place=Place(file.path, number), pattern=None, names=names, because="named as owner in the README", folder=folder
            )


READER = TextReader()
