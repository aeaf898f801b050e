"""Draws names of companies, people, agents and things in several languages and styles."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import TypeVar

from tests.estate.truth import Person

T = TypeVar("T")

COMPANIES = (
    "northwind",
    "halden",
    "brisal",
    "kestrel",
    "ottavia",
    "lindqvist",
    "morrow",
    "velum",
    "tessera",
    "quill",
    "marwick",
    "zephyra",
)
SECOND = ("foods", "freight", "insure", "labs", "retail", "energie", "logistik", "health", "bank", "works", "media", "parts")
FIRST_NAMES = (
    "Dana", "Lee", "Amara", "Jonas", "Sofia", "Tomasz", "Ines", "Ravi", "Noor", "Mateo", "Freya", "Kofi", "Yuki", "Bram", "Leila", "Oskar",
)  # fmt: skip
LAST_NAMES = (
    "Moreno", "Okafor", "Lindgren", "Haas", "Petrov", "Nakamura", "deVries", "Rossi", "Schmid", "Adeyemi", "Larsen", "Kowalski", "Ferreira",
    "Bauer", "Novak", "Chandra",
)  # fmt: skip
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2", "ap-southeast-2")


class Draw(random.Random):
    """A source of choices: one seed, one estate."""

    def one(self, of: Sequence[T]) -> T:
        """One of them."""
        return of[self.randrange(len(of))]

    def some(self, of: Sequence[T], count: int) -> list[T]:
        """So many different ones."""
        return self.sample(list(of), min(count, len(of)))

    def hex(self, digits: int) -> str:
        """Lower-case hexadecimal digits."""
        return "".join(self.choice("0123456789abcdef") for _ in range(digits))

    def capitals(self, count: int) -> str:
        """Capital letters and digits, as key ids have them."""
        return "".join(self.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(count))

    def uuid(self) -> str:
        """In its usual form."""
        return f"{self.hex(8)}-{self.hex(4)}-4{self.hex(3)}-a{self.hex(3)}-{self.hex(12)}"


def people(draw: Draw, count: int, domain: str) -> list[Person]:
    """So many people with different names."""
    first, last = draw.some(FIRST_NAMES, count), draw.some(LAST_NAMES, count)
    found = []
    for one, two in zip(first, last, strict=True):
        handle = draw.one((f"{one}-{two}", f"{one}{two[0]}", f"{one[0]}{two}")).lower()
        found.append(Person(f"{one} {two}", handle, f"{one}.{two}@{domain}".lower()))
    return found


def words(text: str) -> list[str]:
    """The words of a name, lower case."""
    return re.findall(r"[a-z0-9]+", text.lower())


def kebab(text: str) -> str:
    """`stock-planner`."""
    return "-".join(words(text))


def snake(text: str) -> str:
    """`stock_planner`."""
    return "_".join(words(text))


def camel(text: str) -> str:
    """`StockPlanner`."""
    return "".join(word.capitalize() for word in words(text))


def quoted(name: str) -> str:
    """An SQL identifier, quoted only where it must be."""
    reserved = {"user", "order", "table", "group", "all", "end", "check"}
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in reserved else '"' + name.replace('"', '""') + '"'
