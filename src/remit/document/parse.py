"""YAML text -> Remit, or every problem of the text at once, each with its line, column and the nearest valid word.

Source: remit language, sections 1 to 5. Invariants:
- closed world: a key, verb, mode or time that is not in the grammar is an error, at every level;
- a remit is returned only where no problem is an error; warnings do not keep a file from being used;
- no text, however hostile, raises anything.

Left to others: what is odd but possible (`document.check`), and whether two files are for one agent.
"""

from __future__ import annotations

import re

import msgspec

from remit.document.canonical import content_hash
from remit.document.lines import read_can, read_never
from remit.document.nodes import Node, NodeKind, read_nodes
from remit.document.reading import Entry, Reader, nearest
from remit.model.errors import DocumentError, Problem
from remit.model.remit import Capability, Lifecycle, Limits, Mode, Never, Objective, Owner, Remit
from remit.model.shown import printable

VERSION = 1
"""Version of the format that this parser reads."""
REQUIRED_KEYS = ("remit", "agent", "purpose", "owner", "objectives")
OPTIONAL_KEYS = ("approvers", "identities", "never", "limits", "lifecycle", "mode")
_LOOKS_LIKE_A_REMIT = re.compile(r"""^\ufeff?\{?\s*["']?remit["']?\s*:""", re.MULTILINE)


class Parsed(msgspec.Struct, frozen=True):
    """What came of a text: a remit, or None and why not; warnings may stand beside a remit."""

    remit: Remit | None
    problems: tuple[Problem, ...]
    """In the order of the text."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the file from being used."""
        return tuple(problem for problem in self.problems if problem.level == "error")


def parse(content: str | bytes, path: str = "remit.yaml") -> Parsed:
    """Reads one remit file; `path` is what problems and decisions call it. Never raises."""
    root, problems = read_nodes(content, path)
    reader = Reader(path, problems)
    remit = None
    if root is None:
        if not problems:
            problems.append(Problem(path=path, line=0, code="empty", what="the file is empty", help="a remit begins with `remit: 1`"))
    elif root.kind is NodeKind.MAPPING and root.entries and not _has_a_known_key(root):
        reader.note(root, "not-a-remit", "this is not a remit: none of its keys is one of a remit", "a remit begins with `remit: 1`")
    elif root.kind is NodeKind.MAPPING:
        remit = _read_remit(reader, root)
    elif root.kind is not NodeKind.REFUSED:
        reader.note(root, "type", f"a remit must be a mapping, not {root.kind.value}", "it begins with `remit: 1`")
    ordered = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
    if remit is None or any(problem.level == "error" for problem in ordered):
        return Parsed(None, ordered)
    return Parsed(msgspec.structs.replace(remit, hash=content_hash(remit)), ordered)


def parse_or_raise(content: str | bytes, path: str = "remit.yaml") -> Remit:
    """Reads one remit file; raises DocumentError with every problem where it cannot be used."""
    parsed = parse(content, path)
    if parsed.remit is None:
        raise DocumentError(parsed.problems)
    return parsed.remit


def is_remit(content: str | bytes) -> bool:
    """Whether a YAML file is meant as a remit: it has the key `remit`, or is broken and a line begins with that key.

    A folder of remits skips every other YAML file, and stops at one that is meant as a remit and is wrong.
    """
    root, _ = read_nodes(content, "")
    if root is not None:
        return root.kind is NodeKind.MAPPING and any(key.kind is NodeKind.TEXT and key.value == "remit" for key, _ in root.entries)
    text = content if isinstance(content, str) else content.decode("utf-8", "replace")
    return _LOOKS_LIKE_A_REMIT.search(text) is not None


def _has_a_known_key(root: Node) -> bool:
    known = (*REQUIRED_KEYS, *OPTIONAL_KEYS)
    return any(key.kind is NodeKind.REFUSED or nearest(Reader.key_text(key), known) for key, _ in root.entries)


def _read_remit(reader: Reader, root: Node) -> Remit | None:
    found = reader.keys(root, "", REQUIRED_KEYS, OPTIONAL_KEYS)
    if "remit" in found:
        _check_version(reader, found["remit"][1])
    agent = reader.agent(found["agent"][1]) if "agent" in found else None
    purpose = reader.text(found["purpose"][1], "purpose") if "purpose" in found else None
    owner = _owner(reader, found["owner"][1]) if "owner" in found else None
    approvers = reader.texts(found["approvers"][1], "approvers") if "approvers" in found else _default_approvers(owner)
    identities = _identities(reader, found.get("identities"))
    objectives = _objectives(reader, found["objectives"][1]) if "objectives" in found else ()
    never = _never(reader, found.get("never"))
    limits = _limits(reader, found.get("limits"))
    lifecycle = _lifecycle(reader, found.get("lifecycle"))
    mode = reader.choice(found["mode"][1], "mode", tuple(mode.value for mode in Mode)) if "mode" in found else Mode.ENFORCE.value
    if agent is None or purpose is None or owner is None or approvers is None or mode is None:
        return None
    return Remit(
        remit=VERSION,
        agent=agent,
        purpose=purpose,
        owner=owner,
        approvers=approvers,
        identities=identities,
        objectives=objectives,
        never=never,
        limits=limits,
        lifecycle=lifecycle,
        mode=Mode(mode),
        path=reader.path,
    )


def _check_version(reader: Reader, node: Node) -> None:
    if node.kind is NodeKind.NUMBER and isinstance(node.value, int) and node.value == VERSION:
        return
    if node.kind is not NodeKind.REFUSED:
        shown = printable(Reader.key_text(node), 20) if node.value is not None else node.kind.value
        reader.note(node, "version", f"`remit` must be {VERSION}, the version of the format, not `{shown}`", f"write `remit: {VERSION}`")


def _owner(reader: Reader, node: Node) -> Owner | None:
    found = reader.keys(node, "owner", ("contact",), ("team", "deputy"))
    contact = reader.text(found["contact"][1], "contact") if "contact" in found else None
    team = reader.text(found["team"][1], "team") if "team" in found else None
    deputy = reader.text(found["deputy"][1], "deputy") if "deputy" in found else None
    return Owner(contact=contact, team=team, deputy=deputy) if contact is not None else None


def _default_approvers(owner: Owner | None) -> tuple[str, ...]:
    if owner is None:
        return ()
    return tuple(dict.fromkeys(person for person in (owner.contact, owner.deputy) if person is not None))


def _identities(reader: Reader, entry: Entry | None) -> tuple[str, ...]:
    if entry is None or not reader.is_kind(entry[1], NodeKind.LIST, "identities"):
        return ()
    read: list[str] = []
    for item in entry[1].items:
        identity = reader.identity(item)
        if identity is not None and identity in read:
            reader.note(item, "repeated", f"`{printable(identity, 80)}` stands in `identities` twice", level="warning")
        elif identity is not None:
            read.append(identity)
    return tuple(read)


def _objectives(reader: Reader, node: Node) -> tuple[Objective, ...]:
    if not reader.is_kind(node, NodeKind.MAPPING, "objectives"):
        return ()
    if not node.entries:
        reader.note(node, "empty", "`objectives` is an empty mapping", "every capability hangs from an objective")
    objectives = []
    for key, value in node.entries:
        name = _objective_name(reader, key)
        shown = f"objectives.{printable(reader.key_text(key), 60)}"
        found = reader.keys(value, shown, ("why", "can"), ())
        why = reader.text(found["why"][1], f"{shown}.why") if "why" in found else None
        can = _can(reader, found["can"][1], f"{shown}.can") if "can" in found else ()
        if name is not None and why is not None:
            objectives.append(Objective(name=name, why=why, can=can, line=key.line))
    return tuple(objectives)


def _objective_name(reader: Reader, key: Node) -> str | None:
    if key.kind is NodeKind.REFUSED:
        return None
    if key.kind is not NodeKind.TEXT:
        reader.note(key, "type", f"the name of an objective must be text, not {key.kind.value}", "quote it")
        return None
    name: str = key.value
    if not name.strip() or not name.isprintable():
        reader.note(key, "objective", f"`{printable(name, 60)}` is not a name for an objective")
        return None
    return name


def _can(reader: Reader, node: Node, name: str) -> tuple[Capability, ...]:
    if not reader.is_kind(node, NodeKind.LIST, name):
        return ()
    if not node.items:
        reader.note(node, "empty", f"`{name}` is an empty list", "an objective that needs nothing is not needed")
    lines = [read_can(reader, item, name) for item in node.items]
    return tuple(line for line in lines if line is not None)


def _never(reader: Reader, entry: Entry | None) -> tuple[Never, ...]:
    if entry is None or not reader.is_kind(entry[1], NodeKind.LIST, "never"):
        return ()
    lines = [read_never(reader, item) for item in entry[1].items]
    return tuple(line for line in lines if line is not None)


def _limits(reader: Reader, entry: Entry | None) -> Limits:
    if entry is None:
        return Limits()
    found = reader.keys(entry[1], "limits", (), ("calls", "pay", "rows"))
    read = {name: reader.limit(found[name][1], name) for name in ("calls", "pay", "rows") if name in found}
    return Limits(calls=read.get("calls"), pay=read.get("pay"), rows=read.get("rows"))


def _lifecycle(reader: Reader, entry: Entry | None) -> Lifecycle:
    if entry is None:
        return Lifecycle()
    found = reader.keys(entry[1], "lifecycle", (), ("expires", "review", "dormant_after"))
    return Lifecycle(
        expires=reader.day(found["expires"][1], "expires") if "expires" in found else None,
        review_days=reader.days(found["review"][1], "review") if "review" in found else None,
        dormant_after_days=reader.days(found["dormant_after"][1], "dormant_after") if "dormant_after" in found else None,
    )
