"""Patterns of CODEOWNERS: gitignore's, without negation and character classes; `docs/*` does not reach into sub-folders.

Invariant: matching takes at most (length of the path) times (length of the pattern) steps, or as many as few wildcards can, whatever a
hostile file holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_PIECE = re.compile(r"\*\*/|/\*\*(?!/)|\*\*|\*|.", re.DOTALL)
_FOLDERS, _BELOW, _ANY, _RUN, _ONE, _END = "**/", "/**", "**", "*", "?", ""
"""`_END`: what a pattern names may be a folder, and then everything in it is named."""
_STAYING = frozenset({_ANY, _RUN})
"""Pieces that match nothing too, and go on as long as they fit."""
_IN_WORDS = {_FOLDERS: "(?:.*/)?", _BELOW: "/.*", _ANY: ".*", _RUN: "[^/]*", _ONE: "[^/]", _END: "(?:/.*)?"}
_MOST_WILD, _MOST_DEEP = 3, 2
"""Wildcards, and those of them that reach over folders, beyond which an expression could be made to try again for ever."""
Place = tuple[int, bool]
"""Before a piece, or (True) in the middle of the folders that it passes over."""


def names(pattern: str, path: str) -> bool:
    """Whether a pattern names a file, by its path from the root of the repository."""
    quick = _expression(pattern)
    return quick.fullmatch(path) is not None if quick is not None else _names_step_by_step(pattern, path)


@lru_cache(maxsize=4096)
def _expression(pattern: str) -> re.Pattern[str] | None:
    """The same in C, for patterns as people write them; None: it has too many wildcards."""
    pieces = _pieces(pattern)
    deep = sum(piece in (_FOLDERS, _BELOW, _ANY) for piece in pieces)
    if deep > _MOST_DEEP or deep + pieces.count(_RUN) > _MOST_WILD:
        return None
    return re.compile("".join(_IN_WORDS.get(piece, re.escape(piece)) for piece in pieces), re.DOTALL)


def _names_step_by_step(pattern: str, path: str) -> bool:
    pieces = _pieces(pattern)
    places = _opened(pieces, {(0, False)})
    for char in path:
        places = _opened(pieces, {after for place in places for after in _after(pieces, place, char)})
        if not places:
            return False
    return (len(pieces), False) in places


@lru_cache(maxsize=4096)
def _pieces(pattern: str) -> tuple[str, ...]:
    body = pattern.strip("/")
    found = _PIECE.findall(body)
    if "/" not in pattern.rstrip("/"):
        found.insert(0, _FOLDERS)
    if pattern.endswith("/"):
        return (*found, "/", _ANY)
    return tuple(found) if body.endswith("/*") else (*found, _END)


def _after(pieces: tuple[str, ...], place: Place, char: str) -> Iterator[Place]:
    """Where one more character of a path leads."""
    at, is_inside = place
    if at == len(pieces):
        return
    piece = pieces[at]
    if piece == _FOLDERS:
        yield at, True
        if char == "/":
            yield at + 1, False
    elif piece in (_BELOW, _END):
        if is_inside or char == "/":
            yield at, True
    elif piece in _STAYING:
        if piece == _ANY or char != "/":
            yield at, False
    elif (char != "/") if piece == _ONE else char == piece:
        yield at + 1, False


def _opened(pieces: tuple[str, ...], places: set[Place]) -> set[Place]:
    """These places, and those that nothing more has to be read for."""
    left = list(places)
    while left:
        at, is_inside = left.pop()
        if at == len(pieces):
            continue
        piece = pieces[at]
        is_free = piece in _STAYING or piece == _END or (piece == _FOLDERS and not is_inside) or (piece == _BELOW and is_inside)
        if is_free and (at + 1, False) not in places:
            places.add((at + 1, False))
            left.append((at + 1, False))
    return places
