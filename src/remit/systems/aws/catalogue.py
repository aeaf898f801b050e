"""The actions of AWS: which there are, what each is about, and which verb it has.

Two tables: `catalogue.txt`, made from AWS's own reference (every action with its access level and the forms of the ARNs that it is
about), and `actions.toml`, reviewed by hand, which turns levels and names into verbs. Both are read when first asked for, and a
service's forms only when that service is asked for.
"""

from __future__ import annotations

import pkgutil
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import msgspec

from remit.contracts.system import Vocabulary
from remit.model.verbs import Verb
from remit.systems.aws.pattern import contains, is_pattern, matches, overlaps

_PACKAGE = "remit.systems.aws"
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")
_LEVEL_VERBS = {"P": Verb.ADMINISTER, "T": Verb.UPDATE}
_EVERYWHERE = "*"


class Action(msgspec.Struct, frozen=True):
    """One action as AWS's reference describes it."""

    name: str
    """`s3:GetObject`."""
    level: str
    """`L`ist, `R`ead, `W`rite, `T`agging, `P`ermissions management."""
    types: tuple[str, ...]
    """Names of the types of resource that it can be about; empty: it has no resource, and policies write `*`."""


class Service(msgspec.Struct, frozen=True):
    """The actions of one service, and the forms of its resources."""

    actions: Mapping[str, Action]
    """By folded name, service included."""
    forms: Mapping[str, str]
    """Type of resource -> pattern of its ARNs."""
    formats: Mapping[str, str]
    """Type of resource -> format of its ARNs: `arn:${Partition}:s3:::${BucketName}`."""


# --- reading ----------------------------------------------------------------------------------------------------------------


@cache
def _chunks() -> dict[str, str]:
    """The lines of each service, by its prefix."""
    text = (pkgutil.get_data(_PACKAGE, "catalogue.txt") or b"").decode()
    _, *chunks = text.split("\n@")
    return dict(chunk.split("\n", 1) for chunk in chunks)


def services() -> Sequence[str]:
    """The prefix of every service."""
    return tuple(_chunks())


@lru_cache(maxsize=64)
def service(prefix: str) -> Service:
    """What is known of a service; nothing of one that the catalogue has not."""
    types: list[tuple[str, str]] = []
    actions: dict[str, Action] = {}
    for line in _chunks().get(prefix, "").splitlines():
        name, _, rest = line.rpartition(" ")
        if name.startswith("="):
            types.append((name[1:], rest))
        elif name:
            about = tuple(types[int(number)][0] for number in rest[1:].split(",") if number)
            actions[f"{prefix}:{name}".lower()] = Action(f"{prefix}:{name}", rest[0], about)
    return Service(actions, {name: _PLACEHOLDER.sub("*", form) for name, form in types}, dict(types))


@cache
def vocabulary() -> Vocabulary:
    """Every action with its verb."""
    table = _Table()
    verbs: dict[str, Verb] = {}
    names: dict[str, str] = {}
    for prefix, chunk in _chunks().items():
        for line in chunk.splitlines():
            name, _, rest = line.partition(" ")
            if not name or name[0] == "=":
                continue
            written = f"{prefix}:{name}"
            folded = written.lower()
            verbs[folded] = table.verb(folded, prefix, name, rest[0])
            names[folded] = written
    return Vocabulary(kind="aws", verbs=verbs, fold=str.lower, is_complete=True, names=names)


class _Table:
    """`actions.toml`, ready for look-up."""

    def __init__(self) -> None:
        table: dict[str, Any] = tomllib.loads((pkgutil.get_data(_PACKAGE, "actions.toml") or b"").decode())
        self._actions = {name.lower(): Verb(verb) for verb, names in table["actions"].items() for name in names}
        self._services = {name: Verb(verb) for verb, names in table["services"].items() for name in names}
        self._words = {word: Verb(verb) for verb, words in table["words"].items() for word in words}
        self._read_words = {word: Verb(verb) for verb, words in table["read_words"].items() for word in words}
        self._skipped = frozenset(table["skipped"])
        self._endings = tuple(table["policies"]["endings"])
        self._harmless = tuple(table["policies"]["harmless"])

    def verb(self, folded: str, prefix: str, name: str, level: str) -> Verb:
        """The verb of one action, by the order that the table states."""
        if (verb := self._actions.get(folded)) is not None:
            return verb
        if level not in "LR" and (verb := self._services.get(prefix)) is not None:
            return verb
        if (verb := _LEVEL_VERBS.get(level)) is not None:
            return verb
        word = self._first_word(name)
        if level == "W":
            if name.endswith(self._endings) and not name.endswith(self._harmless):
                return Verb.ADMINISTER
            return self._words.get(word, Verb.UPDATE)
        return self._read_words.get(word, Verb.LIST if level == "L" else Verb.READ)

    def _first_word(self, name: str) -> str:
        found = _WORD.match(name)
        word = found[0] if found else name
        if word in self._skipped and (second := _WORD.match(name, len(word))):
            return second[0]
        return word


# --- asking -----------------------------------------------------------------------------------------------------------------


def action_of(name: str) -> Action | None:
    """An action by its name, in any letter case; None: the catalogue does not know it."""
    folded = name.lower()
    return service(folded.partition(":")[0]).actions.get(folded)


@lru_cache(maxsize=4096)
def actions_matching(pattern: str) -> Sequence[str]:
    """The actions that a pattern names, as AWS writes them; letter case does not count."""
    folded = pattern.lower()
    prefix, colon, _ = folded.partition(":")
    if not colon or is_pattern(prefix):
        return tuple(name for low, name in vocabulary().names.items() if matches(folded, low))
    return tuple(action.name for low, action in service(prefix).actions.items() if matches(folded, low))


def concerns(action: str, resource: str) -> bool:
    """Whether an action can be about a resource (an ARN, or a pattern of ARNs) of that form; of an unknown action: always."""
    if resource == _EVERYWHERE:
        return True
    known = _types_of(action)
    return known is None or _can_be_any(*known, resource)


@lru_cache(maxsize=32768)
def _types_of(action: str) -> tuple[str, tuple[str, ...]] | None:
    """The service of an action and the types of what it is about; None: the catalogue does not know it."""
    known = action_of(action)
    return None if known is None else (action.lower().partition(":")[0], tuple(known.types))


@lru_cache(maxsize=65536)
def _can_be_any(prefix: str, types: tuple[str, ...], resource: str) -> bool:
    # Kept by types: a service has hundreds of actions, and a few types that these are about.
    return any(_can_be(prefix, name, resource) for name in types)


@lru_cache(maxsize=16384)
def concerns_pattern(action: str, resource: str) -> bool:
    """Whether some action that a pattern names can be about the resource: a statement pairs every action with every resource."""
    if _EVERYWHERE in (action, resource):
        return True
    named = actions_matching(action)
    return not named or any(concerns(name, resource) for name in named)


@lru_cache(maxsize=65536)
def _can_be(prefix: str, type_name: str, resource: str) -> bool:
    """Whether a resource can be of a type of a service: its form fits, and it is not something inside one.

    `arn:aws:s3:::b/key` has the form of a bucket too, with a slash in its name; the form of an object is that of a bucket and a
    slash more, so it is an object.
    """
    forms = service(prefix).forms
    form = forms[type_name]
    if not _by_parts(overlaps, form, resource):
        return False
    inside = (other for other in forms.values() if other.startswith(f"{form}/"))
    return not any(_by_parts(contains, other, resource) for other in inside)


def _by_parts(compare: Callable[[str, str], bool], form: str, resource: str) -> bool:
    """Compares the six parts of ARNs each by itself, for in a form no `*` reaches over a colon but the last; else as wholes."""
    ours, theirs = form.split(":", 5), resource.split(":", 5)
    if len(ours) != 6 or len(theirs) != 6:
        return compare(form, resource)
    return all(compare(one, other) for one, other in zip(ours, theirs, strict=True))
