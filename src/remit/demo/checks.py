"""The checks behind the claims: tried as the agents themselves, read from what the servers wrote, or asked of the product as JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from remit.app.cli.page import counted
from remit.demo.agents import HONEST, POISONED, Task, sent
from remit.demo.claims import Found, all_of, same, tried
from remit.demo.estate import attempts, cast
from remit.demo.estate.running import Estate
from remit.demo.shell import Shell

_FAULTS: Mapping[str, tuple[str, ...]] = {
    "persons-key": (cast.STOCK_WATCH,),
    "shared-identity": (cast.STOREFRONT_HELPER, cast.RETURNS_SORTER),
    "expired-grant": (cast.PRICE_SCOUT,),
    "copy": (cast.NIGHT_REPORT_2025,),
    "dormant": (cast.LETTER_FILER,),
    "no-owner": (cast.REVIEW_READER,),
}
"""Rule -> the agents that have the fault."""
_AGENTS = frozenset(
    {
        cast.NIGHT_REPORT,
        cast.NIGHT_REPORT_2025,
        cast.SUPPLIER_DESK,
        cast.REFUND_DESK,
        cast.STOREFRONT_HELPER,
        cast.RETURNS_SORTER,
        cast.STOCK_WATCH,
        cast.RELEASE_SCRIBE,
        cast.PRICE_SCOUT,
        cast.LETTER_FILER,
        cast.REVIEW_READER,
        cast.SHELF_FINDER,
    }
)


class World(msgspec.Struct, frozen=True):
    """What checks look at: the live estate, and a shell on it."""

    estate: Estate
    shell: Shell


# --- discover, understand ------------------------------------------------------------------------------------------------------------


def every_agent_is_found(world: World) -> Found:
    """All of the cast, and nobody else."""
    agents = world.shell.json("agents")["agents"]
    found = {_slug(agent["id"]) for agent in agents}
    missing, more = sorted(_AGENTS - found), sorted(found - _AGENTS)
    if missing or more:
        return Found(False, f"missing: {', '.join(missing) or 'none'}; nobody's: {', '.join(more) or 'none'}")
    return Found(True, f"{len(agents)} of {len(_AGENTS)}, none besides")


def each_fault_is_a_finding(world: World) -> Found:
    """Each fault that the estate was made with."""
    open_now = _open_findings(world)
    wanted = {(rule, agent) for rule, agents in _FAULTS.items() for agent in agents}
    found = {(finding["rule"], agent) for finding in open_now if finding["evidence"] for agent in _agents_of(finding)}
    missing = [f"{rule} of {agent}" for rule, agent in sorted(wanted - found)]
    return Found(not missing, f"missing: {', '.join(missing)}" if missing else f"{len(wanted)} faults of {len(_FAULTS)} kinds")


def every_line_has_its_places(world: World) -> Found:
    """No line without a place."""
    lines = world.shell.json("draft", cast.NIGHT_REPORT)["lines"]
    bare = [line["resource"] for line in lines if not any(reason["place"] for reason in line["reasons"])]
    return Found(bool(lines) and not bare, f"without a place: {', '.join(bare)}" if bare else f"{len(lines)} lines")


def too_much_is_granted(world: World) -> Found:
    """What it needs and what it must not, both work before anything is narrowed."""
    return all_of(_needed(world, cast.NIGHT_REPORT, "allowed"), _excessive(world, cast.NIGHT_REPORT, "allowed"))


# --- enforce -------------------------------------------------------------------------------------------------------------------------


def the_honest_task_was_done(world: World) -> Found:
    """What the servers wrote down is what the task was."""
    return _really_sent(world, _outward(HONEST))


def the_poison_reached_no_server(world: World) -> Found:
    """After both tasks the servers wrote down the honest one, and of the poisoned one what the person asked for."""
    own = [call for call in _outward(POISONED) if call == ("letter", cast.ACCOUNTS_ADDRESS)]
    return all_of(Found(bool(own), "the person's own letter"), _really_sent(world, _outward(HONEST) + own))


def what_was_denied_is_a_finding(world: World) -> Found:
    """An open finding of the gateway's decisions."""
    found = [one for one in _open_findings(world) if one["rule"] == "out-of-intent" and _slug(one["agent"]) == cast.SUPPLIER_DESK]
    with_evidence = [one for one in found if any("decisions" in place for place in one["evidence"])]
    return Found(bool(with_evidence), f"{len(with_evidence)} of {len(found)} name a place in the log" if found else "no such finding")


def the_reason_is_a_line(world: World) -> Found:
    """`remit why` names the line."""
    why = world.shell.json("why", cast.SUPPLIER_DESK)
    named = re.search(r"remits/supplier-desk\.yaml:\d+", why["because"])
    return Found(why["outcome"] == "deny" and named is not None, named[0] if named else "no line is named")


# --- right-size, stop, govern --------------------------------------------------------------------------------------------------------


def only_what_is_needed_works(world: World) -> Found:
    """Narrowed: what it needs works, and nothing else."""
    return all_of(_needed(world, cast.NIGHT_REPORT, "allowed"), _excessive(world, cast.NIGHT_REPORT, "denied"))


def everything_works_again(world: World) -> Found:
    """Taken back: as before it was narrowed."""
    return too_much_is_granted(world)


def refund_desk_is_stopped(world: World) -> Found:
    """Nothing works."""
    return _needed(world, cast.REFUND_DESK, "denied")


def refund_desk_works(world: World) -> Found:
    """All that it needs works."""
    return _needed(world, cast.REFUND_DESK, "allowed")


def others_work_on(world: World) -> Found:
    """The quarantine of one is nobody else's."""
    return _needed(world, cast.NIGHT_REPORT, "allowed")


def night_report_works(world: World) -> Found:
    """The retirement of its copy is none of it."""
    return _needed(world, cast.NIGHT_REPORT, "allowed")


def review_reader_has_an_owner(world: World) -> Found:
    """The finding is closed, and the owner is told."""
    agent = world.shell.json("agent", cast.REVIEW_READER)
    still = [one["id"] for one in _open_findings(world) if one["rule"] == "no-owner" and _slug(one["agent"]) == cast.REVIEW_READER]
    return all_of(same(agent["owner"], cast.LENA, f"owner {cast.LENA}"), same(still, [], "the finding is closed"))


def the_copy_works(world: World) -> Found:
    """Before: its own key is live."""
    return _needed(world, cast.NIGHT_REPORT_2025, "allowed")


def the_copy_is_gone(world: World) -> Found:
    """After: it opens nothing."""
    return _needed(world, cast.NIGHT_REPORT_2025, "denied")


# --- how it is looked at -------------------------------------------------------------------------------------------------------------


def _needed(world: World, agent: str, expected: str) -> Found:
    return tried(attempts.NEEDED[agent], lambda attempt: attempt.run(world.estate), expected, "things that it needs")


def _excessive(world: World, agent: str, expected: str) -> Found:
    return tried(attempts.EXCESSIVE[agent], lambda attempt: attempt.run(world.estate), expected, "that it must not")


def _outward(task: Task) -> list[tuple[str, str]]:
    """The calls of a task by which something leaves: to whom."""
    arguments = {"send_letter": ("letter", "to"), "pay_invoice": ("payment", "account")}
    return [(arguments[call.tool][0], str(call.arguments[arguments[call.tool][1]])) for call in task.calls if call.tool in arguments]


def _really_sent(world: World, expected: list[tuple[str, str]]) -> Found:
    """What the servers themselves wrote down, whatever the agent was told."""
    found = [("letter", one["to"]) if "to" in one else ("payment", one["account"]) for one in sent(world.estate.mailroom)]
    letters = sum(kind == "letter" for kind, _ in found)
    told = f"written down by the servers: {counted(letters, 'letter', 'letters')}, {counted(len(found) - letters, 'payment', 'payments')}"
    return same(sorted(found), sorted(expected), told)


def _open_findings(world: World) -> list[Any]:
    return [finding for finding in world.shell.json("findings")["findings"] if finding["state"] == "open"]


def _agents_of(finding: Any) -> list[str]:
    """Whom a finding is about: its agent, and those that its title names."""
    return [agent for agent in _AGENTS if agent == _slug(finding["agent"]) or f"`{agent}`" in finding["title"]]


def _slug(agent: str) -> str:
    return agent.removeprefix("agent:")
