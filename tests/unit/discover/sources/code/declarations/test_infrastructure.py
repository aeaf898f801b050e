"""Agents in infrastructure as code, and the identities that it gives them."""

from __future__ import annotations

import json

import pytest
from tests.unit.discover.sources.code.declarations.seen import seen, seen_in

from remit.model.agent import AgentKind
from remit.model.evidence import Role

MAIN = """resource "aws_bedrockagent_agent" "triage" {
  agent_name              = local.name
  foundation_model        = "anthropic.claude-3-5-sonnet-20240620-v1:0"
  agent_resource_role_arn = aws_iam_role.agent.arn
  instruction             = <<-EOT
    Triage the costs.
  EOT
  tags = {
    Owner = "ada@example.org"
    Cost  = "7"
  }
}

resource "aws_bedrockagent_agent_action_group" "a" {
  agent_id          = aws_bedrockagent_agent.triage.agent_id
  action_group_name = "list-costs"
}

resource "aws_bedrockagent_agent_action_group" "b" {
  agent_id          = aws_bedrockagent_agent.other.agent_id
  action_group_name = "not-ours"
}
"""
OTHER = 'locals {\n  name = "cost-triage"\n}\nresource "aws_iam_role" "agent" {\n  name = "cost-agent"\n}\n'


def test_a_terraform_agent_is_followed_through_its_module() -> None:
    found = seen({"infra/main.tf": MAIN, "infra/iam.tf": OTHER, "elsewhere/x.tf": 'locals {\n  name = "wrong"\n}\n'})
    agent = found.agent
    assert (agent.construct, agent.name, agent.aliases, agent.tools) == (
        "aws_bedrockagent_agent",
        "cost-triage",
        ("triage",),
        ("list-costs",),
    )
    assert (agent.model, agent.purpose, agent.kind) == ("anthropic.claude-3-5-sonnet-20240620-v1:0", "Triage the costs.", AgentKind.MANAGED)
    assert [(identity.ref, identity.place.line) for identity in found.identities if identity.subject == agent.place] == [
        ("aws:role/cost-agent", 4)
    ]
    (declared,) = (identity for identity in found.identities if identity.subject != agent.place)
    assert (declared.ref, str(declared.place), declared.about) == ("aws:role/cost-agent", "infra/iam.tf:5", ("role:cost-agent",))
    assert [(owner.names, owner.subject) for owner in found.owners] == [(("ada@example.org",), agent.place)]


@pytest.mark.parametrize(
    ("written", "ref"),
    [
        ('"arn:aws:iam::123456789012:role/x"', "arn:aws:iam::123456789012:role/x"),
        ('"arn:aws:iam::${data.aws_caller_identity.me.account_id}:role/svc/x"', "aws:role/x"),
        ("aws_iam_role.agent[0].arn", "aws:role/cost-agent"),
        ("var.role_arn", None),
        ("var.given != null ? var.given : aws_iam_role.agent.arn", None),
        ("aws_iam_role.unnamed.arn", None),
        ("module.iam.role_arn", None),
    ],
)
def test_a_role_is_named_when_the_module_settles_it_else_it_is_a_gap(written: str, ref: str | None) -> None:
    main = MAIN.replace("aws_iam_role.agent.arn", written)
    found = seen({"main.tf": main, "iam.tf": OTHER + 'resource "aws_iam_role" "unnamed" {\n  name_prefix = "x"\n}\n'})
    assert [identity.ref for identity in found.identities if identity.subject == found.agent.place] == ([] if ref is None else [ref])
    assert [gap.place.line for gap in found.gaps] == ([4] if ref is None else [])


def test_a_default_of_a_variable_settles_a_value_in_the_same_file_only() -> None:
    variable = 'variable "m" {\n  default = "model-1"\n}\n'
    main = MAIN.replace('"anthropic.claude-3-5-sonnet-20240620-v1:0"', "var.m")
    assert seen({"main.tf": main + variable, "iam.tf": OTHER}).agent.model == "model-1"
    assert seen({"main.tf": main, "variables.tf": variable, "iam.tf": OTHER}).agent.model is None


def test_a_broken_block_costs_no_other_agent() -> None:
    found = seen_in("main.tf", 'resource "aws_s3_bucket" "b" {\n  bucket = = 1\n}\n' + MAIN)
    assert found.agent.aliases == ("triage",)
    assert any(not gap.is_file for gap in found.gaps)


TEMPLATE = """Parameters:
  Model: {Type: String, Default: model-1}
  Stage: {Type: String}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties: {RoleName: !Sub 'agent-${Model}'}
  Helper:
    Type: AWS::Bedrock::Agent
    Properties:
      AgentName: !Ref Name
      FoundationModel: !Ref Model
      Instruction: Help people.
      AgentResourceRoleArn: !GetAtt Role.Arn
      ActionGroups:
        - ActionGroupName: orders
          ActionGroupExecutor: {Lambda: !GetAtt F.Arn}
      Tags: {team: payments}
  Broken: not a mapping
  Host:
    Type: AWS::BedrockAgentCore::Runtime
    Properties:
      AgentRuntimeName: host
      RoleArn: !Ref RoleParameter
      EnvironmentVariables: {OPENAI_API_KEY: x, LEVEL: y}
"""


def test_cloudformation_values_are_known_when_a_default_settles_them() -> None:
    found = seen_in("template.yaml", TEMPLATE)
    helper, host = found.agents
    assert (helper.construct, helper.name, helper.model, helper.tools, helper.aliases) == (
        "AWS::Bedrock::Agent",
        None,
        "model-1",
        ("orders",),
        ("Helper",),
    )
    assert (helper.place.line, helper.purpose, helper.purpose_place and helper.purpose_place.line) == (8, "Help people.", 13)
    assert (host.name, host.place.line) == ("host", 20)
    named = [(identity.ref, identity.about) for identity in found.identities]
    assert named == [("aws:role/agent-model-1", ("role:agent-model-1",)), ("aws:role/agent-model-1", ())]
    assert [gap.place.line for gap in found.gaps] == [24]
    assert [credential.name for credential in found.credentials] == ["OPENAI_API_KEY"]
    assert [owner.names for owner in found.owners] == [("payments",)]


def test_cloudformation_in_json_reads_the_same() -> None:
    resource = {
        "Type": "AWS::Bedrock::Agent",
        "Properties": {"AgentName": "a", "FoundationModel": {"Fn::Sub": "m-${Stage}"}, "AgentResourceRoleArn": "arn:aws:iam::1:role/r"},
    }
    found = seen_in("t.json", json.dumps({"Parameters": {"Stage": {"Default": "dev"}}, "Resources": {"A": resource}}, indent=1))
    assert (found.agent.name, found.agent.model, found.agent.language) == ("a", "m-dev", "json")
    assert [identity.ref for identity in found.identities] == ["arn:aws:iam::1:role/r"]


KAGENT = """apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: mc}
spec: {model: gpt-4o}
---
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata:
  name: helper
  namespace: prod
  labels: {team: platform}
spec:
  description: Helps
  declarative:
    modelConfig: mc
    systemMessage: You help.
    deployment: {serviceAccountName: helper-sa}
    tools:
      - type: McpServer
        mcpServer: {name: s, kind: RemoteMCPServer, toolNames: [one, two]}
      - type: Agent
        agent: {name: other}
---
apiVersion: kagent.dev/v1alpha2
kind: RemoteMCPServer
metadata: {name: s}
spec: {url: 'http://u:p@s:8080/mcp?x=1', protocol: STREAMABLE_HTTP}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: helper-sa
  namespace: prod
  annotations: {eks.amazonaws.com/role-arn: 'arn:aws:iam::123456789012:role/helper'}
"""


def test_an_agent_resource_of_kubernetes_is_read_with_its_identities() -> None:
    found = seen_in("agent.yaml", KAGENT)
    agent = found.agent
    assert (agent.framework, agent.name, agent.model, agent.place.line) == ("kagent", "helper", "gpt-4o", 6)
    assert (agent.tools, agent.delegates_to, agent.purpose) == (("one", "two", "other"), ("other",), "Helps\n\nYou help.")
    assert [identity.ref for identity in found.identities] == ["kubernetes:prod/helper-sa", "arn:aws:iam::123456789012:role/helper"]
    assert (found.server.name, found.server.transport, found.server.command_or_url) == ("s", "http", "http://s:8080/mcp")
    assert [owner.names for owner in found.owners] == [("platform",)]


def test_a_helm_template_of_an_agent_is_read_as_far_as_it_is_plain() -> None:
    text = (
        "{{- if .Values.agent.enabled }}\n"
        "apiVersion: kagent.dev/v1alpha2\n"
        "kind: Agent\n"
        "metadata:\n"
        '  name: {{ include "x.name" . }}\n'
        "  labels:\n"
        '    {{- include "x.labels" . | nindent 4 }}\n'
        "spec:\n"
        "  description: Helps\n"
        "  declarative:\n"
        "    systemMessage: |\n"
        "      Use {{ .Values.x }}.\n"
        "{{- end }}\n"
    )
    agent = seen_in("chart/templates/agent.yaml", text).agent
    assert (agent.name, agent.purpose, agent.place.line) == (None, "Helps", 2)


DEPLOYMENT = """apiVersion: apps/v1
kind: {kind}
metadata:
  name: bot
{namespace}
spec:
  template:
    spec:
      serviceAccountName: bot-sa
      containers:
        - name: main
          image: registry.example.org/bot:1
          env:
            - {{name: OPENAI_API_KEY, valueFrom: {{secretKeyRef: {{name: k, key: k}}}}}}
            - {{name: DATABASE_URL, value: 'postgresql://bot:pw123456@db/finops'}}
"""


def test_a_workload_with_a_model_key_is_a_deployment_with_its_identities() -> None:
    found = seen_in("k8s/bot.yaml", DEPLOYMENT.format(kind="Deployment", namespace="  namespace: prod"))
    assert [(other.role, other.name, other.key) for other in found.others] == [(Role.DEPLOYMENT, "bot", "image:registry.example.org/bot:1")]
    assert {identity.ref for identity in found.identities} == {"kubernetes:prod/bot-sa", "postgres:finops/bot"}
    assert {credential.name for credential in found.credentials} == {"OPENAI_API_KEY", "DATABASE_URL"}


def test_a_service_account_without_a_namespace_is_a_gap() -> None:
    found = seen_in("k8s/bot.yaml", DEPLOYMENT.format(kind="Deployment", namespace=""))
    assert {identity.ref for identity in found.identities} == {"postgres:finops/bot"}
    assert [gap.is_file for gap in found.gaps] == [False]


def test_the_cloud_role_of_a_service_account_in_a_neighbour_file_is_found() -> None:
    account = (
        "apiVersion: v1\n"
        "kind: ServiceAccount\n"
        "metadata:\n"
        "  name: bot-sa\n"
        "  annotations:\n"
        "    iam.gke.io/gcp-service-account: bot@p.iam.gserviceaccount.com\n"
    )
    found = seen({"k8s/bot.yaml": DEPLOYMENT.format(kind="Deployment", namespace="  namespace: prod"), "k8s/sa.yaml": account})
    refs = {identity.ref: identity.place.path for identity in found.identities}
    assert refs["gcp:service-account/bot@p.iam.gserviceaccount.com"] == "k8s/sa.yaml"


@pytest.mark.parametrize("image", ["ollama/ollama:latest", "postgres:16", "datadog/agent:7"])
def test_servers_of_models_and_monitors_are_no_deployment_of_an_agent(image: str) -> None:
    text = DEPLOYMENT.format(kind="Deployment", namespace="").replace("registry.example.org/bot:1", image)
    assert not seen_in("k8s/x.yaml", text).others


COMPOSE = """services:
  agent:
    build: ./app
    models: [llm]
    environment:
      - OPENAI_API_KEY=${OPENAI_API_KEY}
      - DATABASE_URL=postgres://svc:secretpw1@db:5432/shop
    labels: {owner: shop-team}
  gateway:
    image: docker/mcp-gateway:latest
    command: ['--servers=duckduckgo,github', --transport=sse]
  db:
    image: postgres:16
models:
  llm: {model: ai/qwen3}
"""


def test_a_compose_service_with_a_model_is_a_deployment_of_its_folder() -> None:
    found = seen_in("deploy/compose.yaml", COMPOSE)
    service = found.others[0]
    assert [other.name for other in found.others] == ["agent"]
    assert (service.role, service.key, service.model, service.place.line) == (Role.DEPLOYMENT, "dir:deploy/app", "ai/qwen3", 2)
    assert [identity.ref for identity in found.identities] == ["postgres:shop/svc"]
    assert [server.name for server in found.servers] == ["duckduckgo", "github"]
    assert [owner.names for owner in found.owners] == [("shop-team",)]


def test_a_bicep_agent_is_found_by_its_type() -> None:
    text = (
        "param x string\n"
        "\n"
        "resource helper 'Microsoft.CognitiveServices/accounts/projects/agents@2025-01-01' = {\n"
        "  name: 'helper'\n"
        "  properties: {\n"
        "    definition: {\n"
        "      model: 'gpt-4o'\n"
        "      instructions: 'Help.'\n"
        "    }\n"
        "  }\n"
        "}\n"
    )
    agent = seen_in("main.bicep", text).agent
    assert (agent.name, agent.model, agent.purpose, agent.place.line) == ("helper", "gpt-4o", "Help.", 3)
