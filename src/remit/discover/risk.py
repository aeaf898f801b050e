"""How risky an agent is by what its code and configuration show, and what it is granted: the order of every list.

    risk = 100 x reach x autonomy x exposure                                                          (0 to 100, one decimal)

    reach      1 - product of (1 - weight) over the distinct kinds of what it can do:
               verbs of its tools (by the words of their names), of its inferred actions and, once systems are connected, of what its
               identities are granted there and what the tools of its client (a coding agent) do, listed or not; and what it acts as
                   administer .50   pay .50   execute .45   delete .40   transmit .35   update .20   create .15   read .08   list .04
                   a tool whose name says no verb .10   tools that could not be settled .15   MCP servers (tools unknown) .15
                   an identity of its own .15   credentials other than for its model .10   answering at all .05
    autonomy   asked step by step .4   per task .7   started by schedule or event 1.0   unknown .7
    exposure   .5, and for each kind of untrusted input that it reads: web, mail, issues, chat .2   documents .1   at most 1.0;
               .6 where neither tools nor input are known

Weights are ours: what cannot be undone or reaches further weighs more. Invariants: pure, total, and never lower for one more verb,
identity or kind of input.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import resources

import msgspec

from remit.model.agent import Agent, Autonomy, InferredAction
from remit.model.identity import Credential
from remit.model.verbs import Verb

_WEIGHTS = {
    Verb.ADMINISTER: 0.50,
    Verb.PAY: 0.50,
    Verb.EXECUTE: 0.45,
    Verb.DELETE: 0.40,
    Verb.TRANSMIT: 0.35,
    Verb.UPDATE: 0.20,
    Verb.CREATE: 0.15,
    Verb.READ: 0.08,
    Verb.LIST: 0.04,
}
_UNNAMED_TOOL, _UNKNOWN_TOOLS, _SERVERS, _IDENTITY, _CREDENTIALS, _ANSWERS = 0.10, 0.15, 0.15, 0.15, 0.10, 0.05
_AUTONOMY = {Autonomy.STEP: 0.4, Autonomy.TASK: 0.7, Autonomy.EVENT: 1.0, None: 0.7}
_EXPOSURE = {"web": 0.2, "mail": 0.2, "issues": 0.2, "chat": 0.2, "documents": 0.1}
_LEAST_EXPOSURE, _UNKNOWN_EXPOSURE = 0.5, 0.6


class _Words(msgspec.Struct, frozen=True):
    verbs: dict[str, Verb]
    exposure: tuple[tuple[str, frozenset[str]], ...]
    statements: dict[str, Verb]


@lru_cache(maxsize=1)
def _words() -> _Words:
    data = tomllib.loads(resources.files("remit.discover").joinpath("words.toml").read_text("utf-8"))
    verbs: dict[str, Verb] = {}
    for verb, words in data["verbs"].items():
        for word in words:
            verbs.setdefault(word, Verb(verb))
    return _Words(
        verbs=verbs,
        exposure=tuple((kind, frozenset(words)) for kind, words in data["exposure"].items()),
        statements={name: Verb(verb) for name, verb in data["statements"].items()},
    )


@lru_cache(maxsize=16384)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name: `searchWeb`, `search_web` and `Search Web` are the same two."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name[:200])
    return tuple(word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word)


def tool_verb(name: str) -> Verb | None:
    """What a tool's name says that it does; the first word that says something, the gravest where one word is in doubt."""
    verbs = _words().verbs
    return next((verbs[word] for word in words_of(name) if word in verbs), None)


def action_verb(action: InferredAction) -> Verb | None:
    """What an inferred action does, by the words that its system uses."""
    if action.system == "shell" or action.system.startswith(("shell:", "process")):
        return Verb.EXECUTE
    if action.system in {"aws:iam", "aws:sts", "aws:organizations"}:
        return Verb.ADMINISTER
    name = action.action.rpartition(":")[2].rpartition(".")[2]
    known = _words().statements.get(name.lower())
    return known if known is not None else tool_verb(name)


def exposure_of(known: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """The kinds of untrusted input that an agent reads: what the construct shows, and what its tools are called."""
    words = {word for name in names for word in words_of(name)}
    found = [kind for kind, telling in _words().exposure if words & telling]
    return tuple(dict.fromkeys((*known, *found)))


def risk(
    *,
    tools: Sequence[str] | None,
    servers: Sequence[str],
    actions: Sequence[InferredAction],
    identities: int,
    credentials: Sequence[Credential],
    autonomy: Autonomy | None,
    exposure: Sequence[str],
) -> float:
    """The formula above."""
    verbs = {tool_verb(tool) for tool in tools or ()} | {action_verb(action) for action in actions}
    weights = [_WEIGHTS[verb] for verb in sorted(verb for verb in verbs if verb is not None)]
    weights += [_UNNAMED_TOOL] if None in verbs else []
    weights += [_UNKNOWN_TOOLS] if tools is None else []
    weights += [_SERVERS] if servers else []
    weights += [_IDENTITY] if identities else []
    weights += [_CREDENTIALS] if any(credential.kind != "model-key" for credential in credentials) else []
    missing = 1.0 - _ANSWERS
    for weight in weights:
        missing *= 1.0 - weight
    return round(100.0 * (1.0 - missing) * _AUTONOMY[autonomy] * _exposed(tools, exposure), 1)


def risk_with(agent: Agent, reached: Iterable[Verb]) -> float:
    """The formula with what it reaches beyond what its names show (`model.alignment.Reach`); never lower than without."""
    shown = {tool_verb(tool) for tool in agent.tools or ()} | {action_verb(action) for action in agent.inferred_actions}
    most = 100.0 * _AUTONOMY[agent.autonomy] * _exposed(agent.tools, agent.exposure)
    missing = 1.0 - min(1.0, agent.risk / most)
    for verb in set(reached) - shown:
        missing *= 1.0 - _WEIGHTS[verb]
    return max(agent.risk, round(most * (1.0 - missing), 1))


def _exposed(tools: Sequence[str] | None, exposure: Sequence[str]) -> float:
    if tools is None and not exposure:
        return _UNKNOWN_EXPOSURE
    return min(1.0, _LEAST_EXPOSURE + sum(_EXPOSURE.get(kind, 0.1) for kind in dict.fromkeys(exposure)))
