"""Where a value came from: whether it stands in a text, and the values that a text holds (remit language, section 7).

Invariants:
- values compare folded: Unicode form, letter case, white space; account numbers also without their spaces and dashes;
- a value stands in a text only as a whole word or run of words, never as part of a longer one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache
from typing import Any

from remit.model.remit import Scalar

_BETWEEN_WORDS = str.maketrans(dict.fromkeys("\"'`<>(){}[],;|", " "))
_TRIM = ".:!?*_=&"
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?\Z")


_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?\Z")
_NUMBER_IN_TEXT = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w])|(?<![\w.,])\d{1,30}(?:\.\d{1,30})?(?![\w])")


class Shape(Enum):
    """What a value looks like by itself."""

    MAIL = "mail address"
    URL = "URL"
    HOST = "host"
    ACCOUNT = "account number"
    KEY = "key"


_ACCOUNT = (
    r"[a-z]{2}\d{2}[a-z0-9]{11,30}"
    r"|[a-z]{2}\d{2}[ -][a-z0-9]{4}(?:[ -](?=[a-z]{0,3}\d)[a-z0-9]{4}){1,6}(?:[ -]\d{1,3})?"
    r"|\d{4}(?:[ -]\d{4}){2,4}(?:[ -]\d{1,3})?"
    r"|\d{8,34}"
)
"""International account numbers (in one piece or in fours), card numbers, and long runs of digits."""
_SHAPES: tuple[tuple[Shape, re.Pattern[str]], ...] = (
    (Shape.MAIL, re.compile(r"(?:mailto:)?[^\s@<>\"']+@[a-z0-9-]+(?:\.[a-z0-9-]+)+\Z")),
    (Shape.URL, re.compile(r"[a-z][a-z0-9+.-]*://\S+\Z")),
    (Shape.ACCOUNT, re.compile(rf"(?:{_ACCOUNT})\Z")),
    (Shape.KEY, re.compile(r"(?=\S*\d)(?=\S*[a-z])(?!\S*\.[a-z0-9]{1,5}\Z)[a-z0-9_\-+/=.]{20,}\Z|-----begin [a-z ]*key-----")),
    (Shape.HOST, re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,63}(?::\d+)?\Z|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\Z")),
)
_IN_TEXT: Mapping[Shape, re.Pattern[str]] = {
    Shape.MAIL: re.compile(r"@[a-z0-9-]+(?:\.[a-z0-9-]+)+"),
    Shape.URL: re.compile(r"://[^\s\"'<>()\[\]{}]+"),
    Shape.ACCOUNT: re.compile(rf"(?<![a-z0-9])(?:{_ACCOUNT})(?![a-z0-9])"),
}
_SCHEME_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789+.-"
_BEGINS: Mapping[Shape, str] = {Shape.MAIL: f"{_SCHEME_LETTERS}_%", Shape.URL: _SCHEME_LETTERS}
"""Letters that may stand before the mark of an address."""
_LONGEST_BEGIN = 128
"""Longest name before the `@` of an address; one that is longer is no address."""
_AMOUNT_IN_TEXT = re.compile(
    r"(?:[$€£¥]|\b(?:usd|eur|gbp|chf|jpy|cad|aud|sek|nok|dkk|amount|total|sum|due)\b\W{0,4})\s*(\d[\d,]*(?:\.\d+)?)"
    r"|(?<![\d.,])(\d[\d,]*(?:\.\d+)?)\s*(?:[$€£¥]|\b(?:usd|eur|gbp|chf|jpy|cad|aud|sek|nok|dkk)\b)"
)


_DATE = re.compile(
    r"(?:19|20)\d\d[ -]?(?:0[1-9]|1[0-2])[ -]?(?:0[1-9]|[12]\d|3[01])\Z|(?:0[1-9]|[12]\d|3[01])-(?:0[1-9]|1[0-2])-(?:19|20)\d\d\Z"
)
_NOT_AN_ACCOUNT = re.compile(
    r"\b(?:invoice|bill|order|receipt|ticket|case|reference|ref|vat|tax|phone|tel|fax|mobile|date|dated)\b[^a-z0-9]*"
    r"(?:(?:no|nr|num|number|id|code)\b[^a-z0-9]*)?\Z"
)
_LABEL_CHARACTERS = 32
"""How far before a run of digits its label is looked for."""


_UNSEEN = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
"""Characters that a reader does not see, so they make no other value."""
_SEPARATORS = re.compile(r"[\W_]+")
_LEAST_DIGITS = 6
_LONGEST_ACCOUNT = 64


def folded_text(text: str) -> str:
    """A text as values are looked for in it."""
    plain = text if text.isascii() else _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    return " ".join(plain.casefold().split())


@lru_cache(maxsize=8192, typed=True)
def folded_value(value: Scalar) -> str | None:
    """A value as it is compared; None for what names nothing (booleans, empty text)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        folded = folded_text(value)
        if len(folded) < 40 and (_NUMBER.match(folded) or _GROUPED.match(folded)):
            return _plain_number(folded.replace(",", ""))
        return folded or None
    try:
        return _plain_number(repr(value))
    except InvalidOperation:
        return None


def _plain_number(text: str) -> str:
    number = Decimal(text)
    return f"{number.normalize():f}" if number.is_finite() else text


def compact(folded: str) -> str:
    """An account number without the spaces and dashes that people write into it."""
    return folded.replace(" ", "").replace("-", "")


def squeezed(folded: str) -> str | None:
    """A number or account without whatever stands between its digits and letters; None for a value with few digits."""
    plain = _SEPARATORS.sub("", folded)
    return plain if sum(map(str.isdigit, plain[:_LONGEST_ACCOUNT])) >= _LEAST_DIGITS and len(plain) <= _LONGEST_ACCOUNT else None


def shape_of(folded: str) -> Shape | None:
    """What a folded value looks like; None for everything else."""
    for shape, pattern in _SHAPES:
        if pattern.match(folded):
            return shape
    return None


def stands_in(folded: str, text: str) -> bool:
    """Whether a folded value stands in a folded text as a whole word or run of words."""
    begin = text.find(folded)
    while begin >= 0:
        end = begin + len(folded)
        if _is_edge(text, begin - 1, begin) and _is_edge(text, end, end - 1):
            return True
        begin = text.find(folded, begin + 1)
    return False


def _is_edge(text: str, outside: int, inside: int) -> bool:
    """Whether a word ends between two neighbouring characters."""
    if not 0 <= outside < len(text):
        return True
    if not (text[inside].isalnum() or text[inside] == "_"):
        return True
    neighbour = text[outside]
    if neighbour.isalnum() or neighbour == "_":
        return False
    if neighbour in ".-":
        # A dot or dash goes on with the word when a letter or digit follows: `a.b`, `12.50`; at the end of a sentence it does not.
        beyond = outside + (1 if outside > inside else -1)
        return not (0 <= beyond < len(text) and text[beyond].isalnum())
    return True


def tokens(text: str) -> Iterator[str]:
    """The distinct words of a folded text, each also as a value: numbers in their plain form, ends of sentences cut off."""
    for found in set(text.translate(_BETWEEN_WORDS).split()):
        word = found.strip(_TRIM)
        if not word:
            continue
        if word.isalpha():
            yield word
        else:
            yield _plain_number(word) if _NUMBER.match(word) and len(word) < 40 else word
            if "=" in word or ":" in word:
                yield from (part for part in re.split(r"[=:]", word) if part)


def texts_in(value: Any, limit: int = 100_000) -> Iterator[str]:
    """Every text in a JSON value, numbers as their text; keys are names, not values."""
    waiting = [value]
    while waiting and limit:
        found = waiting.pop()
        limit -= 1
        if isinstance(found, Mapping):
            waiting.extend(reversed(list(found.values())))
        elif isinstance(found, list | tuple):
            waiting.extend(reversed(found))
        elif isinstance(found, str):
            yield found
        elif isinstance(found, int | float) and not isinstance(found, bool):
            yield folded_value(found) or ""


def candidates(text: str, shape: Shape) -> frozenset[str]:
    """The distinct values of a shape in a folded text, compact."""
    pattern = _IN_TEXT.get(shape)
    if pattern is None:
        return frozenset()
    if shape is Shape.ACCOUNT:
        return frozenset(compact(match[0]) for match in pattern.finditer(text) if _may_be_account(match, text))
    return frozenset(found for match in pattern.finditer(text) if (found := _with_begin(match, text, shape)))


def _with_begin(match: re.Match[str], text: str, shape: Shape) -> str:
    """An address with what stands before its mark; looked for backwards, so that a long run of letters is read once."""
    before = text[max(0, match.start() - _LONGEST_BEGIN) : match.start()]
    begin = before[len(before.rstrip(_BEGINS[shape])) :]
    if shape is Shape.URL:
        begin = begin.lstrip("0123456789+.-")
    return (begin + match[0]).rstrip(".,;:") if begin else ""


def _may_be_account(match: re.Match[str], text: str) -> bool:
    """False for a date, and for a number whose label says that it is something else (`invoice no. 2026-1204`)."""
    if not match[0][0].isdigit():
        return True
    before = text[max(0, match.start() - _LABEL_CHARACTERS) : match.start()]
    return _DATE.match(match[0]) is None and _NOT_AN_ACCOUNT.search(before) is None


def numbers(text: str) -> frozenset[str]:
    """The distinct numbers in a folded text in their plain form: `1,234.50` is `1234.5`."""
    return frozenset(_plain_number(match[0].replace(",", "")) for match in _NUMBER_IN_TEXT.finditer(text))


def amounts(text: str) -> frozenset[str]:
    """The distinct amounts of money in a folded text, as plain numbers."""
    found = (match[1] or match[2] for match in _AMOUNT_IN_TEXT.finditer(text))
    return frozenset(_plain_number(number.replace(",", "")) for number in found)
