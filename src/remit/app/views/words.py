"""What the words of the product mean: the rows of `words.toml`, for the page `/words` and for the reference."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import msgspec


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One word."""

    id: str
    """The anchor; no other term and no section has it."""
    term: str
    """The word, as pages write it."""
    means: str
    """Plain sentences; what stands between backticks is written so in a command or a file."""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words that belong together."""

    id: str
    title: str
    term: tuple[Term, ...]
    about: str = ""
    """What is said of all of them; may be empty."""


@cache
def sections() -> tuple[Section, ...]:
    """Every word, in the order in which somebody meets them."""
    text = resources.files("remit.app.views").joinpath("words.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text)["section"], tuple[Section, ...])
