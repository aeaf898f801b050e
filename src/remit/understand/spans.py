"""Which actions a grant and a need have in common: patterns of action names, verbs, and what an action can be about.

Invariant: a pattern that is returned names no action but those that were asked for, so that keeping it keeps nothing else.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from functools import lru_cache

from remit.contracts.system import Vocabulary
from remit.document.pattern import TextMatch, contains, overlaps, resource_matcher
from remit.understand.material import Concerns
from remit.understand.needs import Need

_STARS = re.compile(r"\*+")
_WORD_BEGIN = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MOST_INDEXES = 50
_MOST_WRITTEN = 1_000
_indexes: dict[int, tuple[Vocabulary, Mapping[str, Sequence[str]]]] = {}


def is_pattern(action: str) -> bool:
    """Whether an action's name stands for several."""
    return "*" in action or "?" in action


def is_on(system: str, granted: str) -> bool:
    """Whether what is granted on a system reaches this one: `aws:*` reaches every service."""
    if system == granted:
        return True
    kind, _, name = granted.partition(":")
    return name == "*" and system.partition(":")[0] == kind


@lru_cache(maxsize=4096)
def _expression(pattern: str) -> re.Pattern[str]:
    """What a pattern of action names matches. A policy may hold any number of `*`: what each skipped is never tried again."""
    first, *rest = ("".join("." if char == "?" else re.escape(char) for char in part) for part in _STARS.split(pattern))
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1])
    return re.compile(first + middle + "".join(f".*{last}" for last in rest[-1:]), re.DOTALL)


def _by_service(vocabulary: Vocabulary) -> Mapping[str, Sequence[str]]:
    """The folded names of a vocabulary by their service; made once for each."""
    known = _indexes.get(id(vocabulary))
    if known is None or known[0] is not vocabulary:
        found: dict[str, list[str]] = defaultdict(list)
        for folded in vocabulary.verbs:
            found[folded.partition(":")[0] if ":" in folded else ""].append(folded)
        known = (vocabulary, found)
        if len(_indexes) > _MOST_INDEXES:
            _indexes.clear()
        _indexes[id(vocabulary)] = known
    return known[1]


class Spans:
    """Actions of every system, by their vocabularies."""

    def __init__(self, vocabularies: Mapping[str, Vocabulary], concerns: Mapping[str, Concerns]) -> None:
        self._vocabularies = vocabularies
        self._concerns = concerns
        # Asked again and again of the same few names, by every grant and every use.
        self._folded: dict[tuple[str, str], str] = {}
        self._verbs: dict[tuple[str, str], str | None] = {}
        self._matching: dict[tuple[str, str], tuple[str, ...]] = {}
        self._written: dict[tuple[str, str, tuple[str, ...], tuple[str, ...]], tuple[str, ...]] = {}

    def holds_identities(self, system: str) -> bool:
        """Whether a system is of a kind whose grants are read."""
        return system.partition(":")[0] in self._concerns

    def verb_of(self, system: str, action: str) -> str | None:
        """The verb of one action; None for an unknown tool."""
        key = (system, action)
        if key not in self._verbs:
            vocabulary = self._vocabularies.get(system.partition(":")[0])
            verb = vocabulary.verb_of(action) if vocabulary is not None else None
            self._verbs[key] = verb.value if verb is not None else None
        return self._verbs[key]

    def folded(self, system: str, action: str) -> str:
        """A name as it compares."""
        key = (system, action)
        folded = self._folded.get(key)
        if folded is None:
            vocabulary = self._vocabularies.get(system.partition(":")[0])
            folded = self._folded[key] = vocabulary.fold(action) if vocabulary is not None else action
        return folded

    def is_about(self, system: str, action: str, resource: str) -> bool:
        """Whether an action can be about a resource; yes where nothing tells."""
        concerns = self._concerns.get(system.partition(":")[0])
        return concerns is None or concerns(action, resource)

    def matches(self, system: str, granted: str, action: str) -> bool:
        """Whether a granted action, or a pattern of them, names this one."""
        granted, action = self.folded(system, granted), self.folded(system, action)
        return granted == action or (is_pattern(granted) and _expression(granted).fullmatch(action) is not None)

    def named_by(self, system: str, granted: str, resource: str) -> tuple[str, ...]:
        """The actions that a granted pattern names on a system and that can be about a resource, as the vendor writes them."""
        if not is_pattern(granted):
            return (granted,)
        if system.partition(":")[0] not in self._vocabularies:
            return (granted,)
        names, concerns = self._matching_names(system, granted), self._concerns.get(system.partition(":")[0])
        return names if concerns is None else tuple(action for action in names if concerns(action, resource))

    def _matching_names(self, system: str, granted: str) -> tuple[str, ...]:
        """The actions that a granted pattern names on a system, whatever they are about."""
        key = (system, granted)
        if key not in self._matching:
            kind, _, name = system.partition(":")
            vocabulary = self._vocabularies[kind]
            by_service = _by_service(vocabulary)
            everywhere = kind == "aws" and name == "*"
            candidates = (
                (each for names in by_service.values() for each in names)
                if everywhere
                else by_service.get(name if kind == "aws" else "", ())
            )
            expression = _expression(vocabulary.fold(granted))
            self._matching[key] = tuple(vocabulary.names.get(folded, folded) for folded in candidates if expression.fullmatch(folded))
        return self._matching[key]

    def asked_for(self, need: Need, granted: str, scope: str, named: Sequence[str] = ()) -> tuple[str, ...]:
        """What a need and a grant have in common on a resource; `named` is what the grant's pattern names there, where that is known."""
        if not is_pattern(granted):
            fits = need.asks_for(self.verb_of(need.system, granted)) and self.is_about(need.system, granted, scope)
            return (granted,) if fits else ()
        found = named or self.named_by(need.system, granted, scope)
        return tuple(action for action in found if need.asks_for(self.verb_of(need.system, action)))

    def written(self, system: str, granted: str, actions: Sequence[str], among: Sequence[str]) -> tuple[str, ...]:
        """Names and patterns for actions that a granted pattern names; they name nothing but what stands in `among`."""
        key = (system, granted, tuple(actions), tuple(among))
        if key not in self._written:
            if len(self._written) > _MOST_WRITTEN:
                self._written.clear()
            self._written[key] = tuple(self._worded(system, granted, actions, among))
        return self._written[key]

    def _worded(self, system: str, granted: str, actions: Sequence[str], among: Sequence[str]) -> list[str]:
        left = {self.folded(system, action): action for action in sorted(actions)}
        allowed = {self.folded(system, action) for action in among}
        kind = system.partition(":")[0]
        vocabulary = self._vocabularies.get(kind)
        if kind != "aws" or vocabulary is None or len(left) < 2:
            return list(left.values())
        services = sorted({folded.partition(":")[0] for folded in left})
        everything = [each for service in services for each in _by_service(vocabulary).get(service, ())]
        named = {each for each in everything if self.matches(system, granted, each)}
        if named <= allowed:
            return [granted] if ":" in granted else [f"{service}:*" for service in services]
        found: list[str] = []
        while left:
            folded, action = next(iter(left.items()))
            begin = next((each for each in _beginnings(action) if _names_only(each.lower(), allowed, everything)), None)
            matched = [each for each in left if begin is not None and each.startswith(begin.lower())]
            if len(matched) < 2:
                begin, matched = None, [folded]
            found.append(f"{begin}*" if begin is not None else action)
            for each in matched:
                del left[each]
        return found


def _beginnings(action: str) -> list[str]:
    """`s3:Get`, `s3:GetObject`, ... of `s3:GetObjectAcl`, the shortest first."""
    service, _, name = action.partition(":")
    ends = [found.start() for found in _WORD_BEGIN.finditer(name)] + [len(name)]
    return [f"{service}:{name[:end]}" for end in ends]


def _names_only(begin: str, allowed: Set[str], everything: Sequence[str]) -> bool:
    return all(folded in allowed for folded in everything if folded.startswith(begin))


@lru_cache(maxsize=8192)
def _matcher(pattern: str) -> TextMatch:
    return resource_matcher(pattern)


def covers(wide: str, narrow: str) -> bool:
    """`pattern.contains`, for many questions about few patterns."""
    if not narrow.startswith(_head(wide)):
        return False  # the commonest answer, and the cheapest
    return _matcher(wide)(narrow) if "*" not in narrow else contains(wide, narrow)


@lru_cache(maxsize=65536)
def _head(pattern: str) -> str:
    return pattern.partition("*")[0]


@lru_cache(maxsize=65536)
def common(first: str, second: str) -> str | None:
    """A pattern for what two patterns of resources both match, exact or narrower; None where nothing is."""
    if not overlaps(first, second):
        return None
    if contains(first, second):
        return second
    if contains(second, first):
        return first
    begins = max(first.partition("*")[0], second.partition("*")[0], key=len)
    ends = max(first.rpartition("*")[2], second.rpartition("*")[2], key=len)
    found = f"{begins}*{ends}"
    return found if contains(first, found) and contains(second, found) else None
