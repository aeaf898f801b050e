"""What a line of a remit says about shell commands: words, with `*` for any run of words.

- `git status`, `ls *`, `rm -r /data/**`: the program (its last path component, unless the pattern gives a path) and its words;
- `> /tmp/**`, `< *`: a redirection and its target; `>&` copies a descriptor (`2>&1` is `>& 1`);
- `FOO=*`: an assignment; several kinds in one pattern stand for each of them: `LANG=C sort * > /tmp/**`.

A word of a pattern is a text pattern (`*` stops at `/`, `**` does not), or a path when it begins with `/`. Quotes group words of
a pattern. A word that only running would tell matches nothing, `*` included; for a `never` it could be anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from remit.decide.answers import ABSENT, MATCH, NO, Answer
from remit.decide.statements.shell_words import Command, Kind, Word
from remit.document.pattern import path_matcher, resolve_path, text_matcher

MAX_WORDS = 2_000
"""A longer command is absent."""
_TOKEN = re.compile(r"""(?:[^\s'"]|'[^']*'|"[^"]*")+""")
_REDIRECTION = re.compile(r"(?:\d+)?(>>|>\||>&|<&|<>|&>>|&>|>|<)(.*)\Z", re.DOTALL)
_ASSIGNMENT = re.compile(r"[A-Za-z_*][A-Za-z0-9_*]*\+?=")
_QUOTES = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_RANK = {NO: 0, ABSENT: 1, MATCH: 2}
_ANSWERS = (NO, ABSENT, MATCH)
_ANY = "*"


class ShellPattern:
    """A value of a `where` on a shell argument, compiled."""

    __slots__ = ("_assignments", "_redirections", "_words")

    def __init__(self, text: str) -> None:
        self._assignments: list[str] = []
        self._redirections: list[tuple[str, str]] = []
        self._words: list[str] = []
        tokens = [_QUOTES.sub(lambda match: match[1] if match[1] is not None else match[2], token) for token in _TOKEN.findall(text)]
        index = 0
        while index < len(tokens):
            redirection = _REDIRECTION.match(tokens[index])
            if redirection is not None:
                target = redirection[2] or (tokens[index + 1] if index + 1 < len(tokens) else "")
                index += 1 if redirection[2] else 2
                operator = {">|": ">", "&>": ">", "&>>": ">>"}.get(redirection[1], redirection[1])
                self._redirections.append((operator, target))
                continue
            if not self._words and _ASSIGNMENT.match(tokens[index]):
                self._assignments.append(tokens[index])
            else:
                self._words.append(tokens[index])
            index += 1

    def answer(self, unit: object, paths: Mapping[str, str]) -> Answer:
        """How one command compares."""
        if not isinstance(unit, Command) or unit.kind is Kind.UNSEEN or len(unit.words) > MAX_WORDS:
            return ABSENT
        if unit.kind is Kind.ASSIGNMENT:
            return _best(_compare_assignment(token, unit.words[0]) for token in self._assignments)
        if unit.kind is Kind.REDIRECTION:
            return _best(
                _compare(target, unit.words[1], paths) for operator, target in self._redirections if operator == unit.words[0].text
            )
        return _compare_run(self._words, unit.words, paths) if self._words else NO


def _best(answers: object) -> Answer:
    return max(answers, key=_RANK.__getitem__, default=NO)  # type: ignore[call-overload, no-any-return]


@lru_cache(maxsize=4096)
def _text(token: str) -> object:
    return text_matcher(token)


def _compare_assignment(token: str, word: Word) -> Answer:
    if word.text is not None:
        return MATCH if text_matcher(token)(word.text) else NO
    name = token.partition("=")[0]
    return ABSENT if text_matcher(name)(word.start.partition("=")[0].rstrip("+")) else NO


def _compare(token: str, word: Word, paths: Mapping[str, str]) -> Answer:
    """One word of a pattern with one word of a command."""
    if word.text is None:
        literal = token.partition("*")[0]
        return ABSENT if literal.startswith(word.start[: len(literal)]) else NO
    if not token.startswith("/"):
        return MATCH if text_matcher(token)(word.text) else NO
    path = resolve_path(word.text)
    if path is None:
        return ABSENT
    return MATCH if path_matcher(token)(paths.get(word.text, path)) else NO


def _compare_program(token: str, word: Word, paths: Mapping[str, str]) -> Answer:
    if "/" in token or word.text is None:
        return _compare(token, word, paths)
    return MATCH if text_matcher(token)(word.text.rpartition("/")[2]) else NO


def _compare_run(tokens: list[str], words: tuple[Word, ...], paths: Mapping[str, str]) -> Answer:
    """The best way to lay the pattern over the words; `*` takes any number of words, an unknown word may be any number too."""
    given: list[Word] = []
    for word in words:
        if word.text is None and not word.is_one and word.start:
            given.append(Word(None, word.start))
            given.append(Word(None, "", False))
        else:
            given.append(word)
    # ranks[i]: how well tokens[i:] fit the words from the present one on; worked out from the last word to the first.
    ranks = [2 if all(token == _ANY for token in tokens[at:]) else 0 for at in range(len(tokens) + 1)]
    for position in range(len(given) - 1, -1, -1):
        word = given[position]
        is_known = word.text is not None
        is_open = not is_known and not word.is_one
        cost = 2 if is_known else 1
        here = [0] * (len(tokens) + 1)
        here[len(tokens)] = min(1, ranks[len(tokens)]) if is_open else 0
        for at in range(len(tokens) - 1, -1, -1):
            token = tokens[at]
            if token == _ANY:
                best = max(here[at + 1], min(cost, ranks[at]))
            else:
                compare = _compare_program if at == 0 and position == 0 else _compare
                found = _RANK[compare(token, word, paths)] if min(2, ranks[at + 1]) or is_open else 0
                best = min(found, ranks[at + 1])
                if is_open:
                    best = max(best, min(1, here[at + 1]) if found else 0)
            if is_open:
                best = max(best, min(1, ranks[at]))
            here[at] = best
        ranks = here
    return _ANSWERS[ranks[0]]
