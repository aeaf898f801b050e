"""Tools of agents in Python: boto3 and psycopg, the way people write them."""

# ruff: noqa: E501 - records and templates read better in one line
from __future__ import annotations

from string import Template

from tests.estate import operations
from tests.estate.names import Draw, snake
from tests.estate.truth import ACCOUNT, Agent, Doing

DATABASE_ENV = ("DATABASE_URL", "PG_DSN", "APP_DATABASE_URL", "WAREHOUSE_URL")
ROLE_ENV = ("AGENT_ROLE_ARN", "ASSUME_ROLE_ARN", "TASK_ROLE_ARN")
_CLIENTS = {"s3": "s3", "ddb": "dynamodb", "sqs": "sqs", "sns": "sns", "secrets": "secretsmanager", "logs": "logs"}
_BODY = {
    "s3.get": ("$arg: str", "str", 'found = s3.get_object(Bucket=$bucket, Key=f"$prefix/{$arg}.json")\n    return found["Body"].read().decode()'),
    "s3.list": ("", "list[str]", 'found = s3.list_objects_v2(Bucket=$bucket, Prefix="$prefix/")\n    return [item["Key"] for item in found.get("Contents", [])]'),
    "s3.put": ("$arg: str, text: str", "str", 's3.put_object(Bucket=$bucket, Key=f"$prefix/{$arg}.html", Body=text.encode())\n    return "stored"'),
    "ddb.get": ("$arg: str", "dict", 'return dynamodb.get_item(TableName=$on, Key={"id": {"S": $arg}}).get("Item", {})'),
    "ddb.query": (
        "$arg: str", "list",
        'return dynamodb.query(TableName=$on, KeyConditionExpression="id = :v", ExpressionAttributeValues={":v": {"S": $arg}})["Items"]',
    ),
    "ddb.put": ("$arg: str, text: str", "str", 'dynamodb.put_item(TableName=$on, Item={"id": {"S": $arg}, "text": {"S": text}})\n    return "added"'),
    "sqs.send": ("$arg: str", "str", 'sqs.send_message(QueueUrl=$url, MessageBody=$arg)\n    return "sent"'),
    "sns.publish": ("$arg: str", "str", 'sns.publish(TopicArn=$arn, Message=$arg)\n    return "published"'),
    "secrets.get": ("", "str", 'return secretsmanager.get_secret_value(SecretId=$on)["SecretString"]'),
    "logs.filter": ("$arg: str", "list", 'return logs.filter_log_events(logGroupName=$on, filterPattern=$arg, limit=50)["events"]'),
}  # fmt: skip


def tools_of(agent: Agent) -> list[Doing]:
    """What it does by tools of its own (its model is called by the framework)."""
    return [doing for doing in agent.doings if doing.tool and doing.op in {*_BODY, *operations.POSTGRES}]


def module(draw: Draw, agent: Agent, region: str, imports: str, decorator: str) -> str:
    """The module `tools.py` of an agent. `decorator` stands above each tool, `$name` in it is the tool's name."""
    constants: dict[str, str] = {}
    how = draw.one(("constant", "inline", "constant"))
    functions = [_function(doing, constants, how, region, decorator, draw) for doing in tools_of(agent)]
    services = sorted({doing.op.split(".")[0] for doing in tools_of(agent) if doing.system == "aws"})
    parts = [f'"""{agent.says}"""\n', "import os\n"]
    if services:
        parts.append("import boto3")
    if agent.database is not None:
        parts.append("import psycopg\nfrom psycopg.rows import dict_row")
    parts.append(imports + "\n")
    parts += [f"{name} = {value}" for name, value in constants.items()]
    if services and agent.aws is not None:
        parts.append("\n" + _session(agent, services))
    parts += ["", "", "\n\n\n".join(functions), ""]
    return "\n".join(parts)


def _session(agent: Agent, services: list[str]) -> str:
    assert agent.aws is not None
    lines = []
    if agent.aws.style == "assume":
        lines += [
            'assumed = boto3.client("sts").assume_role(',
            f'    RoleArn=os.environ["{agent.names["role_env"]}"], RoleSessionName="{agent.session}"',
            ')["Credentials"]',
            "session = boto3.Session(",
            '    aws_access_key_id=assumed["AccessKeyId"],',
            '    aws_secret_access_key=assumed["SecretAccessKey"],',
            '    aws_session_token=assumed["SessionToken"],',
            ")",
        ]
    elif agent.aws.style == "profile":
        lines.append(f'session = boto3.Session(profile_name="{agent.slug}")')
    maker = "session" if lines else "boto3"
    return "\n".join([*lines, *(f'{_CLIENTS[service]} = {maker}.client("{_CLIENTS[service]}")' for service in services)])


def _function(doing: Doing, constants: dict[str, str], how: str, region: str, decorator: str, draw: Draw) -> str:
    if doing.system == "postgres":
        arguments, returned, body = _statement(doing)
    else:
        arguments, returned, body = _BODY[doing.op]
        bucket, _, prefix = doing.on.partition("/")
        values = {"arg": doing.arg, "prefix": prefix}
        literals = {
            "bucket": ("BUCKET", bucket), "on": ("NAME", doing.on),
            "url": ("QUEUE_URL", f"https://sqs.{region}.amazonaws.com/{ACCOUNT}/{doing.on}"), "arn": ("TOPIC_ARN", doing.resource),
        }  # fmt: skip
        for key, (suffix, value) in literals.items():
            if f"${key}" in body:
                name = f"{snake(doing.on.split('/')[0].split('-', 2)[-1]).upper()}_{suffix}"
                if how == "constant":
                    constants[name] = f'"{value}"'
                values[key] = name if how == "constant" else f'"{value}"'
        arguments, body = Template(arguments).substitute(values), Template(body).substitute(values)
    above = decorator.replace("$name", doing.tool)
    described = f'"""{doing.says}"""' if "Args" not in decorator else ""
    if "# google-style" in decorator:
        above = above.replace("# google-style", "").rstrip()
        listed = "".join(f"        {part.split(':')[0].strip()}: what to look for.\n" for part in arguments.split(",") if part.strip())
        described = f'"""{doing.says}\n\n    Args:\n{listed}    """' if listed else f'"""{doing.says}"""'
    return (f"{above}\n" if above else "") + f"def {doing.tool}({arguments}) -> {returned}:\n    {described}\n    {body}"


def _statement(doing: Doing) -> tuple[str, str, str]:
    statement = operations.sql(doing, "%s").replace('"', '\\"')
    if doing.op in {"pg.insert", "pg.update"}:
        parameters = list(dict.fromkeys([*doing.columns, *([doing.key] if doing.op == "pg.update" else [])]))
    else:
        parameters = [doing.key]
    arguments = ", ".join(f"{name}: str" for name in parameters)
    values = ", ".join(parameters) + ("," if len(parameters) == 1 else "")
    call = f'connection.execute("{statement}", ({values}))'
    opened = "with psycopg.connect(os.environ[DATABASE_SETTING], row_factory=dict_row) as connection:"
    if doing.op == "pg.select":
        return arguments, "list[dict]", f"{opened}\n        return {call}.fetchall()"
    return arguments, "str", f'{opened}\n        {call}\n    return "done"'
