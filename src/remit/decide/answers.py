"""How a value compares with a pattern: it matches, it does not, or it counts as absent (remit language, section 4)."""

from __future__ import annotations

from enum import IntEnum


class Answer(IntEnum):
    """Three answers, never two: what is absent misses a `can` and meets a `never`."""

    ABSENT = -1
    NO = 0
    MATCH = 1


ABSENT, NO, MATCH = Answer.ABSENT, Answer.NO, Answer.MATCH
