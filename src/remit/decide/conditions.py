"""Arguments against the `where` of a line: matches, does not, or counts as absent (remit language, section 4).

Invariants:
- three answers, never two: what is absent (missing, null, an object, a list, another type, a path or statement that cannot be
  read) misses a `can` and meets a `never`; the caller says which of the two it is;
- a shell or SQL argument is never compared as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from remit.decide.answers import ABSENT, MATCH, NO, Answer
from remit.decide.arguments import Language, language_of, languages_of
from remit.decide.statements.reading import Pattern, Unit, pattern_from_text, units_of
from remit.document.pattern import Kind, kind_of_value, path_matcher, resolve_path, text_matcher
from remit.model.decision import Request
from remit.model.remit import Condition, Scalar

_NOTHING = object()


def argument_at(arguments: Mapping[str, Any], key: str) -> Any:
    """The argument that a key of a `where` names; None when it is absent.

    A key with dots that is both an argument's own name and a path into objects names two values, so neither.
    """
    found = arguments.get(key, _NOTHING)
    if "." not in key:
        return None if found is _NOTHING else found
    inner: Any = arguments
    for name in key.split("."):
        inner = inner.get(name, _NOTHING) if isinstance(inner, Mapping) else _NOTHING
    if found is _NOTHING:
        return None if inner is _NOTHING else inner
    return found if inner is _NOTHING else None


ValueTest = Callable[[Any, Mapping[str, str]], Answer]


@lru_cache(maxsize=65536)
def _value_test(values: tuple[tuple[type, Scalar], ...]) -> ValueTest:
    texts = tuple(text_matcher(value) for _, value in values if isinstance(value, str) and kind_of_value(value) is Kind.TEXT)
    paths = tuple(path_matcher(value) for _, value in values if isinstance(value, str) and kind_of_value(value) is Kind.PATH)
    numbers = frozenset(value for kind, value in values if kind in (int, float))
    booleans = frozenset(value for kind, value in values if kind is bool)

    def test(value: Any, resolved: Mapping[str, str]) -> Answer:
        if type(value) is str:
            for matches in texts:
                if matches(value):
                    return MATCH
            if not paths:
                return NO if texts else ABSENT
            path = resolve_path(value)
            if path is None:
                return ABSENT
            path = resolved.get(value, path)
            return MATCH if any(matches(path) for matches in paths) else NO
        if type(value) is bool:
            return (MATCH if value in booleans else NO) if booleans else ABSENT
        if type(value) is int or type(value) is float:
            return (MATCH if value in numbers else NO) if numbers else ABSENT
        return ABSENT

    return test


class Test:
    """One key of a `where`, compiled."""

    __slots__ = ("_patterns", "_value", "is_path", "key", "languages")

    def __init__(self, condition: Condition) -> None:
        self.key = condition.argument
        self.is_path = all(isinstance(value, str) and kind_of_value(value) is Kind.PATH for value in condition.values)
        self.languages = languages_of(condition.argument)
        self._value = _value_test(tuple((type(value), value) for value in condition.values))
        self._patterns: dict[Language, tuple[Pattern, ...]] = {
            language: tuple(pattern_from_text(language, value) for value in condition.values if isinstance(value, str))
            for language in self.languages
        }

    def language(self, request: Request) -> Language | None:
        """How this argument of the request is read."""
        return language_of(request.system, request.action, self.key) if self.languages else None

    def of_value(self, request: Request) -> Answer:
        """The answer of an argument that is no statement."""
        return self._value(argument_at(request.arguments, self.key), request.paths)

    def of_unit(self, language: Language, unit: Unit | None, paths: Mapping[str, str]) -> Answer:
        """The answer of one action in a statement; None is a statement that cannot be read."""
        if unit is None:
            return ABSENT
        answer = NO
        for pattern in self._patterns[language]:
            found = pattern.answer(unit, paths)
            if found is MATCH:
                return MATCH
            if found is ABSENT:
                answer = ABSENT
        return answer

    def some(self, request: Request) -> Answer:
        """The answer as a `never` needs it: one action of a statement is enough."""
        language = self.language(request)
        if language is None:
            return self.of_value(request)
        answer = NO
        for unit in choices(request, self.key, language):
            found = self.of_unit(language, unit, request.paths)
            if found is MATCH:
                return MATCH
            if found is ABSENT:
                answer = ABSENT
        return answer


def choices(request: Request, key: str, language: Language) -> tuple[Unit | None, ...]:
    """The actions in a statement argument; (None,) when it is absent, holds none, or cannot be read."""
    text = argument_at(request.arguments, key)
    return (units_of(language, text) if type(text) is str else None) or (None,)
