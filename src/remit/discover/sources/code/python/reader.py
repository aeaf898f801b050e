"""Reads Python files and notebooks for agents, their models, tools, instructions, credentials and actions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from remit.discover.sources.code.python.additions import additions
from remit.discover.sources.code.python.models import Models
from remit.discover.sources.code.python.module import Module
from remit.discover.sources.code.python.names import Libraries, Names
from remit.discover.sources.code.python.notebook import code_of
from remit.discover.sources.code.python.sites import Facts, Reading, sites
from remit.discover.sources.code.python.syntax import first_error
from remit.discover.sources.code.python.tables import signals, table
from remit.discover.sources.code.python.tools import Tools
from remit.discover.sources.code.python.values import Values
from remit.discover.sources.code.reader import Project, Reader, SourceFile
from remit.model.evidence import Evidence, Gap, GapKind
from remit.model.place import Place


def load(project: Project, path: str) -> Module | None:
    """The parsed module of another file of the scan."""
    file = project.file(path)
    return module_of(file) if file is not None else None


def module_of(file: SourceFile) -> Module | None:
    """A file as a module; None for a notebook that is not one."""
    if not file.path.endswith(".ipynb"):
        return Module(file.path, file.text.encode("utf-8", "replace"))
    code = code_of(file.text.encode("utf-8", "replace"))
    return Module(file.path, code.source, "notebook", code.lines) if code is not None else None


def facts_of(project: Project) -> Facts:
    """What this run of the reader knows, kept with the project."""
    kept = project.memo.get("python")
    if not isinstance(kept, Facts):
        known = table()
        values = Values(Names(project, Libraries(known.marks), load))
        kept = Facts(values, Models(values, known), Tools(values, known), known)
        project.memo["python"] = kept
    return kept


class PythonReader:
    """Finds agents in Python code and notebooks."""

    name = "python"
    signals: re.Pattern[bytes] | None = signals()

    def wants(self, path: str) -> bool:
        """Python source and notebooks."""
        return path.endswith((".py", ".ipynb", ".pyw"))

    def read(self, file: SourceFile, project: Project) -> Iterator[Evidence | Gap]:
        """Evidence of one file."""
        facts = facts_of(project)
        module = module_of(file)
        if module is None:
            yield Gap(place=Place(file.path), kind=GapKind.PARSE_ERROR, what="not a notebook: no list of cells", is_file=True)
            return
        facts.values.names.remember(module)
        broken = first_error(module.tree.root_node)
        if broken is not None:
            line = module.line(broken)
            yield Gap(place=Place(file.path, line), kind=GapKind.PARSE_ERROR, what="not Python here; the rest was read", is_file=False)
        found = list(sites(module, facts))
        reading = Reading(module, facts, additions(module, facts, found))
        for site in found:
            yield from reading.read(site)


READER: Reader = PythonReader()
