"""Agents: what they are, their state, and the fingerprints by which copies are found."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from remit.model.identity import Because, Binding, Credential
from remit.model.place import Confidence, Place


class AgentKind(StrEnum):
    """Where an agent lives and as whom it acts (design, section 2)."""

    MANAGED = "managed"
    """Inside a platform such as Bedrock Agents or Copilot Studio."""
    LOCAL = "local"
    """On somebody's machine, acting as that person."""
    PRODUCTION = "production"
    """Own identities, no person present."""


class Autonomy(StrEnum):
    """How often a person is asked."""

    STEP = "step by step"
    TASK = "per task"
    EVENT = "started by schedule or event"


class AgentState(StrEnum):
    """The states of an agent (remit language, section 8)."""

    DISCOVERED = "discovered"
    DRAFT = "draft"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    RETIRED = "retired"


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """Hashes of what makes an agent what it is; equal parts show copies and forks."""

    whole: str
    """Over all the parts below."""
    prompt: str | None = None
    """Over the purpose text with white space folded; None where there is none."""
    tools: str | None = None
    """Over the sorted tool names; None where they are unknown."""
    code: str | None = None
    """Over the construct's own text."""


class InferredAction(msgspec.Struct, frozen=True, kw_only=True):
    """An action that code reachable from the agent would take."""

    system: str
    action: str
    resource: str | None
    because: Place


class OwnerCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """Someone who may answer for the agent, and what names them."""

    name: str
    because: Because


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """One agent, as the resolver put it together from evidence."""

    id: str
    """Slug, without `agent:`."""
    name: str | None
    framework: str
    construct: str
    language: str
    place: Place
    """Where it is constructed or defined."""
    places: tuple[Place, ...]
    """Every place that is about it, `place` first."""
    model: str | None
    tools: tuple[str, ...] | None
    purpose: str | None
    purpose_place: Place | None
    delegates_to: tuple[str, ...]
    """Slugs of other agents."""
    kind: AgentKind | None
    identities: tuple[Binding, ...]
    credentials: tuple[Credential, ...]
    autonomy: Autonomy | None
    exposure: tuple[str, ...]
    risk: float
    """0 to 100, by the formula of `discover.risk`."""
    owner_candidates: tuple[OwnerCandidate, ...]
    """Persons, groups and addresses that can be asked."""
    inferred_actions: tuple[InferredAction, ...]
    fingerprint: Fingerprint
    copies: tuple[str, ...]
    """Slugs of other agents with the same prompt or the same code."""
    confidence: Confidence
    is_test: bool
    purpose_lines: tuple[tuple[int, str, int], ...] = ()
    """(offset in the purpose, path, line) wherever the line changes; what is not found again has none."""
    named_at: tuple[tuple[str, str, int], ...] = ()
    """(model or tool, path, line) of names that its code or configuration writes out."""
    teams: tuple[OwnerCandidate, ...] = ()
    """Teams that a tag names and nobody in them: where to begin to ask, while nobody answers for it."""
