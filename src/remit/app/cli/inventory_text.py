"""An inventory as tables that a person reads.

Invariants: all text that comes from files is escaped; rows are written as they are made, so that thousands of agents stay cheap; the
ledger is always shown, and says so when nothing was found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from remit.model.agent import Agent
from remit.model.evidence import Gap, GapKind, SecretSeen
from remit.model.ledger import Inventory, Ledger
from remit.model.shown import printable

_WIDE = 150
_ROWS_A_TABLE = 100
_KINDS_SHOWN = 3
"""Kinds of file without a reader that get a line of their own."""
_EXAMPLES = 3


class _Column(msgspec.Struct, frozen=True):
    title: str
    width: int
    style: str = ""


def show(inventory: Inventory, path: str, *, with_tests: bool = False) -> None:
    """Prints the agents, riskiest first, then MCP servers, secrets and the ledger."""
    console = Console(highlight=False, soft_wrap=False)
    agents = [agent for agent in inventory.agents if with_tests or not agent.is_test]
    if agents:
        _print_agents(console, agents)
    else:
        found = "no agents outside of tests" if inventory.ledger.tests else "no agents"
        console.print(Text(f"{found} found in `{printable(path)}`; what was looked at:", style="bold"))
    if inventory.mcp_servers:
        _print_servers(console, inventory)
    if inventory.secrets:
        _print_secrets(console, inventory)
    _print_ledger(console, inventory.ledger, len(agents), with_tests=with_tests)


def _room(width: int, columns: int, taken: int) -> int:
    """What is left for the columns of a table whose width is not fixed: each column has two blanks, and one divides it from the next."""
    return width - columns * 3 - taken


def _print_agents(console: Console, agents: Sequence[Agent]) -> None:
    width = console.width
    if width >= _WIDE:
        spare = _room(width, 9, 5 + 10 + 16)
        shares = (0.15, 0.13, 0.25, 0.13, 0.17, 0.17)
        name, model, purpose, identities, tools, where = (max(8, int(spare * share)) for share in shares)
        columns = [
            _Column("Risk", 5, "bold"),
            _Column("Agent", name, "bold cyan"),
            _Column("Kind", 10),
            _Column("Framework", 16),
            _Column("Model", model),
            _Column("Purpose", purpose),
            _Column("Identities", identities),
            _Column("Tools", tools),
            _Column("Where", where, "dim"),
        ]
        rows = (_wide_row(agent, purpose * 2) for agent in agents)
    else:
        spare = _room(width, 4, 5)
        first, second = int(spare * 0.34), int(spare * 0.24)
        columns = [
            _Column("Risk", 5, "bold"),
            _Column("Agent, where", first),
            _Column("Built with", second),
            _Column("Purpose, identities, tools", spare - first - second),
        ]
        rows = (_narrow_row(agent) for agent in agents)
    _print_rows(console, columns, rows)


def _wide_row(agent: Agent, purpose_limit: int) -> list[Text]:
    return [
        Text(f"{agent.risk:5.1f}"),
        Text(_name(agent)),
        Text(agent.kind or "?"),
        Text(printable(agent.framework)),
        Text(printable(agent.model or "?")),
        Text(_purpose(agent, purpose_limit - 8)),
        Text(_identities(agent)),
        Text(_tools(agent)),
        Text(str(agent.place)),
    ]


def _narrow_row(agent: Agent) -> list[Text]:
    built = [printable(agent.framework), printable(agent.model or "model ?"), agent.kind or "kind ?"]
    about = Text(_purpose(agent))
    for label, value in (("as ", _identities(agent)), ("can ", _tools(agent))):
        if value:
            about.append("\n" if about.plain else "")
            about.append(label, style="dim")
            about.append(value)
    return [
        Text(f"{agent.risk:5.1f}"),
        Text.assemble((_name(agent), "bold cyan"), "\n", (str(agent.place), "dim")),
        Text("\n".join(built)),
        about,
    ]


def _name(agent: Agent) -> str:
    name = printable(agent.name or agent.id, 60)
    return f"{name} (test)" if agent.is_test else name


def _purpose(agent: Agent, limit: int = 110) -> str:
    """The first sentence of the instructions, on one line; a heading or description in a paragraph of its own ends one."""
    text = " ".join((agent.purpose or "").strip().partition("\n\n")[0].split())
    sentence = text.split(". ", 1)[0]
    return printable(sentence, limit)


def _identities(agent: Agent) -> str:
    names = [printable(binding.ref, 60) for binding in agent.identities] + [printable(key.name, 60) for key in agent.credentials]
    return _some(names, 4)


def _tools(agent: Agent) -> str:
    if agent.tools is None:
        return "? (not settled)"
    return _some([printable(tool, 40) for tool in agent.tools], 6)


def _some(names: Sequence[str], most: int) -> str:
    shown = ", ".join(names[:most])
    return f"{shown}, and {len(names) - most} more" if len(names) > most else shown


def _print_servers(console: Console, inventory: Inventory) -> None:
    console.print(Text(f"\nMCP servers ({len(inventory.mcp_servers)})", style="bold"))
    spare = max(40, _room(console.width, 5, 7))
    columns = [
        _Column("Server", int(spare * 0.18), "bold cyan"),
        _Column("Client", int(spare * 0.14)),
        _Column("By", 7),
        _Column("Command or address", int(spare * 0.40)),
        _Column("Where", int(spare * 0.28), "dim"),
    ]
    rows = (
        [
            Text(printable(server.name, 60)),
            Text(printable(server.client)),
            Text(server.transport + ("" if server.is_active else " (off)")),
            Text(printable(server.command_or_url, 160)),
            Text(str(server.place)),
        ]
        for server in inventory.mcp_servers
    )
    _print_rows(console, columns, rows)


def _print_secrets(console: Console, inventory: Inventory) -> None:
    by_value: dict[tuple[str, str], list[SecretSeen]] = defaultdict(list)
    for secret in inventory.secrets:
        by_value[secret.kind, secret.fingerprint].append(secret)
    console.print(Text(f"\nSecrets in files ({len(by_value)}); values are neither kept nor shown", style="bold red"))
    spare = max(40, _room(console.width, 3, 16))
    columns = [_Column("Kind", int(spare * 0.3), "bold"), _Column("Where", int(spare * 0.7)), _Column("Fingerprint", 16, "dim")]
    rows = (
        [Text(kind), Text(f"{places[0].place}{f' and {len(places) - 1} more' if len(places) > 1 else ''}"), Text(value)]
        for (kind, value), places in by_value.items()
    )
    _print_rows(console, columns, rows)


def _print_rows(console: Console, columns: Sequence[_Column], rows: Iterable[list[Text]]) -> None:
    """One table in the eyes of a reader, printed in parts so that none has to be laid out as a whole."""
    is_first = True
    for part in _parts(iter(rows)):
        table = Table(box=box.SIMPLE_HEAD if is_first else None, show_header=is_first, padding=(0, 1), pad_edge=is_first, show_edge=False)
        if not is_first:
            table.pad_edge = True
        for column in columns:
            table.add_column(column.title, width=column.width, style=column.style, overflow="fold", no_wrap=False)
        for row in part:
            table.add_row(*row)
        console.print(table)
        is_first = False


def _parts(rows: Iterator[list[Text]]) -> Iterator[list[list[Text]]]:
    while part := list(islice(rows, _ROWS_A_TABLE)):
        yield part


def _print_ledger(console: Console, ledger: Ledger, agents: int, *, with_tests: bool) -> None:
    console.print()
    size = f"{ledger.bytes_read / 1e6:,.1f} MB" if ledger.bytes_read >= 1e6 else f"{ledger.bytes_read / 1e3:,.1f} kB"
    tests = "" if with_tests or not ledger.tests else f", and {_count(ledger.tests, 'more')} in tests (--tests lists them)"
    console.print(Text(f"{_count(agents, 'agent', 's')}{tests}. Read {_count(ledger.files_read, 'file', 's')} ({size})."))
    if not ledger.files_read and not ledger.skipped:
        console.print(Text("There was nothing to read: the folder is empty."))
    for title, gaps in (("Not read", ledger.skipped), ("Read, and not settled", ledger.unresolved)):
        if gaps:
            console.print(Text(f"\n{title} ({len(gaps):,})", style="bold"))
            table = Table.grid(padding=(0, 1), pad_edge=True)
            table.add_column(justify="right", style="bold")
            table.add_column(overflow="fold")
            for count, reason in _reasons(gaps):
                table.add_row(f"{count:,}", Text(reason))
            console.print(table)
    if any(len(members) > _EXAMPLES for gaps in (ledger.skipped, ledger.unresolved) for members in _by_reason(gaps).values()):
        console.print(Text("\n--json lists every one with its place."))


def _count(number: int, word: str, plural: str = "") -> str:
    return f"{number:,} {word}{'' if number == 1 else plural}"


def _by_reason(gaps: Sequence[Gap]) -> dict[str, list[Gap]]:
    groups: dict[str, list[Gap]] = defaultdict(list)
    for gap in gaps:
        groups[f"{gap.kind.value}: {printable(gap.what, 100)}" if gap.is_file else gap.kind.value].append(gap)
    return groups


def _reasons(gaps: Sequence[Gap]) -> Iterator[tuple[int, str]]:
    """A line for each reason, the most frequent first, with examples; kinds of file that nobody reads share one after the first few."""
    kinds_left = _KINDS_SHOWN
    others: list[list[Gap]] = []
    for reason, members in sorted(_by_reason(gaps).items(), key=lambda group: (-len(group[1]), group[0])):
        if members[0].is_file and members[0].kind is GapKind.UNSUPPORTED:
            kinds_left -= 1
            if kinds_left < 0:
                others.append(members)
                continue
        yield len(members), f"{reason}: {_examples(members)}"
    if others:
        named = ", ".join(f"{len(members):,} {_suffix(members[0])}" for members in others)
        yield sum(map(len, others)), f"unsupported: other kinds of file that no reader is for: {named}"


def _suffix(gap: Gap) -> str:
    return printable(gap.what.removeprefix("no reader for ").replace("`", "").removesuffix(" files"), 40)


def _examples(members: Sequence[Gap]) -> str:
    examples = ", ".join(
        printable(str(gap.place), 80) + ("" if gap.is_file else f" ({printable(gap.what, 80)})") for gap in members[:_EXAMPLES]
    )
    return examples + (f", and {len(members) - _EXAMPLES:,} more" if len(members) > _EXAMPLES else "")
