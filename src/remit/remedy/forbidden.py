"""What a remit forbids in the words of a system, whatever the circumstances: lines of `never` without conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from remit.contracts.system import Vocabulary
from remit.document.pattern import contains, overlaps
from remit.model.remit import Never, Remit
from remit.model.verbs import ANY, CALL


def forbidden_by(remit: Remit | None, vocabularies: Mapping[str, Vocabulary]) -> Callable[[str, str, str], str]:
    """(system, action, resource) -> the line that forbids the whole of it, `never[0]`; empty: none does.

    `vocabularies` is by kind. A line with `where` or `outside` depends on the call, which the identity layer does not see.
    """
    lines = _unconditional(remit)

    def forbids(system: str, action: str, resource: str) -> str:
        return next((rule for rule, line in lines if _covers(line, system, action, resource, vocabularies)), "")

    return forbids


def touched_by(remit: Remit | None, vocabularies: Mapping[str, Vocabulary]) -> Callable[[str, str, str], str]:
    """As `forbidden_by`, for what a line forbids in part: some resource of the pattern."""
    lines = _unconditional(remit)

    def touches(system: str, action: str, resource: str) -> str:
        for rule, line in lines:
            if _is_about(line, system, action, vocabularies) and overlaps(line.resource, resource):
                return rule
        return ""

    return touches


def _unconditional(remit: Remit | None) -> list[tuple[str, Never]]:
    if remit is None:
        return []
    return [(f"never[{number}]", line) for number, line in enumerate(remit.never) if not line.where and not line.outside]


def _covers(line: Never, system: str, action: str, resource: str, vocabularies: Mapping[str, Vocabulary]) -> bool:
    return _is_about(line, system, action, vocabularies) and contains(line.resource, resource)


def _is_about(line: Never, system: str, action: str, vocabularies: Mapping[str, Vocabulary]) -> bool:
    if line.system not in ("*", system):
        return False
    if line.verb in (ANY, CALL):
        return True
    if "*" in action:
        return False  # a pattern spans verbs: no single verb covers the whole of it
    vocabulary = vocabularies.get(system.partition(":")[0])
    verb = vocabulary.verb_of(action) if vocabulary is not None else None
    return verb is not None and verb.value == line.verb
