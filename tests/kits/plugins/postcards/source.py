"""A source in one file: every `*.postcard` is an agent, whose name is the first line."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

import pathspec

from remit.contracts.source import Progress, Scope
from remit.model.evidence import AgentSeen, Evidence, FileRead, Gap, GapKind
from remit.model.place import Place


class Postcards:
    """Reads postcards, and names everything else in the ledger."""

    name = "postcards"

    def look(self, scope: Scope) -> Iterator[Evidence | Gap]:
        excluded = pathspec.GitIgnoreSpec.from_lines(scope.exclude)
        for number, (full, path) in enumerate(_files(os.fspath(scope.root), ""), start=1):
            if scope.on_progress is not None:
                scope.on_progress(Progress(files=number, bytes=0, path=path))
            place = Place(path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))
            status = os.lstat(full)
            if excluded.match_file(path):
                yield Gap(place=place, kind=GapKind.LEFT_OUT, what="named by --exclude")
            elif not stat.S_ISREG(status.st_mode):
                yield Gap(place=place, kind=GapKind.SPECIAL, what="links, pipes and devices are not opened")
            elif not path.endswith(".postcard") or status.st_size > scope.max_file_bytes:
                yield Gap(place=place, kind=GapKind.UNSUPPORTED, what="not a postcard")
            else:
                with open(full, encoding="utf-8", errors="replace") as card:
                    name = card.readline().strip()
                at = Place(place.path, 1, 1)
                yield AgentSeen(place=at, framework="postcard", construct="postcard", language="markdown", name=name)
                yield FileRead(place=place, size=status.st_size)


def _files(folder: str, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = f"{prefix}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path, f"{path}/")
        else:
            yield entry.path, path


SOURCE = Postcards()
