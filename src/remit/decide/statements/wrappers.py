"""Programs that run other programs (table `wrappers.toml`): which words of a command are a command again.

Invariants:
- closed world: an option that the table does not know makes what is run unseen, never "nothing";
- what only running would tell is unseen.
"""

from __future__ import annotations

import pkgutil
import re
import tomllib
from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import pairwise
from typing import Any

import msgspec

from remit.decide.statements.shell_words import UNKNOWN, Word
from remit.document.pattern import resource_matcher

_TABLE: dict[str, Any] = tomllib.loads((pkgutil.get_data("remit.decide.statements", "wrappers.toml") or b"").decode())


class Starts(Enum):
    """What is started and does not stand in the words."""

    UNSEEN = "unseen"
    STDIN = "standard input"


Started = Starts | str | tuple[Word, ...]
"""A program and its arguments, shell text, or what cannot be seen here."""


class Wrapper(msgspec.Struct, frozen=True):
    """A row of the table: a program that runs the rest of its words."""

    names: frozenset[str]
    values: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    text: frozenset[str] = frozenset()
    positional: int = 0
    assignments: bool = False
    tail: str = "words"
    inside: frozenset[str] = frozenset()
    """Sub-commands that it does so in; empty: always."""


class Starter(msgspec.Struct, frozen=True):
    """A row of the table: a program that starts another by an option."""

    names: frozenset[str]
    inside: frozenset[str] = frozenset()
    """Sub-commands that have these options; empty: every one."""
    text: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    """Options whose value is run and is no shell text: a script of its own, a library, a folder of programs."""
    values: frozenset[str] = frozenset()
    """Options that take a value which is not run, so that no letter of it is taken for an option."""
    plain: frozenset[str] = frozenset()
    """Long options that are no shortened form of a longer one, although they begin it."""
    pairs: frozenset[str] = frozenset()
    """Options that take KEY=VALUE or `KEY VALUE`."""
    keys: frozenset[str] = frozenset()
    """Keys of such pairs, in lower case, whose value is run."""
    marks: str = ""
    """A pattern of words that run something, whatever option they stand behind."""
    prefix: str = ""


_WRAPPERS = {name: row for row in (msgspec.convert(row, Wrapper) for row in _TABLE["wrapper"]) for name in row.names}
_STARTERS = [msgspec.convert(row, Starter) for row in _TABLE["starter"]]
_STARTERS_OF = {name: tuple(row for row in _STARTERS if name in row.names) for row in _STARTERS for name in row.names}
_MARKS = {row.marks: re.compile(row.marks, re.IGNORECASE | re.DOTALL) for row in _STARTERS if row.marks}
_KEYS = {key: resource_matcher(key) for row in _STARTERS for key in row.keys}
_LONGEST_SCRIPT = 4_000
"""A longer word may run something wherever the words of a row are looked through."""
_RESERVED = frozenset(_TABLE["reserved"]["words"])
_GIT_VALUES = frozenset(_TABLE["git"]["values"])
_SHELLS = frozenset(_TABLE["shells"]["names"])
_SHELL_VALUES = frozenset(_TABLE["shells"]["values"])
_GIT_KEYS = tuple(resource_matcher(key) for key in _TABLE["git"]["keys"])
_VARIABLES = tuple(resource_matcher(name) for name in _TABLE["variables"]["names"])
_EVALUATING = frozenset(_TABLE["evaluating"]["names"])
_STDIN_FILES = frozenset({"/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", "-"})


def is_run_variable(name: str) -> bool:
    """Whether some program runs the value of an environment variable of this name."""
    return any(matches(name) for matches in _VARIABLES)


def program_of(word: Word) -> str | None:
    """The last path component of a program's word; None when only running would tell."""
    return word.text.rpartition("/")[2] if word.text is not None else None


def started_by(words: Sequence[Word]) -> Iterator[Started]:
    """What the words of one command start besides their own program."""
    program = program_of(words[0])
    rest = words[1:]
    if program is None or program in _RESERVED:
        yield Starts.UNSEEN
        return
    if program in _EVALUATING and any(word.text is not None and ("$(" in word.text or "`" in word.text) for word in rest):
        yield Starts.UNSEEN
    if program in _SHELLS:
        yield from _shell(rest)
    elif program in ("source", "."):
        yield from _sourced(rest)
    elif program == "trap":
        yield from _first_text(rest)
    elif program == "alias":
        yield from (_text(Word(word.text.partition("=")[2]) if word.text is not None else word) for word in rest)
    if program in _WRAPPERS:
        yield from _wrapped(_WRAPPERS[program], rest)
    for row in _STARTERS_OF.get(program, ()):
        yield from _started(row, rest)
    if program == "git":
        yield from _git(rest)


def _text(word: Word) -> Started:
    return word.text if word.text is not None else Starts.UNSEEN


def _first_text(rest: Sequence[Word]) -> Iterator[Started]:
    given = [word for word in rest if word.text is None or not word.text.startswith("-") or word.text == "-"]
    if given and given[0].text not in ("", "-"):
        yield _text(given[0])


def _shell(rest: Sequence[Word]) -> Iterator[Started]:
    """`sh -c TEXT`, `sh FILE`, or `sh` that reads its input."""
    index, runs_text, reads_input = 0, False, False
    while index < len(rest):
        option = rest[index].text
        if option is None:
            yield Starts.UNSEEN
            return
        if not option.startswith(("-", "+")) or option in ("-", "--"):
            index += option in ("-", "--")
            break
        if not option.startswith("--"):
            runs_text = runs_text or "c" in option
            reads_input = reads_input or "s" in option[1:]
        takes = option in _SHELL_VALUES or (not option.startswith("--") and option[-1:] in "oO")
        index += 2 if takes else 1
    left = rest[index:]
    if runs_text:
        yield _text(left[0]) if left else Starts.UNSEEN
    elif reads_input or not left or left[0].text in _STDIN_FILES:
        yield Starts.STDIN
    elif left[0].text is None:
        yield Starts.UNSEEN


def _sourced(rest: Sequence[Word]) -> Iterator[Started]:
    if not rest or rest[0].text is None:
        yield Starts.UNSEEN
    elif rest[0].text in _STDIN_FILES:
        yield Starts.STDIN


def _wrapped(row: Wrapper, rest: Sequence[Word]) -> Iterator[Started]:
    if row.inside:
        position = next((at for at, word in enumerate(rest) if word.text in row.inside), None)
        if position is None:
            if any(word.text is None for word in rest):
                yield Starts.UNSEEN
            return
        rest = rest[position + 1 :]
    if row.tail == "unknown":
        yield Starts.UNSEEN
        return
    before = row.positional
    index = 0
    while index < len(rest):
        word = rest[index]
        if word.text is None:
            yield Starts.UNSEEN
            if not word.is_one or before <= 0:
                return
            before -= 1
            index += 1
            continue
        taken = _option(row, word.text, rest, index)
        if taken is None:
            if row.assignments and "=" in word.text and not word.text.startswith(("=", "/")):
                name, _, value = word.text.partition("=")
                if is_run_variable(name):
                    yield value
                index += 1
            elif before > 0:
                before -= 1
                index += 1
                yield from _after_positional(row, rest, index)
            else:
                break
        else:
            width, started = taken
            if started is not None:
                yield started
            index += width
    yield from _tail(row, rest[index:], rest[:index])


def _option(row: Wrapper, option: str, rest: Sequence[Word], index: int) -> tuple[int, Started | None] | None:
    """How many words an option takes and what it starts; None for a word that is no option."""
    following = rest[index + 1] if index + 1 < len(rest) else None
    if option == "--":
        return 1, None
    name, equals, value = option.partition("=")
    if option in row.text or (equals and name in row.text):
        return (1, value) if equals else (2, _text(following) if following is not None else Starts.UNSEEN)
    short = option[:2]
    if len(option) > 2 and not option.startswith("--") and short in row.text:
        return 1, option[2:]
    if option in row.values:
        return 2, (Starts.UNSEEN if following is not None and following.text is None and not following.is_one else None)
    if option in row.flags or (equals and (name in row.values or name in row.flags)):
        return 1, None
    if not option.startswith("-") or option == "-":
        return None
    if len(option) > 2 and not option.startswith("--"):
        if short in row.values:
            return 1, None
        cluster = [f"-{letter}" for letter in option[1:]]
        if all(each in row.flags for each in cluster):
            return 1, None
        if all(each in row.flags for each in cluster[:-1]) and cluster[-1] in row.values | row.text:
            starts = _text(following) if following is not None and cluster[-1] in row.text else None
            return 2, starts
    if "*" in row.flags:
        return 1, None
    return 1, Starts.UNSEEN


def _after_positional(row: Wrapper, rest: Sequence[Word], index: int) -> Iterator[Started]:
    """A program that takes its text by an option may have it behind its own words: `flock FILE -c TEXT`, `su USER -c TEXT`."""
    if row.text and row.tail == "words" and index < len(rest) and rest[index].text in row.text:
        yield _text(rest[index + 1]) if index + 1 < len(rest) else Starts.UNSEEN


def _filled(tail: Sequence[Word], given: Sequence[Word]) -> Iterator[Word]:
    """Words of `xargs -I MARK ...`, unknown from where the mark stands in them."""
    marks: set[str] = set()
    for index, word in enumerate(given):
        option = word.text or ""
        if option in ("-i", "--replace"):
            marks.add("{}")
        elif option == "-I" and index + 1 < len(given):
            marks.add(given[index + 1].text or "{}")
        elif option.startswith(("-I", "-i", "--replace=")):
            marks.add(option.partition("=")[2] if option.startswith("--") else option[2:])
    for word in tail:
        begins = [word.text.index(mark) for mark in marks if word.text is not None and mark in word.text]
        yield Word(None, (word.text or "")[: min(begins)]) if begins else word


def _tail(row: Wrapper, tail: Sequence[Word], given: Sequence[Word]) -> Iterator[Started]:
    if row.tail == "su":
        # `su USER -c TEXT` and `runuser -u USER -- PROGRAM`: what stands behind the user goes to a shell.
        yield from _shell(tail[1:]) if any(word.text in row.text for word in tail[1:]) else ()
        if not any(word.text in row.text for word in tail) and tail:
            yield tuple(tail)
        return
    if not tail:
        if row.tail in ("words", "text") and (row.positional or "-s" in row.flags or "--shell" in row.flags) and not row.inside:
            yield Starts.STDIN
        return
    if row.tail == "text":
        yield (
            " ".join(word.text for word in tail if word.text is not None) if all(word.text is not None for word in tail) else Starts.UNSEEN
        )
    elif row.tail == "more":
        yield (*_filled(tail, given), UNKNOWN)
    else:
        yield tuple(tail)


def _started(row: Starter, rest: Sequence[Word]) -> Iterator[Started]:
    if row.inside:
        position = _sub_command(rest)
        if position is None or (rest[position].text is not None and rest[position].text not in row.inside):
            return
        rest = rest[position + 1 :]
    for index, word in enumerate(rest):
        following = rest[index + 1] if index + 1 < len(rest) else None
        if word.text is None:
            if any(option.startswith(word.start) for option in row.text | row.words | row.hidden | row.pairs):
                yield Starts.UNSEEN
            continue
        if row.marks and (len(word.text) > _LONGEST_SCRIPT or _MARKS[row.marks].search(word.text)):
            yield Starts.UNSEEN
        found = _option_of_starter(row, word.text)
        if found is None:
            continue
        option, value = found
        given = Word(value) if value is not None else following
        if option in row.words:
            yield from _words_up_to_end(rest[index + 1 :] if value is None else [Word(value), *rest[index + 1 :]])
        elif option in row.hidden or given is None:
            yield Starts.UNSEEN
        elif option in row.pairs:
            yield from _pair(row, given)
        else:
            yield _prefixed(row, given)


def _sub_command(rest: Sequence[Word]) -> int | None:
    """Where the sub-command of a program stands: its first word that is no option and no option's value."""
    index = 0
    while index < len(rest):
        text = rest[index].text
        if text is None or not text.startswith("-"):
            return index
        index += 2 if text in _GIT_VALUES else 1
    return None


def _option_of_starter(row: Starter, word: str) -> tuple[str, str | None] | None:
    """The option of a row that a word is, shortened or behind other letters too, and the value that is joined to it."""
    known = row.text | row.words | row.hidden | row.pairs
    name, equals, value = word.partition("=")
    if word in known:
        return word, None
    if equals and name in known:
        return name, value
    if not word.startswith("-"):
        return None
    joined = next((option for option in known if len(option) > 2 and option[1] != "-" and word.startswith(option)), None)
    if joined is not None:
        return joined, word[len(joined) :]
    if word.startswith("--"):
        # GNU and git take a long option that is shortened as far as it stays the only one.
        full = next((option for option in known if option.startswith(name) and len(name) > 3), None)
        return (full, value if equals else None) if full is not None and name not in row.plain else None
    for position, letter in enumerate(word[1:], start=2):
        option = f"-{letter}"
        if option in known:
            return option, word[position:] or None
        if option in row.values:
            return None
    return None


def _pair(row: Starter, word: Word) -> Iterator[Started]:
    """KEY=VALUE or `KEY VALUE` whose key says that the value is run."""
    if word.text is None:
        key = re.split(r"[=\s]", word.start.lower(), maxsplit=1)[0]
        if not word.start or key == word.start.lower() or any(_KEYS[each](key) for each in row.keys):
            yield Starts.UNSEEN
        return
    key, _, value = re.sub(r"\s*[=\s]\s*", "=", word.text.strip(), count=1).partition("=")
    if any(_KEYS[each](key.lower()) for each in row.keys):
        yield value


def _prefixed(row: Starter, word: Word) -> Started:
    if word.text is None:
        return Starts.UNSEEN
    return word.text.removeprefix(row.prefix) if row.prefix else word.text


def _words_up_to_end(rest: Sequence[Word]) -> Iterator[Started]:
    taken: list[Word] = []
    for word in rest:
        if word.text in (";", "+"):
            break
        taken.append(word if word.text is None or "{}" not in word.text else Word(None, word.text.partition("{}")[0]))
    yield tuple(taken) if taken else Starts.UNSEEN


def _git(rest: Sequence[Word]) -> Iterator[Started]:
    """`git -c KEY=VALUE`, `git config KEY VALUE`, `git bisect run PROGRAM`, `git submodule foreach TEXT`, addresses of `ext::`."""
    yield from _git_runs(rest)
    for index, word in enumerate(rest):
        if word.text is None:
            if word.start in ("", "-", "-c"):
                yield Starts.UNSEEN
            continue
        if "ext::" in word.text:
            yield word.text.partition("ext::")[2]
        is_option = word.text in ("-c", "--config-env", "--config") or word.text.startswith(("-c", "--config-env=", "--config="))
        if is_option:
            said = word.text.partition("=")[2] if word.text.startswith("--config") and "=" in word.text else word.text.removeprefix("-c")
            pair = said if said and said != word.text else (rest[index + 1].text if index + 1 < len(rest) else "")
            if word.text.startswith("--config-env") and pair is not None and "=" in pair:
                pair = None if _is_run_key(pair.partition("=")[0]) else ""
            yield from _git_pair(pair)
        elif word.text == "config":
            given = [each for each in rest[index + 1 :] if each.text is None or not each.text.startswith("-")]
            for first, second in pairwise(given):
                yield from _git_pair(None if first.text is None or second.text is None else f"{first.text}={second.text}")


def _git_pair(pair: str | None) -> Iterator[Started]:
    if pair is None:
        yield Starts.UNSEEN
        return
    key, _, value = pair.partition("=")
    if value.startswith("!"):
        yield value[1:]
    elif value and any(matches(key.lower()) for matches in _GIT_KEYS):
        yield value


def _is_run_key(key: str) -> bool:
    """Whether git may run the value of a key; of an alias it does when it begins with `!`."""
    return key.lower().startswith("alias.") or any(matches(key.lower()) for matches in _GIT_KEYS)


def _git_runs(rest: Sequence[Word]) -> Iterator[Started]:
    position = _sub_command(rest)
    if position is None:
        return
    said = [word.text for word in rest[position:]]
    for command, verb in (("bisect", "run"), ("submodule", "foreach")):
        if said[0] != command or verb not in said:
            continue
        tail = list(rest[position + said.index(verb) + 1 :])
        while tail and (tail[0].text or "").startswith("-"):
            del tail[0]
        if verb == "run" and tail:
            yield tuple(tail)
        elif tail:
            yield " ".join(word.text or "" for word in tail) if all(word.text is not None for word in tail) else Starts.UNSEEN
