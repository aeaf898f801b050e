"""What a text that people wrote says an agent does: verbs, and the words that they are about.

Source of the words: `words.toml`. A text is hostile: it supports lines on what it names and nothing else, and is never followed.
Invariants:
- a verb is about the words behind it, up to the next verb or the end of the clause; what changes something must have that thing as its
  object ("update the orders"), or as the place where something is put ("write it to the orders"); "a summary of orders" only reads orders;
- what a clause forbids ("never delete invoices") supports nothing;
- a name that is written out (`s3://acme-drafts/in/`, `acme-drafts`) speaks of what has that name, and of nothing else that shares a
  word with it.
"""

from __future__ import annotations

import pkgutil
import re
import tomllib
from collections.abc import Iterable, Iterator, Set
from functools import lru_cache

import msgspec

from remit.model.verbs import Verb

TABLE = tomllib.loads((pkgutil.get_data("remit.understand", "words.toml") or b"").decode())
_VERBS: dict[str, frozenset[Verb]] = {}
for _verb in Verb:
    for _word in TABLE["verbs"].get(_verb.value, ()):
        _VERBS[_word] = _VERBS.get(_word, frozenset()) | {_verb}
_STORES = frozenset(TABLE["verbs"]["stores"])
GRAMMAR = {name: frozenset(words) for name, words in TABLE["grammar"].items()}
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n\s*(?:[-*•\d]+[.)]?\s+|\n)|\n(?=\s*[A-Z])")
TOKEN = re.compile(r"(?:\b\w{1,100}\.)?\"[^\"\s]+\"|/[\w./-]{1,200}\w|[A-Za-z0-9][A-Za-z0-9_'./:*$-]*|[,;()]")
_HEADING = re.compile(r"^([ \t]{0,3}#{1,6} [^\n]*)\n", re.MULTILINE)
_ITEM = re.compile(r"\s*(?:[-*•]|\d+[.)])\s+(.+)")
_HEADS_LIST = re.compile(r"(?:never|do not|don't|must not|may not|cannot|not allowed to)\W{0,20}:\W{0,20}\Z", re.IGNORECASE)
_BY_MEANS = frozenset({Verb.TRANSMIT, Verb.EXECUTE})
"""Verbs that act on what they use: "notify via the alerts topic"."""
_CLAUSE_BEGINS = frozenset({"", ",", ";", "(", ")", "and", "or", "then", "but", "that", "which", "who", "to", "when", "if"})
_BOUNDS = frozenset({";", ")", "but", "then", "instead", "however"})
_NEGATION_REACH = 4
"""Words between a negation and the verb that it is about."""
_ADDRESSES = ("s3://", "arn:")
_WRITTEN_OUT = re.compile(r"[A-Za-z0-9][-_./:]+[A-Za-z0-9]")
"""How names of things are told from words: `crm.deals`, `review-jobs`, `s3://drafts/in`."""
_LEAST_SHARE = 0.5
_LEAST_BEFORE_EED = 3
_PRONOUNS = frozenset({"it", "them", "their", "its", "each", "one", "these", "those"})
_MOST_SENTENCES = 200
_MOST_CHARS = 20_000


class Claimed(msgspec.Struct, frozen=True):
    """One verb in a sentence, and the words that it is about."""

    sentence: str
    word: str
    """The verb as it is listed."""
    verbs: frozenset[Verb]
    objects: frozenset[str]
    """Stems of what it does something to."""
    targets: frozenset[str]
    """Stems of where it puts something."""
    sources: frozenset[str]
    """Stems of what it takes it from, or what it is about."""
    written: tuple[tuple[str, str], ...] = ()
    """(part, word as written) in the order of the sentence; part is `object`, `target` or `source`."""


def sentences(text: str) -> list[str]:
    """The sentences and list items of a text, white space folded."""
    apart = _HEADING.sub(r"\1\n\n", text[:_MOST_CHARS])
    found = (" ".join(part.split()).strip("-*• ") for part in _SENTENCE.split(apart))
    return [sentence for sentence in found if sentence][:_MOST_SENTENCES]


@lru_cache(maxsize=2048)
def claims(text: str) -> tuple[Claimed, ...]:
    """Everything that a text says is done, in its order."""
    listed = listed_as_forbidden(text)
    return tuple(claim for sentence in sentences(text) if sentence not in listed for claim in _with_pronouns(_claims_of(sentence)))


@lru_cache(maxsize=2048)
def forbidden(text: str) -> tuple[Claimed, ...]:
    """Everything that a text may forbid, in its order: a negation may reach further here than people meant it."""
    listed = listed_as_forbidden(text)
    said = ((sentence in listed, found) for sentence in sentences(text) for found in _said_in(sentence))
    return tuple(claim for is_listed, (is_negated, claim) in said if is_negated or is_listed)


@lru_cache(maxsize=2048)
def listed_as_forbidden(text: str) -> frozenset[str]:
    """The sentences that are items of a list under `You must never:`."""
    found: set[str] = set()
    is_under = False
    for line in text[:_MOST_CHARS].splitlines():
        item = _ITEM.match(line)
        if _HEADS_LIST.search(line.replace("*", "").replace("_", "")):
            is_under = True
        elif item is not None and is_under:
            found.update(sentences(item[1])[:1])
        elif line.strip():
            is_under = False
    return frozenset(found)


def _with_pronouns(found: Iterable[Claimed]) -> Iterator[Claimed]:
    """`read the tickets and close them`: what a pronoun stands for is what the verb before was about."""
    before: frozenset[str] = frozenset()
    for claim in found:
        if claim.objects & _PRONOUNS:
            claim = msgspec.structs.replace(claim, objects=claim.objects | before)
        before = (claim.objects | (claim.sources if not claim.objects - _PRONOUNS else frozenset())) - _PRONOUNS or before
        yield claim


def stem(word: str) -> str:
    """A noun without its plural, lower case."""
    word = word.lower().removesuffix("'s").strip("'")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if (
        len(word) > 4
        and word.endswith(("ses", "xes", "zes", "ches", "shes"))
        and not word.endswith(("ases", "oses", "nses", "rses", "uses", "ises"))
    ):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=8192)
def is_written_out(word: str) -> bool:
    """Whether a word is the name of a thing, and no word of a language."""
    return _WRITTEN_OUT.search(word) is not None


@lru_cache(maxsize=8192)
def stems_of_name(name: str) -> frozenset[str]:
    """The parts of a resource's name that say what is in it."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    parts = (part for part in re.split(r"[^A-Za-z]+", spaced) if len(part) > 1)
    return frozenset(stem(part) for part in parts if part.lower() not in GRAMMAR["generic"])


class Spoken(msgspec.Struct, frozen=True):
    """A resource as people may speak of it."""

    resource: str
    names: tuple[str, ...]
    """The bucket and the folders in it, the table, the queue."""
    shared: frozenset[str] = frozenset()
    """Parts that most names of the organisation begin with: they tell nothing apart."""

    def share(self, words: Set[str]) -> float:
        """How fully words speak of it: the share of a name's parts that say something, from a half on; 0 where they do not.

        By a name that is written out they do wholly.
        """
        written = [word for word in words if is_written_out(word)]
        if any(self._is_at(word) for word in written):
            return 1.0
        return max((self._share_of(name, words, written) for name in self.names), default=0.0)

    def _share_of(self, name: str, words: Set[str], written: Iterable[str]) -> float:
        parts = stems_of_name(name)
        parts = parts - self.shared or parts
        if not parts:
            return 0.0
        names = (stems_of_name(word) - self.shared for word in written if not word.startswith(_ADDRESSES))
        if any(named and (named <= parts or parts <= named) for named in names):
            return 1.0
        share = len(parts & words) / len(parts)
        return share if share >= _LEAST_SHARE else 0.0

    def _is_at(self, word: str) -> bool:
        """Whether an address of a bucket or folder, or an ARN, is that of this resource, of something in it, or of what it is in."""
        address = word.removeprefix("s3://") if word.startswith("s3://") else word.removeprefix("arn:aws:s3:::")
        here = self.resource.lower().removeprefix("arn:aws:s3:::")
        if not word.startswith(_ADDRESSES) or (address == word and here != self.resource.lower()):
            return False
        one, other = sorted((address.rstrip("/*"), here.rstrip("/*")), key=len)
        return other == one or other.startswith(f"{one}/")


def supports(claim: Claimed, verbs: Set[Verb], thing: Spoken) -> float:
    """How fully a claim says that one of these verbs is done to a thing: 0 not at all, 1 by its whole name."""
    shares = [0.0]
    if verbs & {Verb.READ, Verb.LIST}:
        shares.append(thing.share(claim.sources))
        if Verb.READ in claim.verbs:
            shares.append(thing.share(claim.objects | claim.targets))
    if verbs & claim.verbs:
        shares += [thing.share(claim.objects), thing.share(claim.targets)]
    return max(shares)


def verbs_of_word(word: str) -> frozenset[Verb]:
    """What a word says as a verb, in any of its forms; none where it is no verb."""
    return _VERBS.get(verb_stem(word) or "", frozenset())


def verb_stem(word: str) -> str | None:
    """The verb of ours that a word is a form of."""
    word = word.lower()
    for form in _forms(word):
        if form in _VERBS:
            return form
    return None


def _forms(word: str) -> Iterator[str]:
    yield word
    for ending, others in (("ies", ("y",)), ("ied", ("y",)), ("es", ("", "e")), ("s", ("",)), ("ing", ("", "e")), ("ed", ("", "e"))):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            base = word[: -len(ending)]
            # "seed" and "feed" are no past forms of "see" and "fee".
            yield from (base + other for other in others if not (ending == "ed" and base.endswith("e")) or len(base) > _LEAST_BEFORE_EED)
            if len(base) > 2 and base[-1] == base[-2]:
                yield base[:-1]


def _claims_of(sentence: str) -> Iterator[Claimed]:
    return (claim for is_negated, claim in _said_in(sentence) if not is_negated)


def _said_in(sentence: str) -> Iterator[tuple[bool, Claimed]]:
    """What a sentence says is done, each with whether it is forbidden."""
    tokens = TOKEN.findall(sentence)
    heads = _heads(tokens)
    is_negated = False
    for position, head in enumerate(heads):
        begin = heads[position - 1] + 1 if position else 0
        between = [token.lower() for token in tokens[begin:head]]
        bounds = [index for index, token in enumerate(between) if token in _BOUNDS]
        if bounds:
            is_negated = False
            between = between[bounds[-1] + 1 :]
        # A negation reaches the verb behind it, and those that follow in its clause: "never change, delete or share".
        is_negated = is_negated or any(token in GRAMMAR["negations"] for token in between[-_NEGATION_REACH:])
        yield is_negated, _claim(sentence, tokens, head, heads[position + 1] if position + 1 < len(heads) else len(tokens))


def _heads(tokens: list[str]) -> list[int]:
    """Where the verbs stand: behind what leads to one, or, once in a clause, behind its subject ("the agent reads")."""
    found: list[int] = []
    is_taken = False
    for index, token in enumerate(tokens):
        before = tokens[index - 1].lower() if index else ""
        if before in _CLAUSE_BEGINS or before.endswith(":"):
            is_taken = False
        if not verbs_of_word(token) or (before in GRAMMAR["before_nouns"] and not token.lower().endswith("ing")):
            continue
        after = tokens[index + 1].lower() if index + 1 < len(tokens) else ""
        if after in GRAMMAR["is_said_of"]:
            continue
        # Behind another word a second verb of a clause is a noun: "read the instrument file", "summarise incident reports".
        if not is_taken or before in GRAMMAR["leads"] or before.endswith("ly"):
            found.append(index)
            is_taken = True
    return found


def _claim(sentence: str, tokens: list[str], head: int, end: int) -> Claimed:
    word = verb_stem(tokens[head]) or ""
    part = "object"
    written: list[tuple[str, str]] = []
    for token in tokens[head + 1 : end]:
        lowered = token.lower()
        if token in (";", ")") or lowered in GRAMMAR["ends"]:
            break
        if Verb.DELETE in _VERBS[word] and lowered == "from":
            part = "target"  # "delete its row from the table"
        elif (_VERBS[word] & _BY_MEANS and lowered in GRAMMAR["means"]) or (word in _STORES and lowered in GRAMMAR["destinations"]):
            part = "target"
        elif lowered in GRAMMAR["sources"]:
            part = "source"
        elif lowered in GRAMMAR["destinations"]:
            part = "target" if part == "target" else "source"
        elif token not in (",", "("):
            written.append((part, token.rstrip(".:/*") if not token.startswith(("s3:", "arn:")) else token.rstrip(".:")))
    stems = {
        name: frozenset(each if is_written_out(each) else stem(each) for part, text in written if part == name for each in _split(text))
        for name in ("object", "target", "source")
    }
    # What something is deleted from is looked at too.
    sources = stems["source"] | (stems["target"] if Verb.DELETE in _VERBS[word] else frozenset())
    return Claimed(sentence, word, _VERBS[word], stems["object"], stems["target"], sources, tuple(written))


def _split(text: str) -> list[str]:
    if is_written_out(text):
        return [text.lower() if text.startswith(_ADDRESSES) else text]
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    return [part for part in re.split(r"[^A-Za-z0-9']+", spaced) if part]
