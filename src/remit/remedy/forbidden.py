"""What a remit forbids in the words of a system, whatever the circumstances: lines of `never` without conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from remit.contracts.system import Vocabulary
from remit.document.pattern import contains, overlaps, resource_matcher
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


def excepted_by(remit: Remit | None, vocabularies: Mapping[str, Vocabulary]) -> Callable[[str, str, str], tuple[str, ...]]:
    """(system, action, resource) -> the resources inside it that lines forbid, where these do not forbid the whole of it.

    A pattern of actions is met by a line only where every action that it names has the line's verb: a part of a mixed one cannot be
    taken out by its resource alone.
    """
    lines = _unconditional(remit)

    def excepts(system: str, action: str, resource: str) -> tuple[str, ...]:
        return tuple(
            line.resource
            for _, line in lines
            if overlaps(line.resource, resource)
            and not contains(line.resource, resource)
            and _is_all_about(line, system, action, vocabularies)
        )

    return excepts


def _is_all_about(line: Never, system: str, action: str, vocabularies: Mapping[str, Vocabulary]) -> bool:
    if "*" not in action or line.verb in (ANY, CALL):
        return _is_about(line, system, action, vocabularies)
    vocabulary = vocabularies.get(system.partition(":")[0])
    if line.system not in ("*", system) or vocabulary is None:
        return False
    matches = resource_matcher(vocabulary.fold(action))
    verbs = {verb.value for name, verb in vocabulary.verbs.items() if matches(name)}
    return verbs == {line.verb}


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
