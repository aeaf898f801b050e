"""The forms that AuthZEN 1.0 puts on the wire: what is read, what is answered, and what the API description shows.

Deliberately ignored, because nothing in a remit reads it: `properties` of a subject and of a resource, and every member of
`context` but `session`. `properties` of an action are a tool's arguments.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from remit.model.decision import Obligation, Outcome
from remit.model.remit import Mode


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: an agent."""

    type: Annotated[str, Meta(description="Always `agent`; any other is denied.", examples=["agent"])]
    id: Annotated[str, Meta(description="The agent's id.", examples=["cost-triage"])]
    properties: Annotated[dict[str, Any], Meta(description="Ignored.")] | UnsetType = UNSET


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What it wants to do."""

    name: Annotated[
        str, Meta(description="The system's own action, a verb of Remit or, for an `mcp:` system, the tool.", examples=["read"])
    ]
    properties: Annotated[dict[str, Any], Meta(description="Arguments of the tool or the action.")] | UnsetType = UNSET


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """What it wants to do it to."""

    type: Annotated[str, Meta(description="The system: `aws:s3`, `postgres:finops`, `mcp:files`.", examples=["aws:s3"])]
    id: Annotated[
        str,
        Meta(
            description="The resource in the system's own naming; for an `mcp:` system the tool's name again.",
            examples=["arn:aws:s3:::billing-exports/a.csv"],
        ),
    ]
    properties: Annotated[dict[str, Any], Meta(description="Ignored.")] | UnsetType = UNSET


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """One question: may this subject take this action on this resource."""

    subject: Subject
    action: Action
    resource: Resource
    context: (
        Annotated[dict[str, Any], Meta(description="`session` (a string) names what `/task` limits count in; the rest is ignored.")]
        | UnsetType
    ) = UNSET


Semantic = Literal["execute_all", "deny_on_first_deny", "permit_on_first_permit"]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a list of evaluations is worked through; other options are ignored, as AuthZEN leaves them to the caller."""

    evaluations_semantic: Semantic = "execute_all"


class Evaluations(msgspec.Struct, frozen=True, kw_only=True):
    """Several questions; members beside `evaluations` are defaults of each. Without `evaluations` it is one question."""

    subject: Subject | UnsetType = UNSET
    action: Action | UnsetType = UNSET
    resource: Resource | UnsetType = UNSET
    context: dict[str, Any] | UnsetType = UNSET
    evaluations: (
        Annotated[list[Any], Meta(max_length=1000, description="Each an evaluation; one that is none is denied alone.")] | UnsetType
    ) = UNSET
    options: Options | UnsetType = UNSET


class Reasons(msgspec.Struct, frozen=True):
    """AuthZEN's Reason Field: a sentence by language."""

    en: str


class AnswerContext(msgspec.Struct, frozen=True, kw_only=True):
    """Why, and what has to be done with it."""

    id: str
    """Of the decision in the log."""
    outcome: Outcome
    """`ask` and `deny` answer `decision` false; `modify` answers true with obligations."""
    step: int
    """Of the decision: 0 fault, 1 standing, 2 never, 3 limit, 4 mandate, 5 capability, 6 no match."""
    because: str
    reason_user: Reasons
    rule: str
    """The line of the remit: `objectives.explain-anomaly.can[0]`."""
    path: str
    """The remit's file."""
    line: int
    """1-based line of the rule in it; 0 where none applies."""
    objective: str | None
    would: Outcome | None
    """In mode `observe`: what `enforce` would have answered, when that differs."""
    mode: Mode | None
    remit: str
    """Hash of the remit that decided."""
    obligations: tuple[Obligation, ...]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one evaluation."""

    decision: bool
    context: AnswerContext


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """The answers to a list of evaluations, in its order; shorter when the semantic stopped early."""

    evaluations: list[Answer]


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What this decision point offers (AuthZEN, section 9); an endpoint that is not built is not in it."""

    policy_decision_point: str
    access_evaluation_endpoint: str
    access_evaluations_endpoint: str


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was not answered."""

    error: str
