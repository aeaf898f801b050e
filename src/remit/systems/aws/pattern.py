"""Patterns of IAM: `*` stands for any run of characters, `?` for any one; matched, compared and met.

Source of the rules: the IAM user guide, policy elements Action and Resource. A `*` may reach over `/` and, at the end of a segment, over
`:`; so a whole ARN is one text here. Actions compare without regard to case: fold both sides first.

Invariants:
- everything takes at most (length of one) times (length of the other) steps, whatever a hostile policy holds;
- `contains` never says yes for a pattern that reaches further; `overlaps` is exact;
- what `meet` gives lies within both patterns, and together it is all that both match.
"""

from __future__ import annotations

import re
from functools import lru_cache

_MANY, _ONE = "*", "?"
_WILD = re.compile(r"[*?]+")
_INNER_WILD = re.compile(r"\*[^:]|\?")
_MOST_MEETS = 32
"""Patterns that the meeting of two may come to; beyond it the meeting is not said (`None`)."""


def is_pattern(text: str) -> bool:
    """Whether a text has a wildcard."""
    return _MANY in text or _ONE in text


@lru_cache(maxsize=65536)
def normal(pattern: str) -> str:
    """The same pattern in one spelling: in a run of wildcards each `?` first, then at most one `*`."""
    if "**" not in pattern and "*?" not in pattern:
        return pattern
    return _WILD.sub(lambda run: _ONE * run[0].count(_ONE) + (_MANY if _MANY in run[0] else ""), pattern)


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern matches a text; letter case counts."""
    if not is_pattern(pattern):
        return pattern == text
    if (parts := _one_run(pattern)) is not None:
        return len(text) >= len(pattern) - 1 and text.startswith(parts[0]) and text.endswith(parts[1])
    return _matches(pattern, text, lambda wanted, found: wanted in (_ONE, found))


@lru_cache(maxsize=65536)
def _one_run(pattern: str) -> tuple[str, str] | None:
    """What stands before and behind the only wildcard of a pattern, a `*`; None: it has others."""
    if pattern.count(_MANY) != 1 or _ONE in pattern:
        return None
    head, _, tail = pattern.partition(_MANY)
    return head, tail


def contains(outer: str, inner: str) -> bool:
    """Whether everything that `inner` matches is matched by `outer`."""
    if outer in (_MANY, inner):
        return True
    if (parts := _one_run(outer)) is not None:
        return len(inner) >= len(outer) - 1 and inner.startswith(parts[0]) and inner.endswith(parts[1])
    # A wildcard of `inner` stands for texts that no literal of `outer` covers: `*` only by a `*`, `?` by `?` or `*`.
    return _matches(normal(outer), normal(inner), lambda wanted, found: found != _MANY and wanted in (_ONE, found))


def matches_by_parts(pattern: str, arn: str) -> bool:
    """Whether a pattern matches an ARN by the letter of the guide: a wildcard stays within its part, but for a `*` that ends one.

    What is behind the fifth colon is one part, colons and all. `matches` lets every wildcard reach further; a grant is read by the
    letter, a denial by the longer reach.
    """
    if not matches(pattern, arn):
        return False
    head = ":".join(pattern.split(":", 5)[:5])
    if not _INNER_WILD.search(f"{head}:"):
        return True
    colons = {at for at, char in enumerate(arn) if char == ":"}
    hard = frozenset(sorted(colons)[:5])
    reached = {0}
    for at, wanted in enumerate(pattern):
        ends_part = pattern[at + 1 : at + 2] in ("", ":")
        following: set[int] = set()
        if wanted == _MANY:
            for start in sorted(reached):
                end = start
                while end not in following:
                    following.add(end)
                    if end >= len(arn) or (end in hard and not ends_part):
                        break
                    end += 1
        else:
            following = {
                start + 1 for start in reached if start < len(arn) and (arn[start] == wanted or (wanted == _ONE and start not in hard))
            }
        reached = following
        if not reached:
            return False
    return len(arn) in reached


def _matches(pattern: str, text: str, fits: object) -> bool:
    """Greedy matching with one point to return to; `fits(wanted, found)` compares single characters."""
    at = start = 0
    star = -1
    while at < len(text):
        if start < len(pattern) and pattern[start] == _MANY:
            star, back = start, at
            start += 1
        elif start < len(pattern) and fits(pattern[start], text[at]):  # type: ignore[operator]
            start += 1
            at += 1
        elif star >= 0:
            back += 1
            at, start = back, star + 1
        else:
            return False
    while start < len(pattern) and pattern[start] == _MANY:
        start += 1
    return start == len(pattern)


@lru_cache(maxsize=65536)
def overlaps(one: str, other: str) -> bool:
    """Whether some text is matched by both patterns."""
    if _MANY in (one, other):
        return True
    if not is_pattern(one):
        return matches(other, one)
    if not is_pattern(other):
        return matches(one, other)
    # reached[j]: some text is matched by the first i characters of `one` and the first j of `other`.
    reached = _closed([True] + [False] * len(other), other)
    for wanted in one:
        following = [False] * (len(other) + 1)
        for j in range(len(other) + 1):
            if not reached[j]:
                continue
            if wanted == _MANY:
                following[j:] = [True] * (len(other) + 1 - j)
                break
            if j < len(other):
                found = other[j]
                if found == _MANY:
                    following[j] = True
                elif _ONE in (wanted, found) or wanted == found:
                    following[j + 1] = True
        reached = _closed(following, other)
    return reached[len(other)]


def _closed(reached: list[bool], other: str) -> list[bool]:
    for j, char in enumerate(other):
        if char == _MANY and reached[j]:
            reached[j + 1] = True
    return reached


@lru_cache(maxsize=16384)
def meet(one: str, other: str) -> tuple[str, ...] | None:
    """Patterns that together match what both match; () where nothing is, None where that takes too many."""
    if contains(one, other):
        return (normal(other),)
    if contains(other, one):
        return (normal(one),)
    if not overlaps(one, other):
        return ()
    found: set[str] = set()
    waiting: list[tuple[str, str, str]] = [("", normal(one), normal(other))]
    steps = 0
    while waiting:
        steps += 1
        done, left, right = waiting.pop()
        if steps > 4096 or len(found) > _MOST_MEETS:
            return None
        if not overlaps(left, right):
            continue
        if not left or not right:
            found.add(normal(done))
        elif left[0] == _MANY and right[0] == _MANY:
            # Either run may be the longer one.
            waiting.append((done + _MANY, left[1:], right))
            waiting.append((done + _MANY, left, right[1:]))
        elif left[0] == _MANY:
            waiting.append((done, left[1:], right))
            waiting.append((done + right[0], left, right[1:]))
        elif right[0] == _MANY:
            waiting.append((done, left, right[1:]))
            waiting.append((done + left[0], left[1:], right))
        else:
            waiting.append((done + (right[0] if left[0] == _ONE else left[0]), left[1:], right[1:]))
    kept = [pattern for pattern in found if not any(pattern != wider and contains(wider, pattern) for wider in found)]
    return tuple(sorted(kept))
