"""What an agent's instructions forbid it: verbs, what they are about, and whether they hold always.

Source of the words: `words.toml`. A text is hostile: what is read here only ever narrows a draft. Invariants:
- only what is said to the agent counts ("never", "you do not", "must not"); what somebody else does not do forbids nothing;
- a condition anywhere ("unless", "without asking", "if a customer asks") makes it hold sometimes, which is never taken for always.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from remit.model.verbs import Verb
from remit.understand.wording import (
    GRAMMAR,
    TABLE,
    TOKEN,
    claims,
    is_written_out,
    listed_as_forbidden,
    sentences,
    stem,
    verb_stem,
    verbs_of_word,
)

_WORDS = {name: frozenset(words) for name, words in TABLE["forbidding"].items()}
_EXTRA: dict[str, frozenset[Verb]] = {
    **{word: frozenset({Verb(name)}) for name in ("update", "delete", "transmit", "pay") for word in TABLE["forbidding"][name]},
    **{word: frozenset(Verb) for word in TABLE["forbidding"]["any"]},
}
_ALLOWED_TO = frozenset({"allowed", "permitted", "authorised", "authorized", "supposed"})
_FROM = {"forbidden": ("from", "to"), "prohibited": ("from",), "refrain": ("from",)}
_DASH = re.compile(r"\s[-–—]+\s|[–—]|\s->\s")
_BOUNDS = frozenset({",", ";", "(", ")"})
_WEAK_PARTICLES = frozenset({Verb.CREATE, Verb.UPDATE, Verb.EXECUTE})
_DOMAIN = re.compile(r"@?((?:[a-z0-9-]+\.)+[a-z]{2,})\Z")
_PRONOUNS = frozenset({"it", "them", "these", "those", "one"})
_MOST = 200


class Prohibited(msgspec.Struct, frozen=True, kw_only=True):
    """One verb that the instructions forbid, and what it is about."""

    sentence: str
    word: str
    """The verb as it is written, in its plain form."""
    particle: str = ""
    """`off` of "write off"."""
    verbs: frozenset[Verb]
    """None of ours: the words name an act that only a tool can be."""
    objects: tuple[str, ...]
    """Words, lower case, those that are written out as they stand; without articles."""
    places: tuple[str, ...] = ()
    """Words behind a preposition."""
    is_conditional: bool = False
    outside: tuple[str, ...] = ()
    """Domains out of which nothing may go, where that is all of its condition."""

    @property
    def is_general(self) -> bool:
        """Whether it is about everything there is."""
        return bool(self.objects) and set(self.objects) <= _WORDS["general"] and not _telling(self.places)

    @property
    def is_generic(self) -> bool:
        """Whether it is about what every store holds: files, rows."""
        return bool(self.objects) and set(self.objects) <= _WORDS["general"] | _WORDS["generic"] and not _telling(self.places)

    @property
    def is_act(self) -> bool:
        """Whether it is something done to the world, and not a manner of speaking or of looking."""
        return bool(self.verbs - {Verb.READ, Verb.LIST}) or self.is_phrase or self.word in _WORDS["acts"]

    @property
    def is_phrase(self) -> bool:
        """Whether its verb is one by its particle: "write off"."""
        return self.particle in _WORDS["other_act"] and (bool(verbs_of_word(self.word)) or self.word in _WORDS["acts"])

    @property
    def is_change(self) -> bool:
        """Whether it is said by one of the words for changing something."""
        return is_change(self.word)

    @property
    def is_use(self) -> bool:
        """Whether it forbids something by its name: "do not call delete_user"."""
        return self.word in _WORDS["uses"]

    @property
    def singles_out(self) -> bool:
        """Whether some of its words pick a few out of what it is about: "unpaid bills"."""
        return any(_picks(word) for word in self.objects if not is_written_out(word))


def is_change(word: str) -> bool:
    """Whether a verb says that something is changed, and nothing nearer."""
    return word in _WORDS["changes"]


_ENDINGS = tuple(TABLE["forbidding"]["some_of_endings"])


def _picks(word: str) -> bool:
    """Whether a word picks a few out of what it stands with."""
    return word in _WORDS["some_of"] or (word.endswith(_ENDINGS) and word not in _WORDS["general"])


def _telling(words: Sequence[str]) -> list[str]:
    """Words that narrow: neither articles, pronouns nor names of everything."""
    quiet = _WORDS["determiners"] | _WORDS["general"] | _WORDS["generic"] | _PRONOUNS | _WORDS["no_places"]
    return [word for word in words if word not in quiet]


def narrowing(prohibited: Prohibited, told: frozenset[str]) -> bool:
    """Whether its words, beside those that name a thing (`told`, stems), restrict it to a part of that thing."""
    beside = [word for word in _telling(prohibited.places) if not is_written_out(word) and stem(word) not in told]
    of = [word for word in _telling(prohibited.objects) if not is_written_out(word)]
    is_named = not of or any(stem(word) in told for word in of)
    picks = any(_picks(word) for word in of if stem(word) not in told)
    return bool(beside) or not is_named or picks


@lru_cache(maxsize=512)
def prohibited(text: str) -> tuple[Prohibited, ...]:
    """Everything that instructions forbid, in their order."""
    found: list[Prohibited] = []
    before: tuple[str, ...] = ()
    listed = listed_as_forbidden(text)
    for sentence in sentences(text):
        for item in _of_sentence(f"never {sentence}" if sentence in listed else sentence, sentence):
            objects = item.objects
            if objects and set(objects) <= _PRONOUNS:
                item = msgspec.structs.replace(item, objects=_spoken_of(sentence, item) or before or objects)
            found.append(item)
        before = next((_nouns(claim.written) for claim in reversed(claims(sentence)) if _nouns(claim.written)), before)
    return tuple(dict.fromkeys(found))[:_MOST]


def _spoken_of(sentence: str, item: Prohibited) -> tuple[str, ...]:
    """What a pronoun stands for, from the claims of its own sentence."""
    said = [claim for claim in claims(sentence) if claim.word != item.word]
    return next((_nouns(claim.written) for claim in said if _nouns(claim.written)), ())


def _nouns(written: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    words = (_plain(word) for part, word in written if part == "object")
    return tuple(word for word in words if word not in _WORDS["determiners"] and word not in _PRONOUNS)


def _plain(mark: str) -> str:
    bare = mark.strip("*_`'\".:")
    return bare if is_written_out(bare) else bare.lower()


def _of_sentence(said: str, sentence: str) -> Iterator[Prohibited]:
    marks = TOKEN.findall(_DASH.sub(" ; ", said))
    words = [_plain(mark) for mark in marks]
    at = 0
    while at < len(words):
        begin = _negation(marks, words, at)
        if begin is None:
            at += 1
            continue
        is_premised = any(word in _WORDS["premises"] for word in _clause(words, at))
        at = begin
        while True:
            at, found = _forbidden(marks, words, at, sentence)
            yield from (msgspec.structs.replace(item, is_conditional=item.is_conditional or is_premised) for item in found)
            if not found or at >= len(words) or words[at] not in ("or", "nor"):
                break
            at += 1  # "never email a customer or delete a ticket"


def _clause(words: Sequence[str], at: int) -> Sequence[str]:
    """The words of the sentence in front of a place, back to a semicolon."""
    bound = max((index for index in range(at) if words[index] == ";"), default=-1)
    return words[bound + 1 : at]


def _negation(marks: Sequence[str], words: Sequence[str], at: int) -> int | None:
    """Where the verbs begin behind a negation that is said to the agent; None where none stands here."""
    word = words[at]
    after = words[at + 1] if at + 1 < len(words) else ""
    if word == "never" or word in _WORDS["contracted"]:
        return at + 1 if _is_to_agent(marks, words, at - 1) else None
    if word == "not" and at and words[at - 1] in _WORDS["auxiliaries"]:
        if not _is_to_agent(marks, words, at - 2):
            return None
        if words[at - 1] in ("are", "is"):
            return at + 3 if after in _ALLOWED_TO and words[at + 2 : at + 3] == ["to"] else None
        return at + 1
    if word in _FROM and after in _FROM[word]:
        return at + 2
    if word == "circumstances" and words[max(at - 2, 0) : at] == ["under", "no"]:
        begin = at + 1
        while begin < len(words) and (words[begin] in _WORDS["auxiliaries"] or words[begin] in ("you", ",")):
            begin += 1
        return begin
    return None


def _is_to_agent(marks: Sequence[str], words: Sequence[str], at: int) -> bool:
    """Whether the words up to a place end in the agent as the subject, or in none."""
    while at >= 0 and words[at] in _WORDS["auxiliaries"]:
        at -= 1
    return at < 0 or words[at] in _WORDS["subjects"] or marks[at] in _BOUNDS or marks[at].endswith(":")


def _forbidden(marks: Sequence[str], words: Sequence[str], at: int, sentence: str) -> tuple[int, list[Prohibited]]:
    """The verbs from a place on, each with what they are about; and where to read on."""
    is_conditional = False
    while at < len(words) and (words[at] in _WORDS["skipped"] or words[at].endswith("ly") or marks[at] == ","):
        is_conditional = is_conditional or words[at].endswith("ly")
        at += 1
    heads: list[tuple[str, str]] = []
    while at < len(words) and words[at] not in _WORDS["no_acts"] and words[at][:1].isalpha():
        head = words[at]
        at += 1
        particle = words[at] if at < len(words) and words[at] in _WORDS["particles"] else ""
        at += bool(particle)
        heads.append((head, particle))
        joined = at
        while joined < len(words) and words[joined] in (",", "or", "and", "nor", "even", "never", "not"):
            joined += 1
        if joined == at or joined >= len(words) or (words[at] == "," and not _is_list_of_verbs(words, joined)):
            break
        at = joined
    if not heads:
        return at, []
    end, about = _about(marks, words, at)
    found = []
    for head, particle in heads:
        word = verb_stem(head) or head
        found.append(
            Prohibited(
                sentence=sentence,
                word=word,
                particle=particle,
                verbs=_verbs(word, particle),
                objects=tuple(about.objects),
                places=tuple(about.places),
                is_conditional=is_conditional or about.is_conditional,
                outside=() if is_conditional else tuple(about.outside),
            )
        )
    return end, found


def _is_list_of_verbs(words: Sequence[str], at: int) -> bool:
    """Whether a word behind a comma goes on with what is forbidden: a verb of ours, or one before the last "or"."""
    after = words[at + 1] if at + 1 < len(words) else ""
    return bool(verbs_of_word(words[at])) or words[at] in _WORDS["acts"] or words[at] in _EXTRA or after in (",", "or")


def _verbs(word: str, particle: str) -> frozenset[Verb]:
    if word in _EXTRA:
        return _EXTRA[word]
    verbs = verbs_of_word(word) - {Verb.READ, Verb.LIST}
    if word in _WORDS["read"]:
        verbs = frozenset({Verb.READ})
    if word in _WORDS["uses"] and Verb.EXECUTE in verbs:
        verbs = frozenset({Verb.EXECUTE})
    # "write off" and "roll back" are other acts than "write" and "roll".
    return frozenset() if particle in _WORDS["other_act"] and verbs <= _WEAK_PARTICLES else verbs


class _About:
    """What the words behind verbs say they are about."""

    def __init__(self) -> None:
        self.objects: list[str] = []
        self.places: list[str] = []
        self.outside: list[str] = []
        self.is_conditional = False


def _about(marks: Sequence[str], words: Sequence[str], at: int) -> tuple[int, _About]:
    found = _About()
    part = found.objects
    while at < len(words):
        word, mark = words[at], marks[at]
        after = words[at + 1] if at + 1 < len(words) else ""
        if mark in (";", "(", ")") or word in ("but", "then", "instead", "always", "even", "never", "you") or word in _WORDS["contracted"]:
            break
        if word in _WORDS["auxiliaries"] and after == "not":
            break
        if mark == ",":
            if not _goes_on(words, at + 1):
                break
        elif word == "outside" and (domains := _domains(words[at + 1 :])):
            found.outside, found.is_conditional = domains, True
            break
        elif word in _WORDS["conditions"] or (word.endswith("ly") and part is not found.objects) or (word.endswith("ly") and found.objects):
            found.is_conditional = True
            break
        elif word in ("or", "and", "nor"):
            beyond = words[at + 2] if at + 2 < len(words) else ""
            # "... or describe the image": a word in front of an article is a verb.
            if after not in _WORDS["determiners"] | GRAMMAR["sources"] and beyond in _WORDS["determiners"] | _PRONOUNS:
                break
        elif word in GRAMMAR["sources"] or word in ("into", "onto", "to"):
            part = found.places
        elif word not in _WORDS["determiners"]:
            part.append(word)
        at += 1
        if mark.endswith(":") or (mark.endswith(".") and not is_written_out(word)):
            break
    return at, found


def _domains(words: Sequence[str]) -> list[str]:
    """The domains that follow "outside", where nothing else does."""
    named = [word for word in words if word not in _WORDS["determiners"] and word not in ("or", "and", ",", "domain", "domains")]
    found = [match[1] for word in named if (match := _DOMAIN.match(word.lower())) is not None]
    return found if found and len(found) == len(named) else []


def _goes_on(words: Sequence[str], at: int) -> bool:
    """Whether a comma stands in a list of nouns, up to an "or"."""
    word = words[at] if at < len(words) else ""
    if not word or verbs_of_word(word) or word in _WORDS["subjects"] or word in _WORDS["conditions"] or word in _PRONOUNS:
        return word in ("or", "nor")
    return any(other in ("or", "nor") for other in words[at : at + 6])
