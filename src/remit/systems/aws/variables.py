"""Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, `${*}`.

Source of the rules: the IAM user guide, "IAM policy elements: variables and tags". A variable has the one value of its key in the context;
without one it has its default; without a default it has none, and what it stands in matches nothing. A key with several values has none.
What a variable gives is plain text: a `*` in it is a star and no wildcard (so that a tag cannot widen a policy), and so are `${*}`, `${?}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

import msgspec

from remit.systems.aws.pattern import matches, matches_by_parts

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_DEFAULT = re.compile(r"\s*([^,]*?)\s*,\s*'([^']*)'\s*\Z")
_PLAIN = {"*": "\ue000", "?": "\ue001"}
"""A `*` and a `?` that are no wildcards, inside a pattern: private characters of Unicode."""
_ESCAPE = str.maketrans({**_PLAIN, "\ue000": "\ue002", "\ue001": "\ue002"})  # a text cannot pretend to be escaped
_BACK = str.maketrans({code: char for char, code in _PLAIN.items()})


class Unknown(Enum):
    """The value of a key that is not known: it may be anything, or absent."""

    VALUE = "unknown"


UNKNOWN = Unknown.VALUE


class Context:
    """The context of a request. What it does not hold is absent or, where it is not the whole context, unknown."""

    __slots__ = ("_is_whole", "_values")

    def __init__(self, values: Mapping[str, tuple[str, ...]], *, is_whole: bool) -> None:
        self._values = {key.lower(): value for key, value in values.items()}
        self._is_whole = is_whole

    def get(self, key: str) -> tuple[str, ...] | Unknown | None:
        """The values of a key, whose letter case does not count; None: absent."""
        found = self._values.get(key.lower())
        if found is not None:
            return found
        return None if self._is_whole else UNKNOWN


class Written(msgspec.Struct, frozen=True):
    """A text with its variables put in."""

    pattern: str | None
    """None: a variable has no value, so it matches nothing."""
    depends_on: tuple[str, ...] = ()
    """Keys that are not known; `pattern` then has `*` in their place."""


def written_out(text: str, context: Context, *, has_variables: bool) -> Written:
    """A text with its variables put in; `plain` turns what is left into ordinary text."""
    if not has_variables or "${" not in text:
        return Written(text)
    keys: list[str] = []
    is_void = False

    def put_in(found: re.Match[str]) -> str:
        nonlocal is_void
        name = found[1]
        if name in ("*", "?", "$"):
            return _PLAIN.get(name, name)
        default = _DEFAULT.match(name)
        key = default[1] if default else name.strip()
        values = context.get(key)
        if isinstance(values, Unknown):
            keys.append(key)
            return "*"
        if values is not None and len(values) == 1:
            return escaped(values[0])
        if default and values is None:
            return escaped(default[2])
        is_void = True
        return ""

    pattern = _VARIABLE.sub(put_in, text)
    return Written(None if is_void else pattern, tuple(keys))


def escaped(text: str) -> str:
    """A text as a pattern that matches it alone."""
    return text.translate(_ESCAPE)


def fits(pattern: str, text: str) -> bool:
    """Whether a pattern, its variables put in, matches a text."""
    return matches(pattern, escaped(text))


def fits_arn(pattern: str, arn: str) -> bool:
    """Whether a pattern, its variables put in, matches an ARN by the letter."""
    return matches_by_parts(pattern, escaped(arn))


def plain(pattern: str) -> str:
    """A text that holds no wildcard, or is not to have any, as ordinary text."""
    return pattern.translate(_BACK)


def keys_in(text: str) -> tuple[str, ...]:
    """The keys that the variables of a text name."""
    names = (found[1] for found in _VARIABLE.finditer(text) if found[1] not in ("*", "?", "$"))
    return tuple(name.partition(",")[0].strip() for name in names)
