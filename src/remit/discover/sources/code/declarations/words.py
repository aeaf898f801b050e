"""Texts inside declarations that have a form of their own: command lines, lists of tools, `secrets.X`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from remit.discover.sources.code.declarations.trees.node import Node

_SECRET = re.compile(r"\bsecrets(?:\.([A-Za-z_][A-Za-z0-9_]*)|\[\s*['\"]([A-Za-z_][A-Za-z0-9_]*)['\"]\s*\])")
_WORD = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\|&;()<>`]|\$\([^()]*\)|[<>])+|\|\||&&|[|&;()`]|\n""", re.DOTALL)
_SEPARATORS = frozenset({"|", "||", "&&", "&", ";", "\n", "(", ")", "`"})
_QUOTED = re.compile(r""""((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)""", re.DOTALL)
_HEREDOC = re.compile(r"<<-?\s*(['\"]?)(\w+)\1[^\n]*\n(.*?)^[ \t]*\2[ \t]*$", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"(?m)(?:^|(?<=\s))#[^\n]*")
_MAX_SHELL = 200_000


def split_tools(text: str) -> tuple[str, ...]:
    """Names of tools in one text: separated by commas or lines (spaces, where there is neither), commas inside brackets kept."""
    parts = _split_outside_brackets(text, ",\n")
    if len(parts) == 1 and " " in text.strip():
        parts = _split_outside_brackets(text, " ")
    return tuple(dict.fromkeys(part for part in (part.strip().strip("\"'").strip() for part in parts) if part and not part.startswith("#")))


def _split_outside_brackets(text: str, separators: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for index, char in enumerate(text):
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth = max(0, depth - 1)
        elif char in separators and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    parts.append(text[start:])
    return parts


def secrets_read(node: Node) -> Iterator[tuple[str, int]]:
    """Names in `secrets.X` below a node, with their lines."""
    for inner in node.walk():
        if inner.is_scalar and "secrets" in inner.text:
            for match in _SECRET.finditer(inner.text):
                yield match[1] or match[2], inner.line


def commands_in(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """The simple commands of a shell text, quotes undone, each with the number of lines before it; best effort, nothing is run."""
    text = text[:_MAX_SHELL]
    text = _HEREDOC.sub(lambda match: "\n" * match[0].count("\n"), text)
    text = _COMMENT.sub("", text).replace("\\\r\n", "  ").replace("\\\n", "  ")
    words: list[str] = []
    lines = 0
    began = 0
    for match in _WORD.finditer(text):
        word = match[0]
        if word in _SEPARATORS:
            if words:
                yield tuple(words), began
            words = []
            lines += word == "\n"
            continue
        if not words:
            began = lines
        words.append(_QUOTED.sub(lambda quoted: next((group for group in quoted.groups() if group is not None), ""), word))
        lines += word.count("\n")
    if words:
        yield tuple(words), began


def words_of(text: str) -> tuple[str, ...]:
    """The words of arguments that stand over several lines (`claude_args`): line ends are spaces."""
    plain = re.sub(r"(?m)^\s*#[^\n]*$", "", text).replace("\\\n", " ").replace("\n", " ")
    return _bracketed(plain)


def _bracketed(text: str) -> tuple[str, ...]:
    """Words of a text in which brackets are no syntax: `--allowedTools Bash(git:*),Read`."""
    words, word, depth, quote = [], "", 0, ""
    for char in text:
        if quote:
            if char == quote:
                quote = ""
            else:
                word += char
        elif char in "\"'":
            quote = char
        elif char.isspace() and depth == 0:
            if word:
                words.append(word)
            word = ""
        else:
            depth += (char == "(") - (char == ")" and depth > 0)
            word += char
    return (*words, word) if word else tuple(words)


def option_values(words: tuple[str, ...], names: list[str]) -> tuple[str, ...]:
    """The words that follow any of these options, up to the next option; `--name=value` too."""
    found: list[str] = []
    taking = False
    for word in words:
        head, equals, tail = word.partition("=")
        if head in names:
            taking = not equals
            if equals:
                found.append(tail)
        elif word.startswith("-"):
            taking = False
        elif taking:
            found.append(word)
    return tuple(found)
