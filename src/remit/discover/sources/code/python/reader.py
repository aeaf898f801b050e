"""Reads Python files and notebooks for agents, their models, tools, instructions, credentials and actions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from remit.discover.sources.code.python.additions import additions
from remit.discover.sources.code.python.credentials import credentials
from remit.discover.sources.code.python.crews import config_of, configured
from remit.discover.sources.code.python.declared import class_extras, class_sites, decorated_sites
from remit.discover.sources.code.python.graphs import graphs
from remit.discover.sources.code.python.identities import identities
from remit.discover.sources.code.python.loops import loops
from remit.discover.sources.code.python.models import Models
from remit.discover.sources.code.python.module import Module
from remit.discover.sources.code.python.names import Expression, Names
from remit.discover.sources.code.python.notebook import code_of
from remit.discover.sources.code.python.reach import reached
from remit.discover.sources.code.python.repository import Libraries, Repository
from remit.discover.sources.code.python.servers import servers
from remit.discover.sources.code.python.sites import Facts, Reading, Site, sites
from remit.discover.sources.code.python.syntax import first_error
from remit.discover.sources.code.python.tables import signals, table
from remit.discover.sources.code.python.tools import Tools
from remit.discover.sources.code.python.values import Values
from remit.discover.sources.code.reader import Project, Reader, SourceFile
from remit.model.evidence import AgentSeen, Evidence, Gap, GapKind, Role
from remit.model.place import Place


def load(project: Project, path: str) -> Module | None:
    """The parsed module of another file of the scan."""
    file = project.file(path)
    try:
        return module_of(file) if file is not None else None
    except RecursionError:
        return None


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
        values = Values(Names(Repository(project, Libraries(known.modules, known.marks, lambda path: known.match(path) is not None), load)))
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
        try:
            module = module_of(file)
        except RecursionError:
            yield Gap(place=Place(file.path), kind=GapKind.DEPTH, what="nested deeper than the python reader follows", is_file=False)
            return
        if module is None:
            yield Gap(place=Place(file.path), kind=GapKind.PARSE_ERROR, what="not a notebook: no list of cells", is_file=True)
            return
        facts.values.names.repository.remember(module)
        broken = first_error(module.tree.root_node)
        if broken is not None:
            line = module.line(broken)
            yield Gap(place=Place(file.path, line), kind=GapKind.PARSE_ERROR, what="not Python here; the rest was read", is_file=False)
        yield from self._evidence(module, facts, project, file.is_test)

    def _evidence(self, module: Module, facts: Facts, project: Project, is_test: bool) -> Iterator[Evidence | Gap]:
        found = [*sites(module, facts), *decorated_sites(module, facts)]
        classes = list(class_sites(module, facts))
        extras = additions(module, facts, found) | class_extras(module, facts, classes)
        reading = Reading(module, facts, extras)
        has_agents = False
        for site in (*found, *(site for site, _ in classes)):
            for item in reading.read(site):
                has_agents = has_agents or isinstance(item, AgentSeen)
                yield _completed(item, site, module, facts, project)
        for more in (graphs(module, facts, reading), loops(module, facts, reading)):
            for item in more:
                has_agents = has_agents or isinstance(item, AgentSeen)
                yield item
        yield from credentials(module, facts.values)
        yield from servers(module, facts)
        yield from identities(module, facts.values)
        if has_agents and not is_test:
            yield from reached(module, facts, project)


def _completed(item: AgentSeen | Gap, site: Site, module: Module, facts: Facts, project: Project) -> AgentSeen | Gap:
    """CrewAI agents take what is missing from their definition file."""
    if not isinstance(item, AgentSeen) or item.framework != "crewai" or item.role is not Role.AGENT:
        return item
    config = config_of(site.call.node)
    return item if config is None else configured(item, Expression(module, site.call.scope, config), facts.values, project)


READER: Reader = PythonReader()
