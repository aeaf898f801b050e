"""What the declaration readers see in a file that a test writes."""

from __future__ import annotations

from typing import Any

from remit.discover.sources.code.declarations.reader import READERS
from remit.discover.sources.code.reader import SourceFile
from remit.model.evidence import AgentSeen, CredentialSeen, Evidence, Gap, IdentitySeen, McpServerSeen, OwnerSeen, Role


class Folder:
    """A project whose files are texts."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files
        self.paths = frozenset(files)
        self.memo: dict[Any, Any] = {}

    def file(self, path: str) -> SourceFile | None:
        text = self.files.get(path)
        return None if text is None else SourceFile(path=path, data=text.encode(), text=text, is_test=False)


class Seen:
    """Everything that was seen, by kind."""

    def __init__(self, evidence: list[Evidence | Gap]) -> None:
        self.all = evidence
        self.agents = [item for item in evidence if isinstance(item, AgentSeen) and item.role is Role.AGENT]
        self.others = [item for item in evidence if isinstance(item, AgentSeen) and item.role is not Role.AGENT]
        self.servers = [item for item in evidence if isinstance(item, McpServerSeen)]
        self.identities = [item for item in evidence if isinstance(item, IdentitySeen)]
        self.credentials = [item for item in evidence if isinstance(item, CredentialSeen)]
        self.owners = [item for item in evidence if isinstance(item, OwnerSeen)]
        self.gaps = [item for item in evidence if isinstance(item, Gap)]

    @property
    def agent(self) -> AgentSeen:
        assert len(self.agents) == 1, self.all
        return self.agents[0]

    @property
    def server(self) -> McpServerSeen:
        assert len(self.servers) == 1, self.all
        return self.servers[0]


def seen(files: dict[str, str], only: str | None = None) -> Seen:
    """Reads every file (or only one) with every reader that wants it."""
    project = Folder(files)
    evidence: list[Evidence | Gap] = []
    for path in sorted(files) if only is None else [only]:
        file = project.file(path)
        assert file is not None
        for reader in READERS:
            if reader.wants(path) and (reader.signals is None or reader.signals.search(file.data)):
                evidence.extend(reader.read(file, project))
    return Seen(evidence)


def seen_in(path: str, text: str) -> Seen:
    """Reads one file alone."""
    return seen({path: text})
