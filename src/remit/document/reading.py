"""The small readers of which the parser is made: each takes a node and returns a value, or notes what is wrong with it.

Invariant: a reader that returns None has noted a problem, unless the node was refused already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches

from remit.document.nodes import Node, NodeKind
from remit.model.errors import IdentifierError, Problem
from remit.model.ids import KNOWN_KINDS, is_agent_slug, slug_from_name, system_id
from remit.model.remit import Limit, Window
from remit.model.shown import printable

_LIMIT = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)(?: ([A-Za-z]+))?/([a-z]+)\Z", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_DAYS = re.compile(r"([1-9][0-9]{0,4})d\Z", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_DOMAIN = re.compile(r"(?!-)[\w-]{1,63}(?<!-)(\.(?!-)[\w-]{1,63}(?<!-))*\Z")
_ARN = re.compile(r"arn:aws[a-z-]*:(iam|sts)::\d{12}:[^\s*]+\Z", re.ASCII)
_IDENTITY_FORMS = {
    "aws": (re.compile(r"aws:(role|user)/[\w+=,.@/-]+\Z", re.ASCII), "aws:role/NAME, aws:user/NAME, or an ARN"),
    "postgres": (re.compile(r"postgres:[A-Za-z0-9][\w.-]*/[^/\s]+\Z"), "postgres:DATABASE/ROLE"),
    "kubernetes": (re.compile(r"kubernetes:[A-Za-z0-9][\w.-]*/[a-z0-9.-]+/[a-z0-9.-]+\Z"), "kubernetes:CLUSTER/NAMESPACE/NAME"),
    "oauth": (re.compile(r"oauth:client/\S+\Z"), "oauth:client/NAME"),
}
_LIKE = {
    "remit": "remit: 1",
    "owner": "owner: {contact: dana@example.com}",
    "contact": "contact: dana@example.com",
    "objectives": "objectives: {NAME: {why: TEXT, can: [LINES]}}",
    "limits": "limits: {calls: 100/hour}",
    "lifecycle": "lifecycle: {expires: 2027-02-28}",
    "where": 'where: {path: "/data/**"}',
}
"""How a key is written, where its name alone does not tell."""
Entry = tuple[Node, Node]


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The valid word that a misspelt one is closest to."""
    known = list(choices)
    folded = {choice.lower(): choice for choice in known}
    found = get_close_matches(word.lower(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def advice_for(word: str, choices: Iterable[str]) -> str:
    """`nearest is ...`, or all the choices where nothing is near."""
    known = list(choices)
    near = nearest(word, known)
    return f"nearest is `{near}`" if near else "it is one of " + ", ".join(f"`{choice}`" for choice in known)


def _written_like(name: str) -> str:
    return f"write it like `{_LIKE[name]}`" if name in _LIKE else ""


class Reader:
    """Reads nodes of one document and keeps the problems."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        self.path = path
        self.problems = problems

    def note(self, node: Node, code: str, what: str, advice: str = "", level: str = "error") -> None:
        """Notes a problem at a node."""
        self.problems.append(Problem(path=self.path, line=node.line, column=node.column, what=what, help=advice, code=code, level=level))

    def is_kind(self, node: Node, kind: NodeKind, name: str) -> bool:
        """Whether a node is of the kind that `name` needs; notes it when not."""
        if node.kind is kind:
            return True
        if node.kind is NodeKind.NULL:
            self.note(node, "empty", f"`{name}` is empty", f"it takes {kind.value}")
        elif node.kind is not NodeKind.REFUSED:
            is_scalar = node.kind in (NodeKind.NUMBER, NodeKind.BOOLEAN)
            advice = "quote it" if kind is NodeKind.TEXT and is_scalar else _written_like(name)
            self.note(node, "type", f"`{name}` must be {kind.value}, not {node.kind.value}", advice)
        return False

    def text(self, node: Node, name: str) -> str | None:
        """Text that is not blank."""
        if not self.is_kind(node, NodeKind.TEXT, name):
            return None
        value: str = node.value
        if not value.strip():
            self.note(node, "empty", f"`{name}` is empty")
            return None
        return value

    def texts(self, node: Node, name: str) -> tuple[str, ...] | None:
        """A list of texts, none blank, with at least one; a repeated one is a warning."""
        if not self.is_kind(node, NodeKind.LIST, name):
            return None
        if not node.items:
            self.note(node, "empty", f"`{name}` is an empty list")
            return None
        read = [self.text(item, name) for item in node.items]
        for index, value in enumerate(read):
            if value is not None and value in read[:index]:
                self.note(node.items[index], "repeated", f"`{printable(value, 60)}` stands in `{name}` twice", level="warning")
        values = tuple(dict.fromkeys(value for value in read if value is not None))
        return values if None not in read else None

    def keys(self, node: Node, name: str, required: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, Entry]:
        """The entries of a mapping with a closed set of keys; unknown and missing keys are noted."""
        if not self.is_kind(node, NodeKind.MAPPING, name):
            return {}
        known = (*required, *optional)
        found: dict[str, Entry] = {}
        meant: set[str] = set()
        for key, value in node.entries:
            if key.kind is NodeKind.TEXT and key.value in known:
                found[key.value] = (key, value)
            elif key.kind is not NodeKind.REFUSED:
                word = self.key_text(key)
                near = nearest(word, known)
                meant |= {near} if near else set()
                self.note(key, "unknown-key", f"unknown key `{printable(word, 60)}`", advice_for(word, known))
        for key_name in required:
            if key_name not in found and key_name not in meant:
                place = f"`{name}` has no" if name else "there is no"
                self.note(node, "missing-key", f"{place} `{key_name}`", _written_like(key_name))
        return found

    @staticmethod
    def key_text(key: Node) -> str:
        """A key as a person wrote it, whatever its type."""
        if key.kind is NodeKind.BOOLEAN:
            return "true" if key.value else "false"
        return "null" if key.value is None else str(key.value)

    def agent(self, node: Node) -> str | None:
        """An agent's slug."""
        value = self.text(node, "agent")
        if value is None or is_agent_slug(value):
            return value
        what = f"`{printable(value, 60)}` is not an agent's id: lower case letters, digits, `-`, `_` and `.`"
        self.note(node, "agent", what, f"write `{slug_from_name(value.removeprefix('agent:'))}`")
        return None

    def system(self, node: Node, verb: str, allows_star: bool) -> str | None:
        """A system as a line of a remit writes it; a kind that Remit does not know is a warning."""
        value = self.text(node, verb)
        if value is None:
            return None
        if value == "*":
            if allows_star and verb != "call":
                return value
            advice = 'write `any: "*"`' if allows_star else "name each system in a line of its own"
            self.note(
                node, "system", "`*` as a system stands only in `never`" if not allows_star else "`call` needs a tool's system", advice
            )
            return None
        try:
            system = system_id(value)
        except IdentifierError as error:
            kind, colon, _ = value.partition(":")
            near = nearest(kind, KNOWN_KINDS) if colon else None
            self.note(node, "system", str(error), f"nearest kind is `{near}`" if near and near != kind else "")
            return None
        if verb == "call" and system.kind != "mcp":
            self.note(
                node,
                "call",
                f"`call` is written for a tool, and `{value}` is not an `mcp:` system",
                "write `any`, or the verb that is meant",
            )
            return None
        if system.kind not in KNOWN_KINDS:
            near = nearest(system.kind, KNOWN_KINDS)
            advice = f"nearest is `{near}`" if near else ""
            self.note(node, "unknown-kind", f"`{system.kind}` is not a kind of system that Remit knows", advice, level="warning")
        return value

    def identity(self, node: Node) -> str | None:
        """An identity by `remit-language` section 1."""
        value = self.text(node, "identities")
        if value is None or _ARN.match(value):
            return value
        kind, colon, _ = value.partition(":")
        form = _IDENTITY_FORMS.get(kind)
        if form is not None:
            if form[0].match(value):
                return value
            self.note(node, "identity", f"`{printable(value, 80)}` is not an identity", f"write it like {form[1]}")
            return None
        if not colon or kind == "arn" or re.search(r"\s", value) or not value.partition(":")[2]:
            self.note(
                node, "identity", f"`{printable(value, 80)}` is not an identity", "write it like aws:role/NAME or postgres:DATABASE/ROLE"
            )
            return None
        near = nearest(kind, _IDENTITY_FORMS)
        advice = f"nearest is `{near}`" if near else ""
        self.note(node, "unknown-kind", f"`{printable(kind, 40)}` is not a kind of identity that Remit knows", advice, level="warning")
        return value

    def domain(self, node: Node) -> str | None:
        """A domain of `outside`, in lower case."""
        value = self.text(node, "outside")
        if value is None:
            return None
        if _DOMAIN.match(value) and len(value) <= 253:
            return value.lower()
        plain = (
            value.lower()
            .rpartition("@")[2]
            .removeprefix("https://")
            .removeprefix("http://")
            .removeprefix("*.")
            .strip(".")
            .partition("/")[0]
        )
        advice = f"write `{plain}`; what ends in it is inside too" if _DOMAIN.match(plain) else "write it like `example.com`"
        self.note(node, "domain", f"`{printable(value, 60)}` is not a domain", advice)
        return None

    def limit(self, node: Node, name: str) -> Limit | None:
        """`600/hour`, `0 USD/day`, `10000/task`."""
        example = {"pay": "0 USD/day", "rows": "10000/task"}.get(name, "600/hour")
        if node.kind is NodeKind.NUMBER:
            self.note(node, "limit", f"`{name}` says no time to count over", f"write it like `{example}`")
            return None
        value = self.text(node, name)
        if value is None:
            return None
        match = _LIMIT.match(value)
        if match is None:
            self.note(node, "limit", f"`{printable(value, 60)}` is not a limit", f"write it like `{example}`")
            return None
        amount, currency, window = match.groups()
        windows = [known.value for known in Window]
        if window not in windows:
            self.note(node, "limit", f"unknown time `{window}` in `{value}`", advice_for(window, windows))
        elif name != "pay" and currency is not None:
            self.note(node, "limit", f"`{name}` counts without a unit, and `{value}` has one", f"write `{amount}/{window}`")
        elif name != "pay" and "." in amount:
            self.note(node, "limit", f"`{name}` must be a whole number, and `{value}` is not", f"write it like `{example}`")
        elif name == "pay" and (currency is None or not _CURRENCY.match(currency)):
            right = currency.upper() if currency and _CURRENCY.match(currency.upper()) else "USD"
            self.note(node, "limit", f"`{value}` names no currency", f"write the ISO 4217 code, like `{amount} {right}/{window}`")
        else:
            return Limit(amount=float(amount), window=Window(window), currency=currency, line=node.line)
        return None

    def days(self, node: Node, name: str) -> int | None:
        """A duration in days, `90d`."""
        if node.kind is NodeKind.NUMBER:
            self.note(node, "duration", f"`{name}` has no unit", f"write days, like `{max(1, int(node.value))}d`")
            return None
        value = self.text(node, name)
        if value is None:
            return None
        match = _DAYS.match(value)
        if match is None:
            self.note(node, "duration", f"`{printable(value, 60)}` is not a duration", "write days, like `90d`")
            return None
        return int(match[1])

    def day(self, node: Node, name: str) -> str | None:
        """A date, `2027-02-28`."""
        value = self.text(node, name)
        if value is None:
            return None
        try:
            if not _DATE.match(value):
                raise ValueError(value)
            date.fromisoformat(value)
        except ValueError:
            self.note(node, "date", f"`{printable(value, 60)}` is not a date", "write it like `2027-02-28`")
            return None
        return value

    def choice(self, node: Node, name: str, choices: tuple[str, ...]) -> str | None:
        """One word of a closed set."""
        value = self.text(node, name)
        if value is None or value in choices:
            return value
        self.note(node, name, f"unknown {name} `{printable(value, 60)}`", advice_for(value, choices))
        return None
