"""The one pattern language: match, contain, overlap (remit language, section 4).

What each kind of pattern means:
- resource: `*` stands for any run of characters, `/` and `:` included; nothing else is special; letter case counts.
- text (a value of `where`): `*` stands for a run without `/`, `**` for any run. Three stars and more are `**`.
- path (a value of `where` that begins with `/`): compared folder by folder with a resolved path. `*` stays within a folder's
  name, `**` does not; a folder written `**` stands for any number of folders, none included, so `/data/**` matches `/data`
  and everything below it, and not `/database/x`.
- numbers and booleans are equal or not, by strict type: true is not 1, "5" is not 5, 5 is 5.0.

Invariants:
- matching takes time linear in the text for a given pattern, whatever the text: nothing is tried twice;
- what is not of the pattern's type, and a path that cannot be read as one, does not match (it counts as absent);
- `contains` and `overlaps` are exact for two patterns of one kind: they compare the languages, not the spelling.

Left to others: shell and SQL arguments (`decide.statements`), links on a machine (the enforcement point), destinations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from itertools import product

from remit.model.remit import Scalar

TextMatch = Callable[[str], bool]
ValueMatch = Callable[[object, Mapping[str, str]], bool]

_STARS = re.compile(r"\*+")
_UNREADABLE_IN_PATH = re.compile(r"[\\\0]|%2[eEfF]")


class Kind(Enum):
    """Which of the three languages a pattern is written in."""

    RESOURCE = "resource"
    TEXT = "text"
    PATH = "path"


def kind_of_value(pattern: str) -> Kind:
    """The kind of a text that stands in a `where`: a path when it begins with `/`."""
    return Kind.PATH if pattern.startswith("/") else Kind.TEXT


# --- matching ----------------------------------------------------------------------------------------------------------------


class _Group:
    """The part of a pattern between two `**`: literals with a `*` (no `/`) between each two."""

    __slots__ = ("literals", "shares_slash")

    def __init__(self, literals: tuple[str, ...], shares_slash: bool = False) -> None:
        self.literals = literals
        self.shares_slash = shares_slash
        """Path patterns, `/a/**/b`: this group may begin with the slash that ended the one before."""


def _groups(pattern: str, kind: Kind) -> tuple[_Group, ...]:
    if kind is Kind.RESOURCE:
        return tuple(_Group((literal,)) for literal in _STARS.split(pattern))
    if kind is Kind.PATH:
        pattern = _closed_path_pattern(pattern)
    groups = []
    before = ""
    for index, part in enumerate(re.split(r"\*{2,}", pattern)):
        shares = kind is Kind.PATH and index > 0 and before.endswith("/") and part.startswith("/")
        groups.append(_Group(tuple(part.split("*")), shares))
        before = part
    return tuple(groups)


def _closed_path_pattern(pattern: str) -> str:
    """A path pattern whose every folder ends in `/`, so that a folder's end can be compared like any character."""
    return pattern if pattern.endswith(("/", "/**")) else f"{pattern}/"


def _closed_path(resolved: str) -> str:
    return resolved if resolved.endswith("/") else f"{resolved}/"


def _chain_forward(literals: Sequence[str], text: str, end: int) -> int:
    """The earliest end of literals that follow `end`, each after a run without `/`; -1 when they do not."""
    for literal in literals:
        slash = text.find("/", end)
        found = text.find(literal, end) if slash < 0 else text.find(literal, end, slash + len(literal))
        if found < 0:
            return -1
        end = found + len(literal)
    return end


def _chain_backward(literals: Sequence[str], text: str, low: int, start: int) -> int:
    """The latest start of literals that stand before `start` and not before `low`; -1 when they do not."""
    for literal in reversed(literals):
        slash = text.rfind("/", low, start)
        found = text.rfind(literal, low, start)
        if found < 0 or found + len(literal) <= slash:
            return -1
        start = found
    return start


def _float_forward(group: _Group, text: str, start: int) -> int:
    """The earliest end of a group that may begin anywhere from `start`; -1 when it occurs nowhere."""
    first, rest = group.literals[0], group.literals[1:]
    while True:
        found = text.find(first, start)
        if found < 0 or not rest:
            return found if found < 0 else found + len(first)
        end = _chain_forward(rest, text, found + len(first))
        if end >= 0:
            return end
        # A later beginning in the same folder ends in the same place: the next one that can differ is behind the slash.
        slash = text.find("/", found)
        if slash < 0:
            return -1
        start = slash + 1


def _match_single(literals: tuple[str, ...]) -> TextMatch:
    first, last, middle = literals[0], literals[-1], literals[1:-1]
    if len(literals) == 1:
        return lambda text: text == first

    def matches(text: str) -> bool:
        if not text.startswith(first):
            return False
        end = _chain_forward(middle, text, len(first))
        tail = len(text) - len(last)
        return 0 <= end <= tail and text.endswith(last) and text.find("/", end, tail) < 0

    return matches


def _match_groups(groups: tuple[_Group, ...]) -> TextMatch:
    head, middle, last = groups[0], groups[1:-1], groups[-1]
    prefix, suffix = head.literals[0], last.literals[-1]
    if not middle and len(head.literals) == len(last.literals) == 1 and not last.shares_slash:
        shortest = len(prefix) + len(suffix)
        if not suffix:
            return lambda text: text.startswith(prefix)
        return lambda text: len(text) >= shortest and text.startswith(prefix) and text.endswith(suffix)

    def matches(text: str) -> bool:
        if not text.startswith(prefix):
            return False
        end = _chain_forward(head.literals[1:], text, len(prefix))
        for group in middle:
            if end < 0:
                return False
            end = _float_forward(group, text, end - group.shares_slash)
        if end < 0:
            return False
        low = end - last.shares_slash
        tail = len(text) - len(suffix)
        return tail >= low and text.endswith(suffix) and _chain_backward(last.literals[:-1], text, low, tail) >= 0

    return matches


def _matcher(pattern: str, kind: Kind) -> TextMatch:
    groups = _groups(pattern, kind)
    return _match_single(groups[0].literals) if len(groups) == 1 else _match_groups(groups)


def resource_matcher(pattern: str) -> TextMatch:
    """Compiles a `resource` pattern; the answer says whether a resource's name matches."""
    if pattern.strip("*") == "" and pattern:
        return lambda _text: True
    return _matcher(pattern, Kind.RESOURCE)


def text_matcher(pattern: str) -> TextMatch:
    """Compiles a text pattern of a `where` (one that is no path)."""
    return _matcher(pattern, Kind.TEXT)


def path_matcher(pattern: str) -> TextMatch:
    """Compiles a path pattern; the answer takes a path that is already resolved (`resolve_path`, or the point's own machine)."""
    match = _matcher(pattern, Kind.PATH)
    return lambda resolved: match(_closed_path(resolved))


def resolve_path(text: str) -> str | None:
    """A path with `.`, `..` and doubled slashes undone by its text alone; None where it counts as absent.

    Absent are: a relative path (so `~` too), a backslash, NUL, and an encoded dot or slash in any letter case.
    """
    if not text.startswith("/") or _UNREADABLE_IN_PATH.search(text):
        return None
    folders: list[str] = []
    for folder in text.split("/"):
        if folder == "..":
            if folders:
                folders.pop()
        elif folder not in ("", "."):
            folders.append(folder)
    return "/" + "/".join(folders)


def value_matcher(values: Sequence[Scalar]) -> ValueMatch:
    """Compiles the values of one key of a `where`: whether an argument is any of them.

    The matcher takes the argument's value (a JSON value; absent is None) and `Request.paths`, which says what paths resolve
    to on the point's own machine; a path that is missing there is resolved by its text.
    """
    texts = [text_matcher(value) for value in values if isinstance(value, str) and kind_of_value(value) is Kind.TEXT]
    paths = [path_matcher(value) for value in values if isinstance(value, str) and kind_of_value(value) is Kind.PATH]
    numbers = frozenset(value for value in values if isinstance(value, int | float) and not isinstance(value, bool))
    booleans = frozenset(value for value in values if isinstance(value, bool))

    def matches(value: object, resolved: Mapping[str, str]) -> bool:
        if isinstance(value, str):
            if any(match(value) for match in texts):
                return True
            if not paths:
                return False
            path = resolve_path(value)
            if path is None:
                return False
            path = resolved.get(value, path)
            return any(match(path) for match in paths)
        if isinstance(value, bool):
            return value in booleans
        return isinstance(value, int | float) and value in numbers

    return matches


def impossible(pattern: str) -> str | None:
    """Why a path pattern can match no resolved path at all, in words; None when it can, and for every other pattern."""
    if not pattern.startswith("/"):
        return None
    found = _UNREADABLE_IN_PATH.search(pattern)
    if found:
        return "a path with a backslash, NUL, or an encoded dot or slash counts as absent"
    folders = pattern[1:].split("/")
    if "." in folders or ".." in folders:
        return "paths are resolved before they are compared, so no folder is called `.` or `..`"
    if "" in folders[:-1]:
        return "paths are resolved before they are compared, so no folder has an empty name"
    return None


# --- containing and overlapping ----------------------------------------------------------------------------------------------

_ANY = "**"
_WITHIN = "*"
_OTHER = ""
"""Stands for every character that neither pattern writes out."""


class _Automaton:
    """A pattern as states in a row: state i stands before token i, and the last state accepts."""

    def __init__(self, pattern: str, kind: Kind) -> None:
        self.tokens = _tokens(pattern, kind)
        self.accepting = len(self.tokens)
        self.letters = frozenset(token for token in self.tokens if len(token) == 1 and token != _WITHIN) | {"/"}
        if kind is Kind.PATH:
            self.letters |= {"."}
        self._shares = frozenset(
            index
            for index in range(len(self.tokens) - 2)
            if kind is Kind.PATH and self.tokens[index] == "/" and self.tokens[index + 1] == _ANY and self.tokens[index + 2] == "/"
        )
        self.start = self.closed({0})

    def closed(self, states: set[int]) -> frozenset[int]:
        """The states reached without reading, less those that a later `**` already covers."""
        reached = set(states)
        for state in states:
            while state < self.accepting and self.tokens[state] in (_ANY, _WITHIN):
                state += 1
                reached.add(state)
        covering = max((state for state in reached if state < self.accepting and self.tokens[state] == _ANY), default=0)
        return frozenset(state for state in reached if state >= covering)

    def step(self, states: frozenset[int], letter: str) -> frozenset[int]:
        """The states after reading one character."""
        reached: set[int] = set()
        for state in states:
            if state == self.accepting:
                continue
            token = self.tokens[state]
            if token == _ANY or (token == _WITHIN and letter != "/"):
                reached.add(state)
            elif token == letter and len(token) == 1:
                reached.add(state + 1)
                while state in self._shares:  # one slash can be several: `/**/**/` is `/` too
                    state += 2
                    reached.add(state + 1)
        return self.closed(reached)

    def accepts(self, states: frozenset[int]) -> bool:
        return self.accepting in states


def _tokens(pattern: str, kind: Kind) -> tuple[str, ...]:
    if kind is Kind.PATH:
        pattern = _closed_path_pattern(pattern)
    tokens: list[str] = []
    for run in re.finditer(r"\*+|[^*]", pattern, re.DOTALL):
        stars = run[0].count("*")
        tokens.append(run[0] if not stars else _ANY if stars > 1 or kind is Kind.RESOURCE else _WITHIN)
    return tuple(tokens)


class _Shape(Enum):
    """How far a text is on the way to being a resolved path: which folder name is being read."""

    BEGIN = 0
    SLASH = 1
    DOT = 2
    DOTS = 3
    NAME = 4


def _shape_after(shape: _Shape, letter: str) -> _Shape | None:
    """None: no resolved path goes on like this (a doubled slash, a folder called `.` or `..`)."""
    if shape is _Shape.BEGIN:
        return _Shape.SLASH if letter == "/" else None
    if letter == "/":
        return _Shape.SLASH if shape is _Shape.NAME else None
    if letter == ".":
        return {_Shape.SLASH: _Shape.DOT, _Shape.DOT: _Shape.DOTS}.get(shape, _Shape.NAME)
    return _Shape.NAME


def _escapes(wide: _Automaton, narrow: _Automaton, kind: Kind) -> bool:
    """Whether some text is matched by narrow and not by wide."""
    letters = [*sorted(wide.letters | narrow.letters), _OTHER]
    waiting = [(wide.start, frozenset({state}), _Shape.BEGIN) for state in narrow.start]
    seen = set(waiting)
    while waiting:
        wide_states, narrow_states, shape = waiting.pop()
        is_whole = kind is not Kind.PATH or shape is _Shape.SLASH
        if is_whole and narrow.accepts(narrow_states) and not wide.accepts(wide_states):
            return True
        for letter in letters:
            next_shape = _shape_after(shape, letter) if kind is Kind.PATH else shape
            if next_shape is None:
                continue
            after = wide.step(wide_states, letter)
            for state in narrow.step(narrow_states, letter):
                found = (after, frozenset({state}), next_shape)
                if found not in seen:
                    seen.add(found)
                    waiting.append(found)
    return False


def _meet(first: _Automaton, second: _Automaton, kind: Kind) -> bool:
    """Whether some text is matched by both."""
    letters = [*sorted(first.letters | second.letters), _OTHER]
    waiting = [(one, other, _Shape.BEGIN) for one in first.start for other in second.start]
    seen = set(waiting)
    while waiting:
        one, other, shape = waiting.pop()
        is_whole = kind is not Kind.PATH or shape is _Shape.SLASH
        if is_whole and one == first.accepting and other == second.accepting:
            return True
        for letter in letters:
            next_shape = _shape_after(shape, letter) if kind is Kind.PATH else shape
            if next_shape is None:
                continue
            for pair in product(first.step(frozenset({one}), letter), second.step(frozenset({other}), letter)):
                found = (*pair, next_shape)
                if found not in seen:
                    seen.add(found)
                    waiting.append(found)
    return False


def _ends(pattern: str) -> tuple[str, str]:
    """What every text of a pattern begins and ends with."""
    return pattern.partition("*")[0], pattern.rpartition("*")[2]


def _fresh_letter(*patterns: str) -> str:
    return next(letter for letter in map(chr, range(0xE000, 0x10000)) if not any(letter in pattern for pattern in patterns))


def contains(wide: str, narrow: str, kind: Kind = Kind.RESOURCE) -> bool:
    """Whether everything that `narrow` matches, `wide` matches too; exact.

    Linear for resources, and wherever one letter that neither pattern has can stand for each wildcard of `narrow`: only a
    wildcard of `wide` can match it, which then matches all that it stands for. Elsewhere it grows with the product of both.
    """
    if kind is Kind.PATH:
        wide, narrow = _closed_path_pattern(wide), _closed_path_pattern(narrow)
    if wide == narrow:
        return True
    crosses = "**" in narrow and kind is not Kind.RESOURCE
    if not crosses or (kind is Kind.TEXT and all(len(run) > 1 for run in _STARS.findall(wide))):
        return _matcher(wide, kind)(_STARS.sub(_fresh_letter(wide, narrow), narrow))
    begins, ends = _ends(wide)
    narrow_begins, narrow_ends = _ends(narrow)
    if kind is Kind.PATH:
        narrow_ends = narrow_ends or "/"
    if not narrow_begins.startswith(begins) or not narrow_ends.endswith(ends):
        return False
    if wide == f"{begins}**":
        return True
    return not _escapes(_Automaton(wide, kind), _Automaton(narrow, kind), kind)


def overlaps(first: str, second: str, kind: Kind = Kind.RESOURCE) -> bool:
    """Whether some text matches both; exact. Linear for resources, elsewhere it grows with the product of both."""
    if kind is Kind.PATH:
        first, second = _closed_path_pattern(first), _closed_path_pattern(second)
    if "*" not in first:
        return _matcher(second, kind)(first)
    if "*" not in second:
        return _matcher(first, kind)(second)
    (begins, ends), (other_begins, other_ends) = _ends(first), _ends(second)
    if not (begins.startswith(other_begins) or other_begins.startswith(begins)):
        return False
    if not (ends.endswith(other_ends) or other_ends.endswith(ends)):
        return False
    # Between the two ends, what either pattern asks for can stand one behind the other.
    return kind is Kind.RESOURCE or _meet(_Automaton(first, kind), _Automaton(second, kind), kind)


def value_contains(wide: Scalar, narrow: Scalar) -> bool:
    """Whether every argument that one value of a `where` matches, another does too.

    Exact for two of one kind. A text pattern contains a path only where it contains every absolute path, since one path is
    written in many ways (`/data//x`, `/data/./x`).
    """
    if isinstance(wide, str) and isinstance(narrow, str):
        wide_kind, narrow_kind = kind_of_value(wide), kind_of_value(narrow)
        if wide_kind is narrow_kind:
            return contains(wide, narrow, wide_kind)
        return wide_kind is Kind.TEXT and contains(wide, "/**", Kind.TEXT)
    if isinstance(wide, str) or isinstance(narrow, str):
        return False
    return isinstance(wide, bool) is isinstance(narrow, bool) and wide == narrow


def value_overlaps(first: Scalar, second: Scalar) -> bool:
    """Whether some argument matches both values; of a text pattern and a path, whether it may."""
    if isinstance(first, str) and isinstance(second, str):
        kinds = kind_of_value(first), kind_of_value(second)
        return overlaps(first, second, kinds[0]) if kinds[0] is kinds[1] else overlaps(first, second, Kind.TEXT)
    return value_contains(first, second)
