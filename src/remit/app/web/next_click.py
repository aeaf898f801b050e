"""What a remedy names as a command, as the click that does the same.

A remedy is text of a rule; only commands that have a page become clicks, and only for an agent that is known.
"""

from __future__ import annotations

import shlex
from collections.abc import Container
from urllib.parse import quote

import msgspec

from remit.app.findings import commands_in
from remit.app.web.addresses import agent_address


class Click(msgspec.Struct, frozen=True, kw_only=True):
    """A link, or a button that posts."""

    label: str
    link: str
    is_post: bool = False
    is_grave: bool = False
    """It stops or ends something."""


def clicks(remedy: str, agents: Container[str], approved: Container[str]) -> list[Click]:
    """The clicks of a remedy, in its order. `approved` are agents with an approved remit, whose remit is changed rather than drafted."""
    found: dict[str, Click] = {}
    for command in commands_in(remedy):
        words = _words(command)
        if len(words) < 3 or words[2] not in agents:
            continue
        click = _click(words[1], words[2], has_remit=words[2] in approved)
        if click is not None:
            found.setdefault(click.link, click)
    return list(found.values())


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _click(verb: str, slug: str, *, has_remit: bool) -> Click | None:
    match verb:
        case "plan":
            return Click(label="Plan to take it away", link=agent_address(slug, "plan"), is_post=True)
        case "why":
            return Click(label="See what was denied, and why", link=f"/decisions?agent={quote(slug, safe='')}&outcome=denied")
        case "owner":
            return Click(label="Name who answers for it", link=f"{agent_address(slug)}#owner")
        case "draft" if has_remit:
            return Click(label="Change what it is for", link=agent_address(slug, "remit"))
        case "draft":
            return Click(label="Read the draft of what it is for", link=agent_address(slug, "draft"))
        case "quarantine":
            return Click(label="Stop it", link=agent_address(slug, "quarantine"), is_grave=True)
        case "retire":
            return Click(label="Retire it", link=agent_address(slug, "retire"), is_grave=True)
        case _:
            return None
