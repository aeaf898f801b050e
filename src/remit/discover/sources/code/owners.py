"""Who answers for which files: `CODEOWNERS`, by the rules of the hosts that read it.

The first of the usual places holds the file that counts. Which line wins for a path (the last one that fits) is for the resolver to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from remit.discover.sources.code.reader import SourceFile
from remit.model.evidence import OwnerSeen
from remit.model.place import Place

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
"""In the order in which hosts look."""
_OWNER = re.compile(r"@[A-Za-z0-9](?:[A-Za-z0-9_./-]{0,120})|[^\s@<>]{1,100}@[A-Za-z0-9.-]{1,200}")
_SECTION = re.compile(r"\^?\[[^\]]+\](?:\[\d+\])?")
_MAX_LINES = 20_000
_MOST_WILDCARDS, _LONGEST_PATTERN = 3, 300
"""A pattern beyond these could be made to be slow to match, and is passed over."""


def owners_in(file: SourceFile) -> Iterator[OwnerSeen]:
    """One piece of evidence for each line, also for a line without owners: it takes the path out."""
    default: tuple[str, ...] = ()
    for number, line in enumerate(file.text.split("\n")[:_MAX_LINES], start=1):
        text = re.split(r"(?<!\\)#", line, maxsplit=1)[0].strip()
        if not text:
            continue
        section = _SECTION.match(text)
        if section is not None:
            default = tuple(_OWNER.findall(text[section.end() :]))
            continue
        words = re.split(r"(?<!\\)\s+", text)
        if len(words[0]) > _LONGEST_PATTERN or len(re.findall(r"\*+", words[0])) > _MOST_WILDCARDS:
            continue
        names = tuple(word for word in words[1:] if _OWNER.fullmatch(word)) or default
        yield OwnerSeen(place=Place(file.path, number), pattern=words[0].replace("\\ ", " "), names=names, because=f"owns `{words[0]}`")
