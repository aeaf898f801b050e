"""Where the words that a reader gathered stand in the file that they were read from, line by line.

A reader knows where a prompt is handed over; its sentences may stand lines above that, be folded, quoted or put together of pieces. Here
they are looked up again, so that whoever cites a sentence cites the line that bears it. What is not found again has no line.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import islice

_WORD = re.compile(r"\w+")
_ESCAPE = re.compile(r"\\[nrt]")
_PIECE = re.compile(r"[^\n.!?;:]+[.!?;:]*")
_MOST_CHARS = 1_000_000
_MOST_APART = 400
"""In word characters: how far behind the piece before it the next words are taken for the same text's."""
_RUN = 3
"""So many words in a row are found again where a whole piece is not (it is folded, quoted or interrupted)."""
_LEAST = 6
"""Word characters below which a match says nothing."""
_LEAST_NAME = 3
_MOST_HITS = 200
"""Places of one name that are looked at on either side: a text of one letter has as many as it has letters."""


class Standing:
    """The word characters of one text, each with its line."""

    def __init__(self, text: str) -> None:
        shown = _ESCAPE.sub("  ", text[:_MOST_CHARS])
        self._starts: list[int] = []
        self._lines: list[int] = []
        words: list[str] = []
        length, line, before = 0, 1, 0
        for match in _WORD.finditer(shown):
            line += shown.count("\n", before, match.start())
            before = match.start()
            self._starts.append(length)
            self._lines.append(line)
            words.append(match[0])
            length += len(match[0])
        self._words = "".join(words)

    def lines_of(self, text: str, near: int) -> tuple[tuple[int, int], ...]:
        """(offset in `text`, line here) wherever the line changes; what stands at or behind the line `near` is preferred."""
        found: list[tuple[int, int]] = []
        at = self._position(near)
        for offset, piece in _pieces(text):
            hits = self._whole(piece, at) or self._in_runs(piece, at)
            for word_offset, position in hits:
                line = self._line(position)
                if not found or found[-1][1] != line:
                    found.append((offset + word_offset, line))
                at = position
        return tuple(found)

    def line_of(self, name: str, first: int, last: int | None) -> int | None:
        """The first line from `first` to `last` on which a name stands, else the nearest before, else the nearest behind.

        A name that is a word of its own ("Write") goes before one that is part of a word ("Writes").
        """
        sought = "".join(_WORD.findall(name))
        if len(sought) < _LEAST_NAME:
            return None
        begin = self._position(first)
        behind = list(islice(self._behind(sought, begin), _MOST_HITS))
        before = list(islice(self._before(sought, begin), _MOST_HITS))
        if any(self._stands_alone(position, sought) for position in (*behind, *before)):
            behind = [position for position in behind if self._stands_alone(position, sought)]
            before = [position for position in before if self._stands_alone(position, sought)]
        if behind and (not before or self._line(behind[0]) <= (last or first)):
            return self._line(behind[0])
        return self._line(before[0]) if before else None

    def _behind(self, sought: str, begin: int) -> Iterator[int]:
        position = self._words.find(sought, begin)
        while position >= 0:
            yield position
            position = self._words.find(sought, position + 1)

    def _before(self, sought: str, begin: int) -> Iterator[int]:
        position = self._words.rfind(sought, 0, begin)
        while position >= 0:
            yield position
            position = self._words.rfind(sought, 0, position + len(sought) - 1)

    def _stands_alone(self, position: int, sought: str) -> bool:
        return self._begins_a_word(position) and self._begins_a_word(position + len(sought))

    def _begins_a_word(self, position: int) -> bool:
        """Whether a word begins here, or the text ends."""
        index = bisect_left(self._starts, position)
        return index == len(self._starts) or self._starts[index] == position

    def _whole(self, piece: str, at: int) -> list[tuple[int, int]]:
        words = list(_WORD.finditer(piece))
        sought = "".join(word[0] for word in words)
        if len(sought) < _LEAST:
            return []
        begin = self._words.find(sought, at)
        begin = begin if begin >= 0 else self._words.rfind(sought, 0, at + len(sought))
        if begin < 0:
            return []
        return list(_placed(words, begin))

    def _in_runs(self, piece: str, at: int) -> list[tuple[int, int]]:
        words = list(_WORD.finditer(piece))
        found: list[tuple[int, int]] = []
        for index in range(len(words) - _RUN + 1):
            run = words[index : index + _RUN]
            sought = "".join(word[0] for word in run)
            position = self._words.find(sought, at, at + _MOST_APART) if len(sought) >= _LEAST else -1
            if position >= 0:
                found += _placed(run, position)
                at = position
        return sorted(set(found))

    def _position(self, line: int) -> int:
        """Where the words of a line begin."""
        index = bisect_right(self._lines, line - 1)
        return self._starts[index] if index < len(self._starts) else len(self._words)

    def _line(self, position: int) -> int:
        return self._lines[bisect_right(self._starts, position) - 1]


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    for match in _PIECE.finditer(text):
        yield match.start(), match[0]


def _placed(words: Iterable[re.Match[str]], position: int) -> Iterator[tuple[int, int]]:
    for word in words:
        yield word.start(), position
        position += len(word[0])
