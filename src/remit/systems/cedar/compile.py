"""A remit as Cedar policies: one `permit` for each line of a can, one `forbid` for each line of never.

What a policy speaks of, and what a request to Cedar must hold (`request.cedar_request` makes one from a request of ours):

- `principal`: `Agent::"SLUG"`.
- ids of entities are percent-encoded where they are not plain ASCII (no slug of an agent is).
- `action`: `Action::"NAME"`, the system's own action, a verb of ours, or a tool's name. No policy tests it: what an action does
  stands in `context.verbs`, because the table that says so belongs to the system and not to the policy.
- `resource`: of type `Resource`, with `system` (`"aws:s3"`), `kind` (`"aws"`) and `id` (in the system's naming; for a tool, its
  name). A request that is not understood has a resource of type `Unreadable`, which no policy permits.
- `context.verbs`: a set with the verb of the action by the system's table; empty for a tool that the table does not know. A
  tool that the remit names gets its verbs in the policy.
- `context.inner_verbs`: a set with the verbs of what SQL in the arguments does by itself.
- `context.arguments`: a record; each argument by its name, those inside objects by their dotted path. Null, objects and lists
  are absent. A value is a record: `type` ("text", "number", "boolean"), and `text`, `number` (whole, 64 bits), `truth`, or, of
  a text that is a readable absolute path, `path` too: resolved, and with `/` at its end.
- `context.columns`: a set of the columns asked for, where the request names them.

Cedar skips a policy that reads a missing attribute, so each `forbid` tests `has` first and counts an absent argument as met.
Cedar's `like` has one wildcard, any run. A `*` that stops at `/` is said by counting: a text without `**` in its pattern matches
when it fits with any runs and has no more `/` than the pattern. A pattern with both wildcards is residue.

The policies decide for active agents in mode enforce and without a mandate; standing, quarantine and the words of a task are
the enforcement point's. Residue, with its line: limits, `outside`, arguments that may be SQL or shell, broken numbers, patterns as
above, dates, other modes. A can that is residue is left out (Cedar denies it); a never that is residue must be held elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from remit.decide.arguments import language_of, languages_of
from remit.decide.understanding import named_tools
from remit.document.pattern import Kind, kind_of_value, resource_matcher
from remit.model.native import Native, Residue
from remit.model.remit import Capability, Condition, Mode, Never, Remit, Scalar
from remit.model.verbs import ANY, CALL, Verb

MEDIA_TYPE = "text/plain"
_ALL_VERBS = "[" + ", ".join(f'"{verb.value}"' for verb in Verb) + "]"
_MAX_GAPS = 3
"""Folders written `**` in one path pattern; each doubles the length of the test."""


class _ResidueError(Exception):
    """This line cannot be said in Cedar; the text says why."""


def policies(remit: Remit) -> Native:
    """Compiles a remit; the text is deterministic."""
    residue: list[Residue] = []
    written = list(_written(remit, residue))
    limits = remit.limits
    for name, limit in (("calls", limits.calls), ("pay", limits.pay), ("rows", limits.rows)):
        if limit is not None:
            residue.append(Residue(rule=f"limits.{name}", line=limit.line, why="a policy counts nothing"))
    if remit.lifecycle.expires is not None:
        residue.append(Residue(rule="lifecycle.expires", line=0, why="the policies know no date: take them away when the remit ends"))
    if remit.mode is not Mode.ENFORCE:
        residue.append(Residue(rule="mode", line=0, why=f"the policies enforce, and the remit's mode is `{remit.mode.value}`"))
    head = f"// remit of {remit.agent}, {remit.hash or 'not hashed'}\n"
    return Native(target="cedar", media_type=MEDIA_TYPE, text=head + "".join(written), residue=tuple(residue))


def _written(remit: Remit, residue: list[Residue]) -> Iterator[str]:
    writer = _Writer(remit)
    for objective in remit.objectives:
        for number, line in enumerate(objective.can):
            rule = f"objectives.{objective.name}.can[{number}]"
            try:
                yield writer.policy("permit", rule, line.line, writer.permit(line), why=objective.why)
            except _ResidueError as error:
                residue.append(Residue(rule=rule, line=line.line, why=f"{error}; Cedar denies what it allows"))
    for number, never in enumerate(remit.never):
        rule = f"never[{number}]"
        try:
            yield writer.policy("forbid", rule, never.line, writer.forbid(never))
        except _ResidueError as error:
            residue.append(Residue(rule=rule, line=never.line, why=f"{error}; another enforcement point must forbid it"))


class _Writer:
    def __init__(self, remit: Remit) -> None:
        self.remit = remit
        self.named = named_tools(remit)

    def policy(self, effect: str, rule: str, line: int, tests: Iterable[str], why: str = "") -> str:
        note = f"@why({quoted(why)})\n" if why else ""
        body = " &&\n  ".join(tests) or "true"
        scope = f"principal == Agent::{quoted(self.remit.agent)}, action, resource is Resource"
        return f'\n@id({quoted(rule)})\n@line("{line}")\n{note}{effect} ({scope})\nwhen {{\n  {body}\n}};\n'

    def permit(self, line: Capability) -> Iterator[str]:
        yield f"resource.system == {quoted(line.system)}"
        yield from _resource(line.resource)
        yield from self._verbs_of_can(line)
        for condition in line.where:
            yield _matches(condition, _checked(condition, line.system, line.resource))
        if line.columns:
            yield f"context has columns && {_set(line.columns)}.containsAll(context.columns)"
        if line.data_class is not None and line.system.startswith("mcp:"):
            yield "false"  # the engine lets nobody classify the data of a tool
        elif line.data_class is not None:
            yield _matches(Condition("data_class", (line.data_class,)), [_equals_text(line.data_class)])

    def forbid(self, line: Never) -> Iterator[str]:
        if line.outside:
            raise _ResidueError("a policy does not tell which arguments are destinations")
        if line.system != "*":
            yield f"resource.system == {quoted(line.system)}"
        yield from _resource(line.resource)
        yield from self._verbs_of_never(line)
        for condition in line.where:
            yield _matches_or_is_absent(condition, _checked(condition, line.system, line.resource))

    def _verbs_of_can(self, line: Capability) -> Iterator[str]:
        if line.system.startswith("mcp:"):
            if line.verb not in (ANY, CALL) and "*" in line.resource:  # a tool named exactly has the verb by this very line
                yield self._verb_of_tool(line.system, line.verb, line.resource)
        elif line.verb == ANY:
            yield f"context.verbs.containsAny({_ALL_VERBS})"
        else:
            yield f"context.verbs.contains({quoted(line.verb)})"

    def _verbs_of_never(self, line: Never) -> Iterator[str]:
        if line.verb in (ANY, CALL):
            return
        inner = f"context.inner_verbs.contains({quoted(line.verb)})"
        plain = f"context.verbs.contains({quoted(line.verb)})"
        if line.system == "*":
            tool = self._verb_of_any_tool(line.verb, line.resource)
            yield f'({inner} || (resource.kind == "mcp" && {tool}) || (resource.kind != "mcp" && {plain}))'
        elif line.system.startswith("mcp:"):
            yield f"({inner} || {self._verb_of_tool(line.system, line.verb, line.resource)})"
        else:
            yield f"({inner} || {plain})"

    def _verb_of_tool(self, system: str, verb: str, resource: str) -> str:
        """Whether a tool of one server has a verb: the remit's word for the tools that it names, else the table's."""
        verbs: dict[str, set[str]] = {}
        for (on, tool), words in self.named.items():
            if on in ("*", system) and resource_matcher(resource)(tool):
                verbs.setdefault(tool, set()).update(words)
        return _by_name_or_table(verb, verbs)

    def _verb_of_any_tool(self, verb: str, resource: str) -> str:
        """The same for a line on every system: what the remit names on one server holds on that server alone."""
        systems = sorted({on for on, _ in self.named if on != "*"})
        others = " && ".join(f"resource.system != {quoted(system)}" for system in systems)
        elsewhere = self._verb_of_tool("*", verb, resource)
        tests = [f"(resource.system == {quoted(system)} && {self._verb_of_tool(system, verb, resource)})" for system in systems]
        return "(" + " || ".join([*tests, f"({others} && {elsewhere})" if others else elsewhere]) + ")"


def _by_name_or_table(verb: str, named: dict[str, set[str]]) -> str:
    table = f"context.verbs.contains({quoted(verb)})"
    if not named:
        return table
    having = sorted(tool for tool, words in named.items() if verb in words)
    by_table = f"(!({_set(sorted(named))}.contains(resource.id)) && {table})"
    return f"({_set(having)}.contains(resource.id) || {by_table})" if having else by_table


def _resource(pattern: str) -> Iterator[str]:
    if "*" not in pattern:
        yield f"resource.id == {quoted(pattern)}"
    elif pattern.strip("*"):
        yield f"resource.id like {_like(pattern)}"


def _checked(condition: Condition, system: str, resource: str) -> list[str]:
    """A test for each value of a condition, on an argument that is there; raises where one cannot be said."""
    is_exact = "*" not in resource and system != "*" and system.startswith("mcp:")
    name = condition.argument
    if language_of(system, resource, name) is not None if is_exact else languages_of(name):
        raise _ResidueError(f"a policy does not parse SQL and shell, which `{name}` may hold")
    return [_value_test(condition.argument, value) for value in condition.values]


def _value_test(argument: str, value: Scalar) -> str:
    if isinstance(value, bool):
        return f'($.type == "boolean" && $.truth == {str(value).lower()})'
    if isinstance(value, str):
        return _path_test(value) if kind_of_value(value) is Kind.PATH else _text_test(value)
    if value != int(value):
        raise _ResidueError(f"Cedar has no broken numbers, and `{argument}` is `{value}`")
    return f'($.type == "number" && $ has number && $.number == {int(value)})'


def _equals_text(value: str) -> str:
    return f'($.type == "text" && $.text == {quoted(value)})'


def _text_test(pattern: str) -> str:
    if "*" not in pattern:
        return _equals_text(pattern)
    return f'($.type == "text" && {_wildcards("$.text", pattern)})'


def _path_test(pattern: str) -> str:
    closed = pattern if pattern.endswith(("/", "/**")) else f"{pattern}/"
    gaps = len(re.findall(r"/\*{2,}(?=/)", closed))
    if gaps > _MAX_GAPS:
        raise _ResidueError(f"the pattern `{pattern}` has too many folders written `**`")
    tests = [f"$.path == {quoted(one)}" if "*" not in one else _wildcards("$.path", one) for one in _without_gaps(closed)]
    return f"($ has path && ({' || '.join(tests)}))"


def _without_gaps(pattern: str) -> list[str]:
    """A folder written `**` stands for none or for some: the pattern as the ones without and with each."""
    found = re.search(r"/\*{2,}(?=/)", pattern)
    if found is None:
        return [pattern]
    rest = _without_gaps(pattern[found.end() :])
    head = pattern[: found.start()]
    return [form for tail in rest for form in (head + tail, f"{head}/**{tail}")]


def _wildcards(subject: str, pattern: str) -> str:
    fits = f"{subject} like {_like(pattern)}"
    runs = [len(run) for run in re.findall(r"\*+", pattern)]
    if all(length > 1 for length in runs):
        return fits
    if any(length > 1 for length in runs):
        raise _ResidueError(f"Cedar has one wildcard, and the pattern `{pattern}` mixes `*` with `**`")
    # With as many `/` as the pattern writes out, none is left for a wildcard.
    more = '"' + "*/" * (pattern.count("/") + 1) + '*"'
    return f"({fits} && !({subject} like {more}))"


def _attribute(argument: str) -> str:
    return f"context.arguments[{quoted(argument)}]"


def _has(argument: str) -> str:
    return f"context.arguments has {quoted(argument)}"


def _matches(condition: Condition, tests: Iterable[str]) -> str:
    any_of = " || ".join(_on(test, condition.argument) for test in tests)
    return f"({_has(condition.argument)} && ({any_of}))"


def _on(test: str, argument: str) -> str:
    """A test with its subject written in for `$`; quoted text stays as it is."""
    return re.sub(r'"(?:[^"\\]|\\.)*"|\$', lambda found: _attribute(argument) if found[0] == "$" else found[0], test)


def _matches_or_is_absent(condition: Condition, tests: list[str]) -> str:
    """A never is met by an argument that is not there, and by one of a type that no value of the line has."""
    values = condition.values
    wanted = {_type_of(value) for value in values}
    strange = [f'$.type == "{name}"' for name in ("text", "number", "boolean") if name not in wanted]
    if any(isinstance(value, str) and kind_of_value(value) is Kind.PATH for value in values):
        strange.append('($.type == "text" && !($ has path))')
    any_of = " || ".join(_on(test, condition.argument) for test in [*tests, *strange])
    return f"(!({_has(condition.argument)}) || ({any_of}))"


def _type_of(value: Scalar) -> str:
    if isinstance(value, str):
        return "text"
    return "boolean" if isinstance(value, bool) else "number"


def _set(values: Iterable[str]) -> str:
    return "[" + ", ".join(quoted(value) for value in values) + "]"


def quoted(text: str) -> str:
    """A Cedar string."""
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    return char if char.isprintable() else f"\\u{{{ord(char):x}}}"


def _like(pattern: str) -> str:
    """A Cedar pattern: every run of stars is one wildcard; a pattern of ours has no star that is text."""
    return '"' + "".join(_escaped(char) for char in re.sub(r"\*+", "*", pattern)) + '"'
