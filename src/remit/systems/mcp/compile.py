"""A remit as a tool filter: which tools of each MCP server may be called, and with which arguments.

The form, JSON in UTF-8:

    {"agent": "cost-triage", "remit": "sha256:...",
     "servers": [{"server": "jira",
                  "tools": [{"name": "create_issue", "where": {"project": ["FIN"]}, "rule": "objectives.x.can[0]", "line": 18}],
                  "never": [{"name": "delete_*", "rule": "never[0]", "line": 22}]}]}

Meaning: a call is let through when no entry of `never` meets it and one of `tools` does. `name` is a resource pattern (`*` is
any run of characters). The values of `where` are
patterns of the remit language, any of which is enough; an argument that is missing or of another type misses an entry of
`tools` and meets one of `never`.

A line with a verb stands for the tools that have that verb: the ones that the remit names exactly, then those of the reviewed
table, written out by name. A tool that neither knows is let through by `call` and `any` alone.

What the filter cannot say is residue, with the line: limits, destinations (`outside`), SQL and shell arguments, columns, data
classes, dates, modes, lines on systems that are no MCP servers. A line of a can that is residue is left out, so the filter never
lets more through than the remit does, but for the parts of `never` and `limits` that it lists.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from remit.contracts.system import Vocabulary
from remit.decide.arguments import Language, language_of, languages_of
from remit.decide.understanding import named_tools, tool_verbs
from remit.document.pattern import overlaps, resource_matcher
from remit.model.native import Native, Residue
from remit.model.remit import Capability, Condition, Mode, Never, Remit
from remit.model.verbs import ANY, CALL

MEDIA_TYPE = "application/json"


def tool_filter(remit: Remit, vocabulary: Vocabulary) -> Native:
    """Compiles a remit; the text is deterministic."""
    compiler = _Compiler(remit, vocabulary)
    servers = sorted({line.system for _, line in remit.capabilities() if line.system.startswith("mcp:")})
    form = {"agent": remit.agent, "remit": remit.hash, "servers": [compiler.server(system) for system in servers]}
    text = json.dumps(form, indent=2, ensure_ascii=False) + "\n"
    return Native(target="mcp", media_type=MEDIA_TYPE, text=text, residue=tuple(compiler.residue()))


class _Compiler:
    def __init__(self, remit: Remit, vocabulary: Vocabulary) -> None:
        self.remit = remit
        self.vocabulary = vocabulary
        self.named = named_tools(remit)

    def server(self, system: str) -> dict[str, Any]:
        tools = [
            entry
            for rule, line in self._cans()
            if line.system == system and not _why_not_can(line)
            for entry in self._entries(system, rule, line)
        ]
        never = [
            entry
            for rule, line in self._nevers()
            if line.system in ("*", system) and not _why_not_never(line)
            for entry in self._entries(system, rule, line)
        ]
        # A never that meets no entry above changes nothing: what is not let through needs no forbidding.
        let_through = {tool["name"] for tool in tools}
        named = {name for name in {entry["name"] for entry in never} if any(overlaps(name, tool) for tool in let_through)}
        met = [entry for entry in never if entry["name"] in named]
        return {"server": system.partition(":")[2], "tools": tools, "never": met}

    def residue(self) -> Iterable[Residue]:
        for rule, line in self._cans():
            why = _why_not_can(line)
            if why:
                yield Residue(rule=rule, line=line.line, why=f"{why}; the filter lets none of it through")
        for rule, never in self._nevers():
            why = _why_not_never(never)
            if why:
                yield Residue(rule=rule, line=never.line, why=f"{why}; another enforcement point must forbid it")
            elif never.verb not in (ANY, CALL) and self._may_hold_sql(never):
                yield Residue(
                    rule=rule, line=never.line, why=f"a filter does not see a `{never.verb}` inside SQL; another enforcement point must"
                )
        limits = self.remit.limits
        for name, limit in (("calls", limits.calls), ("pay", limits.pay), ("rows", limits.rows)):
            if limit is not None:
                yield Residue(rule=f"limits.{name}", line=limit.line, why="a filter counts nothing")
        if self.remit.lifecycle.expires is not None:
            yield Residue(rule="lifecycle.expires", line=0, why="a filter knows no dates: take it away when the remit ends")
        if self.remit.mode is not Mode.ENFORCE:
            yield Residue(rule="mode", line=0, why=f"a filter only enforces, and the remit's mode is `{self.remit.mode.value}`")

    def _may_hold_sql(self, never: Never) -> bool:
        """Whether a tool that a never is about and a can lets through may take SQL, by the names of tools that do."""
        lines = [line for _, line in self._cans() if line.system.startswith("mcp:") and never.system in ("*", line.system)]
        return any("*" in line.resource or language_of(line.system, line.resource, "query") is Language.SQL for line in lines)

    def _cans(self) -> Iterable[tuple[str, Capability]]:
        for objective in self.remit.objectives:
            for number, line in enumerate(objective.can):
                yield f"objectives.{objective.name}.can[{number}]", line

    def _nevers(self) -> Iterable[tuple[str, Never]]:
        for number, line in enumerate(self.remit.never):
            yield f"never[{number}]", line

    def _entries(self, system: str, rule: str, line: Capability | Never) -> Iterable[dict[str, Any]]:
        place = {"rule": rule, "line": line.line}
        where = {"where": _where(line.where)} if line.where else {}
        if line.verb in (ANY, CALL):
            yield {"name": line.resource, **where, **place}
            return
        for tool in self._tools_with(system, line.verb, line.resource):
            yield {"name": tool, **where, **place}

    def _tools_with(self, system: str, verb: str, resource: str) -> list[str]:
        """The known tools that a pattern means and that have a verb."""
        matches = resource_matcher(resource)
        known = {tool for on, tool in self.named if on in ("*", system)} | set(self.vocabulary.verbs)
        return sorted(tool for tool in known if matches(tool) and verb in tool_verbs(self.named, self.vocabulary, system, tool))


def _where(conditions: Iterable[Condition]) -> Mapping[str, list[Any]]:
    return {condition.argument: list(condition.values) for condition in conditions}


def _why_not_can(line: Capability) -> str:
    if not line.system.startswith("mcp:"):
        return f"`{line.system}` is no MCP server"
    if line.columns:
        return "a filter knows no columns"
    if line.data_class is not None:
        return "a filter knows no classes of data"
    return _why_not_where(line.system, line.resource, line.where)


def _why_not_never(line: Never) -> str:
    if line.system != "*" and not line.system.startswith("mcp:"):
        return f"`{line.system}` is no MCP server"
    if line.outside:
        return "a filter does not tell which arguments are destinations"
    return _why_not_where(line.system, line.resource, line.where)


def _why_not_where(system: str, resource: str, where: Iterable[Condition]) -> str:
    for condition in where:
        is_exact = "*" not in resource and system != "*"
        is_statement = language_of(system, resource, condition.argument) is not None if is_exact else bool(languages_of(condition.argument))
        if is_statement:
            return f"a filter does not parse SQL and shell, which `{condition.argument}` may hold"
    return ""
