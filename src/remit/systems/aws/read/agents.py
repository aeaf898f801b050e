"""Reads the agents that AWS itself hosts: Bedrock agents, AgentCore runtimes and harnesses, and the functions of Lambda with their roles.

Names, instructions and descriptions are hostile text: they are carried, never followed. Values of environment variables are not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

from remit.model.access import NativeObject
from remit.model.agent import AgentKind
from remit.model.evidence import AgentSeen, Evidence, Gap, GapKind, IdentitySeen, OwnerSeen
from remit.model.place import Place
from remit.model.teams import is_team_alone
from remit.systems.aws.faults import CallError, gap
from remit.systems.aws.objects import BEDROCK_AGENT, RUNTIME
from remit.systems.aws.session import Caller, Clients

HARNESS, FUNCTION = "agentcore:harness", "lambda:function"
_DRAFT = "DRAFT"
_MOST_CHARS = 2000
_OWNER_TAGS = frozenset(
    {"owner", "owners", "team", "contact", "maintainer", "owned-by", "ownedby", "owner-email", "owneremail", "owning-team", "squad"}
)
_BEDROCK, _AGENTCORE, _LAMBDA = "bedrock-agent", "bedrock-agentcore-control", "lambda"
Found = Iterator[NativeObject | Evidence | Gap]


class HostedReading:
    """One reading of one region."""

    def __init__(self, clients: Clients, connection: str, caller: Caller, region: str) -> None:
        self._clients = clients
        self._connection = connection
        self._caller = caller
        self._region = region

    def read(self) -> Found:
        """Every hosted agent of the region, and every function."""
        yield from self._each(_BEDROCK, "list_agents", "agentSummaries", "Bedrock agents", self._bedrock_agent)
        yield from self._each(_AGENTCORE, "list_agent_runtimes", "agentRuntimes", "AgentCore runtimes", self._runtime)
        yield from self._each(_AGENTCORE, "list_harnesses", "harnesses", "AgentCore harnesses", self._harness)
        yield from self._each(_LAMBDA, "list_functions", "Functions", "Lambda functions", self._function)

    def _each(self, service: str, method: str, key: str, what: str, read: Callable[[Mapping[str, Any]], Found]) -> Found:
        place = f"arn:{self._caller.partition}:{service}:{self._region}:{self._caller.account}:*"
        try:
            # The first page is asked for by itself, so that a server without this operation is not waited for.
            page = self._clients.optional(service, method, region=self._region)
            token = next((name for name in ("nextToken", "NextMarker") if page.get(name)), None)
            pages = self._clients.pages(service, method, region=self._region) if token else iter((page,))
            for listed in pages:
                for item in listed.get(key, ()):
                    yield from read(item)
        except CallError as error:
            yield gap(place, f"{what} in `{self._region}` were not read", error)

    def _bedrock_agent(self, summary: Mapping[str, Any]) -> Found:
        listed = f"arn:{self._caller.partition}:bedrock:{self._region}:{self._caller.account}:agent/{summary['agentId']}"
        try:
            agent = self._clients.call(_BEDROCK, "get_agent", region=self._region, agentId=summary["agentId"])["agent"]
        except CallError as error:
            yield gap(listed, "the agent's instruction, model and role were not read", error, is_whole=False)
            agent = dict(summary)
        arn = agent.get("agentArn") or listed
        tools = yield from self._names(
            arn, agent["agentId"], "list_agent_action_groups", "actionGroupSummaries", "actionGroupName", "tools"
        )
        others: tuple[str, ...] | None = ()
        if agent.get("agentCollaboration", "DISABLED") != "DISABLED":
            others = yield from self._names(
                arn, agent["agentId"], "list_agent_collaborators", "agentCollaboratorSummaries", "collaboratorName", "collaborators"
            )
        tags = yield from self._tags(_BEDROCK, arn)
        body = {
            "Arn": arn,
            "AgentId": agent["agentId"],
            "AgentName": agent.get("agentName"),
            "AgentResourceRoleArn": agent.get("agentResourceRoleArn"),
            "FoundationModel": agent.get("foundationModel"),
        }
        yield self._object(BEDROCK_AGENT, body, tags)
        seen = AgentSeen(
            place=Place(arn),
            framework="bedrock-agents",
            construct="AWS::Bedrock::Agent",
            language="aws",
            name=agent.get("agentName"),
            model=agent.get("foundationModel"),
            tools=tools,
            purpose=_text(agent.get("instruction"), agent.get("description")),
            purpose_place=Place(arn),
            delegates_to=others or (),
            kind=AgentKind.MANAGED,
        )
        yield from _about(seen, agent.get("agentResourceRoleArn"), "agentResourceRoleArn", tags)

    def _runtime(self, summary: Mapping[str, Any]) -> Found:
        arn = summary["agentRuntimeArn"]
        try:
            runtime = self._clients.call(_AGENTCORE, "get_agent_runtime", region=self._region, agentRuntimeId=summary["agentRuntimeId"])
        except CallError as error:
            yield gap(arn, "the runtime's role was not read", error, is_whole=False)
            runtime = dict(summary)
        tags = yield from self._tags(_AGENTCORE, arn)
        body = {
            "Arn": arn,
            "RuntimeId": summary["agentRuntimeId"],
            "RuntimeName": summary["agentRuntimeName"],
            "RoleArn": runtime.get("roleArn"),
        }
        yield self._object(RUNTIME, body, tags)
        seen = AgentSeen(
            place=Place(arn),
            framework="bedrock-agentcore",
            construct="AWS::BedrockAgentCore::Runtime",
            language="aws",
            name=summary["agentRuntimeName"],
            purpose=_text(runtime.get("description")),
            purpose_place=Place(arn),
            kind=AgentKind.PRODUCTION,
        )
        yield from _about(seen, runtime.get("roleArn"), "roleArn", tags)

    def _harness(self, summary: Mapping[str, Any]) -> Found:
        arn = summary["arn"]
        try:
            harness = self._clients.call(_AGENTCORE, "get_harness", region=self._region, harnessId=summary["harnessId"])["harness"]
        except CallError as error:
            yield gap(arn, "the harness's prompt, tools and role were not read", error, is_whole=False)
            harness = dict(summary)
        tags = yield from self._tags(_AGENTCORE, arn)
        body = {
            "Arn": arn,
            "HarnessId": summary["harnessId"],
            "HarnessName": summary["harnessName"],
            "ExecutionRoleArn": harness.get("executionRoleArn"),
        }
        yield self._object(HARNESS, body, tags)
        model = harness.get("model") or {}
        prompt = [part.get("text", "") for part in harness.get("systemPrompt") or () if isinstance(part, dict)]
        seen = AgentSeen(
            place=Place(arn),
            framework="bedrock-agentcore",
            construct="AWS::BedrockAgentCore::Harness",
            language="aws",
            name=summary["harnessName"],
            model=next((config["modelId"] for config in model.values() if isinstance(config, dict) and config.get("modelId")), None),
            tools=tuple(tool["name"] for tool in harness["tools"] if tool.get("name")) if "tools" in harness else None,
            purpose=_text(*prompt),
            purpose_place=Place(arn),
            kind=AgentKind.MANAGED,
        )
        yield from _about(seen, harness.get("executionRoleArn"), "executionRoleArn", tags)

    def _function(self, function: Mapping[str, Any]) -> Found:
        """A function is no agent by itself; whose role it runs with is worth knowing."""
        body = {name: function.get(name) for name in ("FunctionName", "Role", "Runtime")}
        yield self._object(FUNCTION, {"Arn": function["FunctionArn"], **body, "Description": function.get("Description", "")}, None)

    def _names(self, arn: str, agent: str, method: str, key: str, name: str, what: str) -> Generator[Gap, None, tuple[str, ...] | None]:
        """The names in a listing about one Bedrock agent; None where it could not be read."""
        found: list[str] = []
        token: dict[str, str] = {}
        try:
            while True:
                page = self._clients.optional(_BEDROCK, method, region=self._region, agentId=agent, agentVersion=_DRAFT, **token)
                found.extend(item[name] for item in page.get(key, ()))
                if not page.get("nextToken"):
                    return tuple(dict.fromkeys(found))
                token = {"nextToken": page["nextToken"]}
        except CallError as error:
            yield gap(arn, f"the agent's {what} were not read", error, is_whole=False)
            return None

    def _tags(self, service: str, arn: str) -> Generator[Gap, None, dict[str, str] | None]:
        try:
            return dict(self._clients.optional(service, "list_tags_for_resource", region=self._region, resourceArn=arn).get("tags") or {})
        except CallError as error:
            yield gap(arn, "tags were not read", error, is_whole=False)
            return None

    def _object(self, kind: str, body: dict[str, Any], tags: Mapping[str, str] | None) -> NativeObject:
        if tags is not None:
            body["Tags"] = dict(tags)
        return NativeObject(connection=self._connection, kind=kind, id=body["Arn"], body=body)


def _about(seen: AgentSeen, role: str | None, attribute: str, tags: Mapping[str, str] | None) -> Found:
    """An agent, the role that it runs with, and who a tag says answers for it."""
    yield seen
    if role:
        yield IdentitySeen(place=seen.place, ref=role, because=f"{attribute} of the agent", subject=seen.place)
    else:
        yield Gap(place=seen.place, kind=GapKind.UNRESOLVED, what="the agent's execution role is not known", is_file=False)
    for key, value in sorted((tags or {}).items()):
        if key.lower() in _OWNER_TAGS and value.strip():
            because = f"tag `{key}` of the agent"
            is_team = is_team_alone(key, value)
            yield OwnerSeen(place=seen.place, pattern=None, names=(value.strip(),), because=because, subject=seen.place, is_team=is_team)


def _text(*parts: str | None) -> str | None:
    joined = "\n".join(part.strip() for part in parts if part and part.strip())
    return joined[:_MOST_CHARS] or None
