"""What a request asks for in words of ours: the verbs of its action (remit language, section 3).

Invariants:
- a tool has the verbs of the lines of the remit that name it exactly, else the table's, else none: it is unknown;
- an action of another system than the request's is not understood, and neither is a native action without a table.
"""

from __future__ import annotations

from collections.abc import Mapping

from remit.contracts.system import Vocabulary
from remit.model.decision import Request
from remit.model.remit import Capability, Never, Remit
from remit.model.shown import printable
from remit.model.verbs import ANY, CALL, Verb

OUR_VERBS = frozenset(verb.value for verb in Verb)
UNKNOWN: frozenset[str] = frozenset()
"""No verb: an unknown tool."""
_ALONE = {verb: frozenset({verb}) for verb in OUR_VERBS}


class NotUnderstoodError(Exception):
    """The request cannot be decided on; the text says why."""


def named_tools(remit: Remit) -> dict[tuple[str, str], frozenset[str]]:
    """The verbs that the remit's own lines give to tools: (system, tool) to verbs; system `*` is a `never` on every system."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    lines: list[Capability | Never] = [capability for _, capability in remit.capabilities()]
    lines.extend(remit.never)
    for line in lines:
        if (line.system == "*" or line.system.startswith("mcp:")) and "*" not in line.resource and line.verb not in (ANY, CALL):
            key = (line.system, line.resource)
            found[key] = found.get(key, UNKNOWN) | {line.verb}
    return found


def tool_verbs(named: Mapping[tuple[str, str], frozenset[str]], vocabulary: Vocabulary | None, system: str, tool: str) -> frozenset[str]:
    """The verbs of a tool; none where it is unknown."""
    own = named.get((system, tool), UNKNOWN) | named.get(("*", tool), UNKNOWN)
    if own:
        return own
    verb = vocabulary.verb_of(tool) if vocabulary is not None else None
    return _ALONE[verb.value] if verb is not None else UNKNOWN


def native_verb(vocabulary: Vocabulary | None, system: str, action: str) -> frozenset[str]:
    """The verb of an action on a system that is no MCP server; raises NotUnderstoodError."""
    kind, _, name = system.partition(":")
    if kind == "aws" and ":" in action and action.partition(":")[0].lower() != name.lower():
        raise NotUnderstoodError(f"`{printable(action)}` is no action of `{printable(system)}`")
    if vocabulary is not None:
        verb = vocabulary.verbs.get(vocabulary.fold(action))
        if verb is not None:
            return _ALONE[verb.value]
        if action in OUR_VERBS:
            return _ALONE[action]
        verb = vocabulary.verb_of(action)
        if verb is not None:
            return _ALONE[verb.value]
    if action in OUR_VERBS:
        return _ALONE[action]
    raise NotUnderstoodError(f"no table maps the action `{printable(action)}` of `{printable(system)}`; only verbs are understood there")


def verbs_of(named: Mapping[tuple[str, str], frozenset[str]], vocabularies: Mapping[str, Vocabulary], request: Request) -> frozenset[str]:
    """The verbs of what a request asks for; none for an unknown tool; raises NotUnderstoodError."""
    kind, colon, name = request.system.partition(":")
    if not colon or not kind or not name:
        raise NotUnderstoodError(f"`{printable(request.system)}` is not a system")
    if not request.action:
        raise NotUnderstoodError("the request names no action")
    vocabulary = vocabularies.get(kind)
    if kind != "mcp":
        return native_verb(vocabulary, request.system, request.action)
    if request.resource != request.action:
        shown = f"`{printable(request.resource)}` is not the tool `{printable(request.action)}`"
        raise NotUnderstoodError(f"the resource {shown} that the action names")
    return tool_verbs(named, vocabulary, request.system, request.action)
