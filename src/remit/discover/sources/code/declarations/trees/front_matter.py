"""The front matter of a Markdown file: YAML (or TOML) between fences at its beginning, also inside a code fence."""

from __future__ import annotations

import re

import msgspec

from remit.discover.sources.code.declarations.trees.node import Node, Shape, Tree, Trouble, scalar
from remit.discover.sources.code.declarations.trees.toml import parse_toml
from remit.discover.sources.code.declarations.trees.yaml import parse_yaml

_OPENING = re.compile(
    r"\A\ufeff?(?:\s*(?:<!--.*?-->|%%[^\n]*)\s*\n)*(?:[ \t]*\n)*(?P<code>(?:```|~~~~?)[^\n`]*\n)?(?P<mark>---|\+\+\+)[ \t]*\r?\n", re.DOTALL
)
_CLOSING = {"---": re.compile(r"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE), "+++": re.compile(r"^\+\+\+[ \t]*\r?$", re.MULTILINE)}
_LOOSE_KEY = re.compile(r"^([A-Za-z][\w-]*):[ \t]+(\S.*?)[ \t]*\r?$")
_NEXT_KEY = re.compile(r"^[A-Za-z][\w.-]*:(?:[ \t]|\r?$)")


class FrontMatter(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What stands between the fences, and the text after it."""

    root: Node
    line: int
    """The line of the opening fence."""
    body: str
    body_line: int
    troubles: tuple[Trouble, ...] = ()


def front_matter(text: str) -> FrontMatter | None:
    """The front matter of a text; None when it has none, or when what stands there is no mapping."""
    opening = _OPENING.match(text)
    if opening is None:
        return None
    closing = _CLOSING[opening["mark"]].search(text, opening.end())
    if closing is None:
        return None
    skipped = text.count("\n", 0, opening.end())
    written = text[opening.end() : closing.start()]
    tree = _parsed(written, skipped, is_toml=opening["mark"] == "+++")
    root = next(iter(tree.documents), None)
    if root is None or not root.is_map:
        return None
    return FrontMatter(
        root=root,
        line=text.count("\n", 0, opening.start("mark")) + 1,
        body=_body(text[closing.end() :], is_fenced=opening["code"] is not None),
        body_line=text.count("\n", 0, closing.end()) + 2,
        troubles=tree.troubles,
    )


def _parsed(written: str, skipped: int, *, is_toml: bool) -> Tree:
    padded = "\n" * skipped + written
    if is_toml:
        return parse_toml(padded)
    tree = parse_yaml(padded)
    if tree.is_whole:
        return tree
    # the clients read front matter line by line: a colon or a quote in a description does not stop them
    loose = _line_by_line(written, skipped)
    return tree if loose is None else Tree(documents=(loose,), troubles=tree.troubles, is_whole=False)


def _line_by_line(written: str, skipped: int) -> Node | None:
    """`key: text` on lines of their own, each value read as YAML where it is that, else as the text that it is."""
    lines = written.split("\n")
    pairs: list[tuple[Node, Node]] = []
    number = 0
    while number < len(lines):
        start = number
        number += 1
        if _NEXT_KEY.match(lines[start]) is None:
            continue
        while number < len(lines) and _NEXT_KEY.match(lines[number]) is None:
            number += 1
        chunk = "\n" * (skipped + start) + "\n".join(lines[start:number])
        tree = parse_yaml(chunk)
        if tree.is_whole and tree.documents and tree.documents[0].is_map:
            pairs.extend(tree.documents[0].pairs)
            continue
        loose = _LOOSE_KEY.match(lines[start])
        if loose is not None:
            at = skipped + start + 1
            pairs.append((scalar(loose[1], at, is_plain=True), scalar(loose[2].strip("\"'"), at)))
    if not pairs:
        return None
    return Node(shape=Shape.MAP, line=pairs[0][0].line, end=pairs[-1][1].end, pairs=tuple(pairs))


def _body(text: str, *, is_fenced: bool) -> str:
    body = text.strip()
    if is_fenced:
        body = re.sub(r"\n?(?:```|~~~~?)[ \t]*\Z", "", body)
    return body
