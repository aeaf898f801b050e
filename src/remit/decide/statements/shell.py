"""Shell text to the commands in it (remit language, section 4).

Everything that the text runs is a command: through pipes, lists, subshells, functions, substitutions, wrappers (`wrappers`) and
here-documents that a shell reads. Redirections and assignments are commands of their own kind.

Invariants:
- closed world: text with a syntax error, or with a construct that is not listed here, is absent;
- text that shells read differently (bash, dash, zsh) is absent: `((`, `[[` with operators, `$'\\''`, odd white space;
- quoted text is data, unless a program is known to run it; nothing is ever executed.
"""

from __future__ import annotations

from collections.abc import Iterator

import tree_sitter
import tree_sitter_bash
from tree_sitter import Node

from remit.decide.statements import wrappers
from remit.decide.statements.shell_source import WORDS, AbsentError, refuse_what_shells_read_differently, source_of
from remit.decide.statements.shell_words import UNKNOWN, UNSEEN, Command, Kind, Word, text_of, word_from_node

_LANGUAGE = tree_sitter.Language(tree_sitter_bash.language())
_MAX_NODES = 20_000
_OPERATORS = "|&;<>()[`"
_MAX_OPERATORS = 2_000
"""Where a text is no shell text, the parser takes time that grows with the square of these: more are absent unread."""
_MAX_DEPTH = 6
"""Shell text inside shell text inside ...: deeper is absent."""
_MAX_COMMANDS = 2_000


def commands_of(text: str) -> tuple[Command, ...] | None:
    """The commands in shell text; None where it counts as absent."""
    try:
        found = list(_commands(text, 0))
    except (AbsentError, RecursionError):
        return None
    if len(found) > _MAX_COMMANDS:
        return None
    return tuple(dict.fromkeys(found))


def _commands(text: str, depth: int) -> Iterator[Command]:
    if depth > _MAX_DEPTH or sum(map(text.count, _OPERATORS)) > _MAX_OPERATORS:
        raise AbsentError
    source = source_of(text)
    root = tree_sitter.Parser(_LANGUAGE).parse(source).root_node
    if root.has_error:
        raise AbsentError
    rows = source.decode().split("\n")
    waiting, count = [root], 0
    while waiting:
        node = waiting.pop()
        count += 1
        if count > _MAX_NODES:
            raise AbsentError
        refuse_what_shells_read_differently(node, rows, source)
        yield from _commands_at(node, depth)
        waiting.extend(reversed(node.children))


def _commands_at(node: Node, depth: int) -> Iterator[Command]:
    match node.type:
        case "command":
            words = _words_of_command(node)
            if words:
                yield from _with_what_it_runs(tuple(words), node, depth)
        case "declaration_command" | "unset_command":
            words = [_word_or_assignment(child) for child in node.children]
            yield from _with_what_it_runs(tuple(words), node, depth)
        case "test_command":
            words = list(_test_words(node))
            yield from _with_what_it_runs(tuple(words), node, depth)
        case "variable_assignment":
            yield from _assignment(node, depth)
        case "file_redirect":
            yield _redirection(node)
        case "redirected_statement" | "function_definition":
            body = node.child_by_field_name("body")
            if _extra_words(node) and (body is not None and body.type != "command"):
                raise AbsentError
            if body is None and _extra_words(node):
                yield from _with_what_it_runs(tuple(_extra_words(node)), node, depth)


def _test_words(node: Node) -> Iterator[Word]:
    """The words of a test as they stand, brackets and operators among them."""
    for child in node.children:
        if child.type in WORDS or child.type == "test_operator" or not child.is_named:
            yield _word_or_assignment(child)
        else:
            yield from _test_words(child)


def _words_of_command(node: Node) -> list[Word]:
    words: list[Word] = []
    for child in node.children:
        if child.type in ("variable_assignment", "file_redirect", "herestring_redirect"):
            continue
        if child.type not in WORDS and child.type not in ("command_name", "==", "=~"):
            raise AbsentError
        words.append(word_from_node(child))
    if node.parent is not None and node.parent.type == "redirected_statement" and node.parent.child_by_field_name("body") == node:
        words.extend(_extra_words(node.parent))
    return words


def _extra_words(statement: Node) -> list[Word]:
    """Words behind a redirection, which the grammar hangs on the redirection and the shell gives to the command."""
    words: list[Word] = []
    waiting = [child for child in statement.children if child.type in ("file_redirect", "heredoc_redirect", "herestring_redirect")]
    while waiting:
        redirect = waiting.pop(0)
        if redirect.type == "file_redirect":
            words.extend(word_from_node(child) for child in redirect.children_by_field_name("destination")[1:])
        else:
            words.extend(word_from_node(child) for child in redirect.children_by_field_name("argument"))
            waiting.extend(child for child in redirect.children if child.type == "file_redirect")
    return words


def _word_or_assignment(node: Node) -> Word:
    if node.type == "variable_assignment":
        return _assignment_word(node)
    return word_from_node(node) if node.is_named else Word(text_of(node))


def _assignment_word(node: Node) -> Word:
    value = node.child_by_field_name("value")
    source = text_of(node)
    name = source[: len(source) - len(text_of(value))] if value is not None else source
    if value is None:
        return Word(source)
    held = word_from_node(value)
    if held.text is None or name.startswith(("(", "$")):
        return Word(None, name + held.start)
    return Word(name + held.text)


def _assignment(node: Node, depth: int) -> Iterator[Command]:
    word = _assignment_word(node)
    yield Command(Kind.ASSIGNMENT, (word,))
    if word.text is not None and ("$(" in word.text or "`" in word.text):
        yield UNSEEN  # `${x@P}` and arithmetic run what stands in a variable
    name, _, value = (word.text or "").partition("=")
    if word.text is not None and value and wrappers.is_run_variable(name.rstrip("+")):
        yield from _inner_text(value, depth)


def _redirection(node: Node) -> Command:
    operator = next((child.type for child in node.children if not child.is_named), ">")
    targets = node.children_by_field_name("destination")
    shown = {">|": ">", "&>": ">", "&>>": ">>", ">&-": ">&", "<&-": "<&"}.get(operator, operator)
    target = word_from_node(targets[0]) if targets else Word("-")
    if operator == ">&" and not (target.text or "").rstrip("-").isdigit() and target.text != "-":
        shown = ">"
    return Command(Kind.REDIRECTION, (Word(shown), target))


def _with_what_it_runs(words: tuple[Word, ...], node: Node, depth: int) -> Iterator[Command]:
    """A command, and every command that it starts."""
    yield Command(Kind.COMMAND, words)
    for inner in wrappers.started_by(words):
        match inner:
            case wrappers.Starts.UNSEEN:
                yield UNSEEN
            case wrappers.Starts.STDIN:
                yield from _standard_input(node, depth)
            case str():
                yield from _inner_text(inner, depth)
            case tuple():
                if depth >= _MAX_DEPTH:
                    raise AbsentError
                yield from _with_what_it_runs(inner, node, depth + 1)


def _inner_text(text: str, depth: int) -> Iterator[Command]:
    found = list(_commands(text, depth + 1))
    yield from found


def _standard_input(node: Node, depth: int) -> Iterator[Command]:
    """What a shell that reads its input runs: a here-document or here-string that is written out, else unseen."""
    strings = [child for child in node.children if child.type == "herestring_redirect"]
    parent = node.parent
    documents = []
    if parent is not None and parent.type == "redirected_statement":
        strings += [child for child in parent.children if child.type == "herestring_redirect"]
        documents = [child for child in parent.children if child.type == "heredoc_redirect"]
        if any(child.type == "file_redirect" and "<" in text_of(child) for child in parent.children):
            documents = strings = []
    if len(strings) + len(documents) != 1:
        yield UNSEEN
        return
    if strings:
        word = word_from_node(strings[0].named_children[-1]) if strings[0].named_children else UNKNOWN
        yield from _inner_text(word.text, depth) if word.text is not None else (UNSEEN,)
        return
    start = next(child for child in documents[0].children if child.type == "heredoc_start")
    body = next((child for child in documents[0].children if child.type == "heredoc_body"), None)
    text = text_of(body) if body is not None else ""
    if text_of(start)[:1] not in "'\"" and "$" in text:
        yield UNSEEN
        return
    if documents[0].children[0].type == "<<-":
        text = "\n".join(line.lstrip("\t") for line in text.split("\n"))
    yield from _inner_text(text, depth)
