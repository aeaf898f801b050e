"""What deploys the agents: compose files, Terraform, Kubernetes manifests, profiles and environment files."""

# ruff: noqa: E501 - records and templates read better in one line
from __future__ import annotations

import json
import textwrap

from tests.estate.names import Draw, snake
from tests.estate.truth import ACCOUNT, Agent, AwsIdentity, Company

Files = dict[str, str]
MODEL_KEYS = {
    "openai-agents": "OPENAI_API_KEY", "langgraph": "OPENAI_API_KEY", "crewai": "OPENAI_API_KEY", "pydantic-ai": "OPENAI_API_KEY",
    "hand-rolled": "ANTHROPIC_API_KEY", "autogen": "OPENAI_API_KEY", "smolagents": "HF_TOKEN", "mastra": "OPENAI_API_KEY",
    "vercel-ai": "OPENAI_API_KEY", "agno": "OPENAI_API_KEY", "notebook": "OPENAI_API_KEY", "claude-sdk": "ANTHROPIC_API_KEY",
}  # fmt: skip


def dsn(made: Company, agent: Agent, password: str = "") -> str:
    """The address of the database as an agent's configuration writes it."""
    assert agent.database is not None
    secret = f":{password}" if password else ""
    return f"postgresql://{agent.database.role}{secret}@{agent.names['database_host']}:5432/{made.database}"


def environment(made: Company, agent: Agent) -> dict[str, str]:
    """What is in the environment of an agent's process."""
    found: dict[str, str] = {}
    if agent.form in MODEL_KEYS:
        found[MODEL_KEYS[agent.form]] = "${" + MODEL_KEYS[agent.form] + "}"
    if agent.aws is not None and agent.aws.style == "assume":
        found[agent.names["role_env"]] = agent.aws.arn
    if agent.aws is not None and agent.aws.style == "profile":
        found["AWS_CONFIG_FILE"] = "/app/deploy/aws/config"
    if agent.database is not None:
        found[agent.names["database_env"]] = dsn(made, agent, "${DB_PASSWORD}")
    found["AWS_REGION"] = made.region
    return found


def write(draw: Draw, made: Company, agent: Agent) -> Files:
    """Files inside an agent's folder that deploy it."""
    style = agent.aws.style if agent.aws else draw.one(("compose", "k8s"))
    files: Files = {}
    if style == "keys" and agent.aws is not None:
        lines = [f"AWS_ACCESS_KEY_ID={agent.aws.key_id}", f"AWS_SECRET_ACCESS_KEY={agent.aws.secret}", f"AWS_REGION={made.region}"]
        if agent.database is not None:
            lines.append(f"{agent.names['database_env']}={dsn(made, agent, made.canaries['env'])}")
        files[draw.one((".env", ".env.production", "deploy/prod.env"))] = "\n".join(lines) + "\n"
    elif style == "profile" and agent.aws is not None:
        profile = f"[profile {agent.slug}]\nrole_arn = {agent.aws.arn}\ncredential_source = Ec2InstanceMetadata\nregion = {made.region}\n"
        files["deploy/aws/config"] = profile
    if style == "k8s":
        files[draw.one(("deploy/k8s.yaml", "k8s/deployment.yaml"))] = _manifest(made, agent)
    elif style == "ecs":
        files[draw.one(("deploy/main.tf", "infra/task.tf"))] = _task(made, agent)
    elif style in {"assume", "profile", "compose"}:
        files[draw.one(("docker-compose.yml", "compose.yaml"))] = compose({agent.slug: (".", environment(made, agent))})
    example = [f"{name}=" + ("" if "KEY" in name or "TOKEN" in name else value) for name, value in environment(made, agent).items()]
    files[".env.example"] = "# copy to .env and fill in\n" + "\n".join(example) + "\n"
    return files


def compose(services: dict[str, tuple[str, dict[str, str]]]) -> str:
    """A compose file: name -> (build folder, environment)."""
    lines = ["services:"]
    for name, (build, variables) in services.items():
        lines += [f"  {name}:", f"    build: {build}", "    restart: unless-stopped", "    environment:"]
        lines += [f"      {key}: {json.dumps(value)}" for key, value in variables.items()]
    return "\n".join(lines) + "\n"


def _manifest(made: Company, agent: Agent) -> str:
    annotations = f"\n  annotations:\n    eks.amazonaws.com/role-arn: {agent.aws.arn}" if agent.aws else ""
    variables = "".join(
        f"\n            - name: {key}\n              value: {json.dumps(value)}" for key, value in environment(made, agent).items()
    )
    namespace = snake(agent.team).replace("_", "-")
    return f"""apiVersion: v1
kind: ServiceAccount
metadata:
  name: {agent.slug}
  namespace: {namespace}{annotations}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {agent.slug}
  namespace: {namespace}
spec:
  replicas: 1
  selector:
    matchLabels: {{app: {agent.slug}}}
  template:
    metadata:
      labels: {{app: {agent.slug}}}
    spec:
      serviceAccountName: {agent.slug}
      containers:
        - name: {agent.slug}
          image: {ACCOUNT}.dkr.ecr.{made.region}.amazonaws.com/{agent.slug}:1.4.2
          env:{variables}
"""


def _task(made: Company, agent: Agent) -> str:
    assert agent.aws is not None
    variables = ", ".join(
        f'{{ name = "{key}", value = {json.dumps(value).replace("${", "$${")} }}' for key, value in environment(made, agent).items()
    )
    return (
        role(made, agent.aws)
        + f"""
resource "aws_ecs_task_definition" "{snake(agent.slug)}" {{
  family                   = "{agent.slug}"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 512
  memory                   = 1024
  task_role_arn            = aws_iam_role.{snake(agent.aws.name)}.arn
  container_definitions = jsonencode([{{
    name        = "{agent.slug}"
    image       = "{ACCOUNT}.dkr.ecr.{made.region}.amazonaws.com/{agent.slug}:latest"
    environment = [{variables}]
  }}])
}}
"""
    )


def role(made: Company, identity: AwsIdentity) -> str:
    """A role in Terraform, with its inline policies."""
    label = snake(identity.name)
    tags = "".join(f'\n    {key} = "{value}"' for key, value in identity.tags.items())
    text = f"""resource "aws_iam_role" "{label}" {{
  name = "{identity.name}"
  path = "{identity.path}"
  assume_role_policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{ Effect = "Allow", Action = "sts:AssumeRole", Principal = {{ Service = "ecs-tasks.amazonaws.com" }} }}]
  }})
  tags = {{{tags}
  }}
}}
"""
    for name, document in identity.inline.items():
        body = textwrap.indent(json.dumps(document, indent=2), "  ").lstrip()
        text += f'\nresource "aws_iam_role_policy" "{label}_{snake(name)}" {{\n  name   = "{name}"\n  role   = aws_iam_role.{label}.id\n  policy = <<-EOT\n  {body}\n  EOT\n}}\n'
    return text


def bedrock(made: Company, agent: Agent) -> str:
    """The agent in Bedrock, its action group and the function behind it."""
    assert agent.aws is not None
    function = agent.names["function"]
    prompt = textwrap.indent(agent.prompt.rstrip(), "    ")
    owner = f'\n    owner = "{agent.owner.mail}"' if agent.owner else ""
    return (
        role(made, agent.aws).replace("ecs-tasks.amazonaws.com", "bedrock.amazonaws.com")
        + f"""
resource "aws_bedrockagent_agent" "{snake(agent.title)}" {{
  agent_name              = "{agent.slug}"
  agent_resource_role_arn = aws_iam_role.{snake(agent.aws.name)}.arn
  foundation_model        = "{agent.model}"
  description             = "{agent.says}"
  instruction             = <<-EOT
{prompt}
  EOT
  tags = {{
    team = "{agent.team}"{owner}
  }}
}}

resource "aws_bedrockagent_agent_action_group" "lookups" {{
  action_group_name = "lookups"
  agent_id          = aws_bedrockagent_agent.{snake(agent.title)}.agent_id
  agent_version     = "DRAFT"
  action_group_executor {{
    lambda = "arn:aws:lambda:{made.region}:{ACCOUNT}:function:{function}"
  }}
  function_schema {{
    member_functions {{
      functions {{
        name        = "look_up_section"
        description = "Find the section of the handbook that a question is about."
      }}
    }}
  }}
}}
"""
    )
