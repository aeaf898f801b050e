"""A project in memory, and a reading of it."""

from __future__ import annotations

from typing import Any

from remit.discover.sources.code.reader import SourceFile
from remit.discover.sources.code.typescript.reader import READER
from remit.model.evidence import AgentSeen, Evidence, Gap


class MemoryProject:
    """Files by path."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files
        self.paths = frozenset(files)
        self.memo: dict[Any, Any] = {}

    def file(self, path: str) -> SourceFile | None:
        text = self.files.get(path)
        return None if text is None else SourceFile(path=path, data=text.encode(), text=text, is_test=False)


def read(text: str, path: str = "src/agent.ts", **others: str) -> list[Evidence | Gap]:
    """Everything the reader says about a text; other files by keyword with `__` for `/` and `_ts` for the ending."""
    files = {path: text}
    for name, content in others.items():
        files[name.replace("__", "/").replace("_tsx", ".tsx").replace("_ts", ".ts").replace("_json", ".json")] = content
    return read_file(files, path)


def read_file(files: dict[str, str], path: str) -> list[Evidence | Gap]:
    """Everything the reader says about one file of a project; nothing when its bytes show no signal."""
    project = MemoryProject(files)
    file = project.file(path)
    assert file is not None
    assert READER.wants(path)
    assert READER.signals is not None
    if not READER.signals.search(file.data):
        return []
    return list(READER.read(file, project))


def agents(text: str, path: str = "src/agent.ts", **others: str) -> list[AgentSeen]:
    """The agents among it."""
    return [item for item in read(text, path, **others) if isinstance(item, AgentSeen)]


def agent(text: str, path: str = "src/agent.ts", **others: str) -> AgentSeen:
    """The only agent."""
    found = agents(text, path, **others)
    assert len(found) == 1, found
    return found[0]
