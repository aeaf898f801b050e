"""Agents in TypeScript: Mastra and the Vercel AI SDK, with the AWS SDK and node-postgres."""

# ruff: noqa: E501 - records and templates read better in one line
from __future__ import annotations

import json

from tests.estate import operations
from tests.estate.code import tools
from tests.estate.names import camel
from tests.estate.truth import ACCOUNT, Agent, Doing

_COMMANDS = {
    "s3.get": ("s3", "S3Client", "GetObjectCommand", "{{ Bucket: '{bucket}', Key: `{prefix}/${{{arg}}}.json` }}"),
    "s3.put": ("s3", "S3Client", "PutObjectCommand", "{{ Bucket: '{bucket}', Key: `{prefix}/${{{arg}}}.html`, Body: text }}"),
    "s3.list": ("s3", "S3Client", "ListObjectsV2Command", "{{ Bucket: '{bucket}', Prefix: '{prefix}/' }}"),
    "ddb.get": ("dynamodb", "DynamoDBClient", "GetItemCommand", "{{ TableName: '{on}', Key: {{ id: {{ S: {arg} }} }} }}"),
    "ddb.query": (
        "dynamodb", "DynamoDBClient", "QueryCommand",
        "{{ TableName: '{on}', KeyConditionExpression: 'id = :v', ExpressionAttributeValues: {{ ':v': {{ S: {arg} }} }} }}",
    ),
    "ddb.put": ("dynamodb", "DynamoDBClient", "PutItemCommand", "{{ TableName: '{on}', Item: {{ id: {{ S: {arg} }}, text: {{ S: text }} }} }}"),
    "sqs.send": ("sqs", "SQSClient", "SendMessageCommand", "{{ QueueUrl: '{url}', MessageBody: {arg} }}"),
    "sns.publish": ("sns", "SNSClient", "PublishCommand", "{{ TopicArn: '{arn}', Message: {arg} }}"),
    "secrets.get": ("secrets-manager", "SecretsManagerClient", "GetSecretValueCommand", "{{ SecretId: '{on}' }}"),
    "logs.filter": ("cloudwatch-logs", "CloudWatchLogsClient", "FilterLogEventsCommand", "{{ logGroupName: '{on}', filterPattern: {arg} }}"),
}  # fmt: skip


def write(agent: Agent, region: str) -> dict[str, str]:
    """Files of an agent, by path inside its folder."""
    used = tools.tools_of(agent)
    mastra = agent.form == "mastra"
    names = ", ".join(_name(doing) for doing in used)
    parts = [_imports(agent, used, mastra), *(_tool(agent, doing, region, mastra) for doing in used)]
    prompt = json.dumps(agent.prompt) if "`" in agent.prompt or "${" in agent.prompt else f"`{agent.prompt}`"
    variable = camel(agent.title)[0].lower() + camel(agent.title)[1:]
    if mastra:
        body = (
            "import { Agent } from '@mastra/core/agent';\nimport { openai } from '@ai-sdk/openai';\n"
            f"import {{ {names} }} from './tools';\n\nexport const {variable} = new Agent({{\n  name: '{agent.title}',\n"
            f"  description: '{agent.says}',\n  instructions: {prompt},\n  model: openai('{agent.model}'),\n  tools: {{ {names} }},\n}});\n"
        )
        agent_file, tools_file = f"src/mastra/agents/{variable}.ts", "src/mastra/agents/tools.ts"
    else:
        body = (
            "import { generateText, stepCountIs } from 'ai';\nimport { openai } from '@ai-sdk/openai';\n"
            f"import {{ {names} }} from './tools';\n\nexport async function {variable}(task: string) {{\n  const {{ text }} = await generateText({{\n"
            f"    model: openai('{agent.model}'),\n    system: {prompt},\n    prompt: task,\n    tools: {{ {names} }},\n"
            "    stopWhen: stepCountIs(12),\n  });\n  return text;\n}\n"
        )
        agent_file, tools_file = "src/agent.ts", "src/tools.ts"
    packages = {"ai": "^5.0.0", "@ai-sdk/openai": "^2.0.0", "zod": "^3.23.0"} | ({"@mastra/core": "^0.20.0"} if mastra else {})
    manifest = {"name": agent.slug, "private": True, "type": "module", "description": agent.says, "dependencies": packages}
    return {agent_file: body, tools_file: "\n".join(parts), "package.json": json.dumps(manifest, indent=2) + "\n"}


def _name(doing: Doing) -> str:
    return camel(doing.tool)[0].lower() + camel(doing.tool)[1:]


def _imports(agent: Agent, used: list[Doing], mastra: bool) -> str:
    lines = ["import { z } from 'zod';", "import { createTool } from '@mastra/core/tools';" if mastra else "import { tool } from 'ai';"]
    for package, client in sorted({_COMMANDS[doing.op][:2] for doing in used if doing.system == "aws"}):
        commands = sorted({_COMMANDS[doing.op][2] for doing in used if doing.system == "aws" and _COMMANDS[doing.op][0] == package})
        lines.append(f"import {{ {client}, {', '.join(commands)} }} from '@aws-sdk/client-{package}';")
    if agent.database is not None:
        lines.append("import pg from 'pg';")
        setting = agent.names.get("database_env", "DATABASE_URL")
        lines.append(f"\nconst pool = new pg.Pool({{ connectionString: process.env.{setting} }});")
    clients = sorted({_COMMANDS[doing.op][1] for doing in used if doing.system == "aws"})
    lines += [f"const {_variable(client)} = new {client}({{}});" for client in clients]
    return "\n".join(lines) + "\n"


def _variable(client: str) -> str:
    return client.removesuffix("Client").lower()


def _tool(agent: Agent, doing: Doing, region: str, mastra: bool) -> str:
    if doing.system == "postgres":
        statement = operations.numbered(operations.sql(doing, "%s"))
        inputs = list(doing.columns) if doing.op == "pg.insert" else [*doing.columns, doing.key] if doing.op == "pg.update" else [doing.key]
        call = f"(await pool.query('{statement}', [{', '.join(inputs)}])).rows"
    else:
        _, client, command, shape = _COMMANDS[doing.op]
        bucket, _, prefix = doing.on.partition("/")
        inputs = ([doing.arg] if doing.arg else []) + (["text"] if doing.op in {"s3.put", "ddb.put"} else [])
        url = f"https://sqs.{region}.amazonaws.com/{ACCOUNT}/{doing.on}"
        given = shape.format(bucket=bucket, prefix=prefix, arg=doing.arg, on=doing.on, url=url, arn=doing.resource)
        call = f"await {_variable(client)}.send(new {command}({given}))"
    schema = ", ".join(f"{name}: z.string()" for name in dict.fromkeys(inputs))
    taken = ", ".join(dict.fromkeys(inputs))
    if mastra:
        return (
            f"export const {_name(doing)} = createTool({{\n  id: '{doing.tool}',\n  description: '{doing.says}',\n"
            f"  inputSchema: z.object({{ {schema} }}),\n  execute: async ({{ context: {{ {taken} }} }}) => {call},\n}});\n"
        )
    return (
        f"export const {_name(doing)} = tool({{\n  description: '{doing.says}',\n  inputSchema: z.object({{ {schema} }}),\n"
        f"  execute: async ({{ {taken} }}) => {call},\n}});\n"
    )
