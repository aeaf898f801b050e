"""A repository in memory, read by the Python reader."""

from __future__ import annotations

from typing import Any

from remit.discover.sources.code.python.reader import READER
from remit.discover.sources.code.reader import SourceFile
from remit.model.evidence import AgentSeen, Evidence, Gap


class Files:
    """A project of texts by path."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts
        self.paths = frozenset(texts)
        self.memo: dict[Any, Any] = {}

    def file(self, path: str) -> SourceFile | None:
        text = self._texts.get(path)
        return None if text is None else SourceFile(path=path, data=text.encode("utf-8", "surrogatepass"), text=text, is_test=False)


def read(texts: dict[str, str] | str, path: str = "main.py") -> list[Evidence | Gap]:
    """What reading one file of a repository gives; a single text is the only file."""
    project = Files({path: texts} if isinstance(texts, str) else texts)
    file = project.file(path)
    assert file is not None
    return list(READER.read(file, project))


def agents_in(texts: dict[str, str] | str, path: str = "main.py") -> list[AgentSeen]:
    """The agents that reading one file gives."""
    return [item for item in read(texts, path) if isinstance(item, AgentSeen)]
