"""Names of tools beside the words that forbid an act: which tool does it, and what such a tool would be called."""

from __future__ import annotations

import re
from collections.abc import Iterator

from remit.model.verbs import Verb
from remit.understand.prohibited import Prohibited, is_change
from remit.understand.wording import is_written_out, stem, verb_stem, verbs_of_word

_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_TOOL = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+\Z|[a-z]+(?:[A-Z][a-z0-9]+)+\Z")
_MOST_OBJECT_WORDS = 3
_SAID_ALIKE = frozenset({Verb.DELETE, Verb.TRANSMIT, Verb.PAY})
"""Verbs that people and tools call by many words that all say the same."""
_LITTLE = frozenset({"a", "an", "the", "by", "of", "to", "for", "from", "in", "on", "with", "and", "or", "my", "this"})


def names_it(item: Prohibited) -> tuple[str, ...]:
    """The tools that the words write out by name."""
    return tuple(word for word in item.objects if _TOOL.match(word))


def is_meant(item: Prohibited, tool: str) -> bool:
    """Whether a tool's name says that it does what is forbidden, or the words write it out."""
    if tool in item.objects and (item.is_use or tool in names_it(item)):
        return True
    parts = [part.lower() for part in _BREAK.split(tool) if part and part.lower() not in _LITTLE]
    if not item.is_act or not parts:
        return False
    at = next((index for index, part in enumerate(parts) if _is_same_act(item, part)), None)
    if at is None:
        return False
    rest = [stem(part) for index, part in enumerate(parts) if index != at]
    if item.particle:
        if stem(item.particle) not in rest:
            return False
        rest.remove(stem(item.particle))
    objects = {stem(word) for word in (*item.objects, *item.places) if not is_written_out(word)}
    if item.is_general or not objects:
        return True
    return bool(objects & set(rest)) if rest else bool(item.particle)


def _is_same_act(item: Prohibited, part: str) -> bool:
    """The same word, or another for the same: `remove` for "delete", `update` for "change"."""
    if part == item.word or verb_stem(part) == item.word:
        return True
    said = verbs_of_word(part)
    return not item.particle and said == item.verbs and (bool(said & _SAID_ALIKE) or (item.is_change and is_change(part)))


def likely_names(item: Prohibited) -> Iterator[str]:
    """The names, as tools are mostly named, that say exactly this act: `write_off`, `write_off_bill`, `delete_bookings`."""
    written = names_it(item)
    if written:
        yield from written
        return
    if not item.is_act:
        return
    head = f"{item.word}_{item.particle}" if item.particle else item.word
    if item.particle:
        yield head
    words = [word for word in item.objects if word.isascii() and word.isalpha()]
    if not words or len(words) > _MOST_OBJECT_WORDS or len(words) != len(item.objects) or item.is_general or item.singles_out:
        return
    one = [*words[:-1], stem(words[-1])]
    yield "_".join([head, *one])
    yield "_".join([head, *one[:-1], f"{one[-1][:-1]}ies" if one[-1].endswith("y") else f"{one[-1]}s"])
