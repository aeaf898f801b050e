"""What reading one file may cost: bounds that a file made to be costly meets, and no file written by a person does.

Invariants:
- depth and density are judged from the bytes alone, before anything is parsed, so that equal files meet equal bounds;
- processor time is the last resort, for what the bytes do not tell: it ends one reader on one file, on the main thread of systems that have
  the timer; elsewhere there is no such end.
"""

from __future__ import annotations

import contextlib
import re
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from tree_sitter import Tree

from remit.discover.sources.code.reader import SourceFile
from remit.model.evidence import Gap, GapKind
from remit.model.place import Place

_DEEPEST = 2_000
"""Brackets within brackets; readers follow syntax trees by recursion and by loops over ancestors."""
_DEEPEST_TREE = 10_000
_STEP = 10_000
"""tree-sitter's queries count depth in 16 bits, and take minutes beyond that."""
_SURE_BYTES = 1024 * 1024
"""A file of this size cannot be dense enough to cost much memory."""
_MOST_MARKS = 1_000_000
"""Brackets, commas, colons, equal signs, points and line ends: a syntax tree takes about 400 bytes for each."""
_MARKS = b"()[]{},:=.\n"
_BRACKET = re.compile(rb"[()\[\]{}]")
_JSON_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_CODE_STRING = re.compile(rb'"(?:[^"\\\n]|\\.)*+"|\'(?:[^\'\\\n]|\\.)*+\'')
_JSON_ENDS = (".json", ".ipynb", ".jsonc", ".code-workspace")
_OPENING = frozenset(b"([{")
SECONDS = 10.0
"""Of processor time, for one reader on one file."""


class OutOfTime(BaseException):
    """A reader took longer over a file than it may."""


def costly(file: SourceFile) -> Gap | None:
    """Why a file is not to be parsed; None when it may be."""
    data = file.data
    if sum(data.count(byte) for byte in _OPENING) > _DEEPEST and _depth(data) > _DEEPEST and _depth(_without_strings(file)) > _DEEPEST:
        return Gap(place=Place(file.path), kind=GapKind.DEPTH, what=f"brackets within brackets, more than {_DEEPEST:,} deep")
    if len(data) > _SURE_BYTES and sum(data.count(mark) for mark in _MARKS) > _MOST_MARKS:
        return Gap(place=Place(file.path), kind=GapKind.TOO_LARGE, what=f"more than {_MOST_MARKS:,} marks of syntax: written by a machine")
    return None


def _without_strings(file: SourceFile) -> bytes:
    """The bytes without quoted text: a notebook's output or a prompt opens brackets that it never closes."""
    strings = _JSON_STRING if file.path.lower().endswith(_JSON_ENDS) else _CODE_STRING
    return strings.sub(b"", file.data)


def _depth(data: bytes) -> int:
    depth = deepest = 0
    for match in _BRACKET.finditer(data):
        if data[match.start()] in _OPENING:
            depth += 1
            if depth > deepest:
                deepest = depth
                if deepest > _DEEPEST:
                    break
        elif depth:
            depth -= 1
    return deepest


@contextlib.contextmanager
def limited(seconds: float = SECONDS) -> Iterator[None]:
    """Raises OutOfTime inside the block once it has taken so much processor time."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def on_timer(_number: int, _where: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGVTALRM, on_timer)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before if before is not None else signal.SIG_DFL)


def is_too_deep(tree: Tree) -> bool:
    """Whether a syntax tree is deeper than queries follow: chains of calls and operators nest without a bracket.

    Depth is looked at in steps through the nodes in their order; one nest of such depth holds more nodes than a step.
    """
    cursor = tree.walk()
    for index in range(_STEP, tree.root_node.descendant_count, _STEP):
        cursor.goto_descendant(index)
        if cursor.depth > _DEEPEST_TREE:
            return True
    return False
