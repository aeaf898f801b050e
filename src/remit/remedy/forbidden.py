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


def named_apart_by(remit: Remit | None, vocabularies: Mapping[str, Vocabulary]) -> Callable[[str, str, str], tuple[str, ...]]:
    """(system, action, resource) -> the action; or, for a pattern of which lines forbid some actions inside the resource, its actions.

    Only apart can each of them leave out what a line forbids: `s3:DeleteObject*` deletes, and changes tags.
    """
    lines = _unconditional(remit)

    def apart(system: str, action: str, resource: str) -> tuple[str, ...]:
        vocabulary = vocabularies.get(system.partition(":")[0])
        if "*" not in action or vocabulary is None:
            return (action,)
        inside = [line for _, line in lines if overlaps(line.resource, resource) and not contains(line.resource, resource)]
        named = _named_by(action, vocabulary)
        for line in inside:
            met = sum(_is_about(line, system, each, vocabularies) for each in named)
            if 0 < met < len(named):
                return named
        return (action,)

    return apart


def _named_by(action: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    matches = resource_matcher(vocabulary.fold(action))
    return tuple(sorted(vocabulary.names.get(folded, folded) for folded in vocabulary.verbs if matches(folded)))


def _is_all_about(line: Never, system: str, action: str, vocabularies: Mapping[str, Vocabulary]) -> bool:
    if "*" not in action or line.verb in (ANY, CALL):
        return _is_about(line, system, action, vocabularies)
    vocabulary = vocabularies.get(system.partition(":")[0])
    if line.system not in ("*", system) or vocabulary is None:
        return False
    return {verb.value for each in _named_by(action, vocabulary) if (verb := vocabulary.verb_of(each)) is not None} == {line.verb}


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
