"""What tools can do: each operation with its native actions, what it is done on, and how systems record it."""

from __future__ import annotations

import re

from tests.estate.truth import ACCOUNT, Doing

AWS = {
    "s3.get": ("s3:GetObject",),
    "s3.put": ("s3:PutObject",),
    "s3.list": ("s3:ListBucket",),
    "s3.delete": ("s3:DeleteObject",),
    "ddb.get": ("dynamodb:GetItem",),
    "ddb.query": ("dynamodb:Query",),
    "ddb.put": ("dynamodb:PutItem",),
    "ddb.scan": ("dynamodb:Scan",),
    "ddb.delete": ("dynamodb:DeleteItem",),
    "sqs.send": ("sqs:SendMessage",),
    "sqs.purge": ("sqs:PurgeQueue",),
    "sns.publish": ("sns:Publish",),
    "secrets.get": ("secretsmanager:GetSecretValue",),
    "secrets.list": ("secretsmanager:ListSecrets",),
    "logs.filter": ("logs:FilterLogEvents",),
    "bedrock.invoke": ("bedrock:InvokeModel",),
    "lambda.invoke": ("lambda:InvokeFunction",),
}
POSTGRES = {"pg.select": ("select",), "pg.insert": ("insert",), "pg.update": ("update",), "pg.delete": ("delete",)}


def arn_of(op: str, on: str, region: str) -> str:
    """The resource of an operation in AWS's naming."""
    service = op.split(".")[0]
    if service == "s3":
        bucket, _, prefix = on.partition("/")
        return (
            f"arn:aws:s3:::{bucket}" if op == "s3.list" else f"arn:aws:s3:::{bucket}/{prefix}/*" if prefix else f"arn:aws:s3:::{bucket}/*"
        )
    if service == "ddb":
        return f"arn:aws:dynamodb:{region}:{ACCOUNT}:table/{on}"
    if service in {"sqs", "sns"}:
        return f"arn:aws:{service}:{region}:{ACCOUNT}:{on}"
    if op == "secrets.list":
        return "*"
    if service == "secrets":
        return f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{on}*"
    if service == "logs":
        return f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{on}:*"
    if service == "bedrock":
        return f"arn:aws:bedrock:{region}::foundation-model/{on}"
    if service == "lambda":
        return f"arn:aws:lambda:{region}:{ACCOUNT}:function:{on}"
    raise ValueError(op)


def doing(
    op: str, on: str, region: str, *, tool: str = "", says: str = "", columns: tuple[str, ...] = (), key: str = "", arg: str = ""
) -> Doing:
    """One operation on one thing."""
    if op in AWS:
        return Doing(tool, says, op, "aws", AWS[op], arn_of(op, on, region), columns, key, arg, on)
    return Doing(tool, says, op, "postgres", POSTGRES[op], on, columns, key, arg, on)


def sql(what: Doing, value: str) -> str:
    """The statement that a tool sends, as the log shows it."""
    chosen = ", ".join(what.columns)
    if what.op == "pg.select":
        return f"SELECT {chosen or '*'} FROM {what.on} WHERE {what.key or 'true'}" + (f" = {value}" if what.key else "")
    if what.op == "pg.insert":
        return f"INSERT INTO {what.on} ({chosen}) VALUES ({', '.join([value] * len(what.columns))})"
    if what.op == "pg.update":
        changes = ", ".join(f"{column} = {value}" for column in what.columns)
        return f"UPDATE {what.on} SET {changes} WHERE {what.key} = {value}"
    return f"DELETE FROM {what.on} WHERE {what.key} = {value}"


def numbered(statement: str) -> str:
    """`%s` as the server writes parameters: `$1`, `$2` ..."""
    count = iter(range(1, 100))
    return re.sub(r"%s", lambda _: f"${next(count)}", statement)
