"""Tries things as an agent itself, by boto3 and psycopg, and takes pictures of both systems: never through the product."""

# ruff: noqa: E501 - tables and calls read better in one line
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import botocore.exceptions
import psycopg
from botocore.handlers import json_decode_policies
from tests.estate import operations, postgres
from tests.estate.generate import Estate
from tests.estate.truth import ACCOUNT, Agent, Doing

ALLOWED, DENIED, UNTRIED = "allowed", "denied", "untried"
_REFUSALS = {
    "AccessDenied", "AccessDeniedException", "AccessDeniedFault", "403", "InvalidClientTokenId", "InvalidAccessKeyId", "AuthFailure",
    "UnrecognizedClientException", "SignatureDoesNotMatch",
}  # fmt: skip
_TRIES: dict[str, tuple[str, Callable[[Any, str, str, str], object]]] = {
    "s3.get": ("s3", lambda c, on, url, arn: c.get_object(Bucket=on.partition("/")[0], Key=f"{on.partition('/')[2]}/estate-check.json")),
    "s3.put": (
        "s3",
        lambda c, on, url, arn: c.put_object(Bucket=on.partition("/")[0], Key=f"{on.partition('/')[2]}/estate-check.html", Body=b""),
    ),
    "s3.list": ("s3", lambda c, on, url, arn: c.list_objects_v2(Bucket=on.partition("/")[0], MaxKeys=1)),
    "s3.delete": (
        "s3",
        lambda c, on, url, arn: c.delete_object(Bucket=on.partition("/")[0], Key=f"{on.partition('/')[2]}/estate-check.gone"),
    ),
    "ddb.get": ("dynamodb", lambda c, on, url, arn: c.get_item(TableName=on, Key={"id": {"S": "estate-check"}})),
    "ddb.query": (
        "dynamodb",
        lambda c, on, url, arn: c.query(TableName=on, KeyConditionExpression="id = :v", ExpressionAttributeValues={":v": {"S": "x"}}),
    ),
    "ddb.put": ("dynamodb", lambda c, on, url, arn: c.put_item(TableName=on, Item={"id": {"S": "estate-check"}})),
    "ddb.scan": ("dynamodb", lambda c, on, url, arn: c.scan(TableName=on, Limit=1)),
    "ddb.delete": ("dynamodb", lambda c, on, url, arn: c.delete_item(TableName=on, Key={"id": {"S": "estate-check-gone"}})),
    "sqs.send": ("sqs", lambda c, on, url, arn: c.send_message(QueueUrl=url, MessageBody="estate check")),
    "sqs.purge": ("sqs", lambda c, on, url, arn: c.purge_queue(QueueUrl=url)),
    "sns.publish": ("sns", lambda c, on, url, arn: c.publish(TopicArn=arn, Message="estate check")),
    "secrets.get": ("secretsmanager", lambda c, on, url, arn: c.get_secret_value(SecretId=on)),
    "logs.filter": ("logs", lambda c, on, url, arn: c.filter_log_events(logGroupName=on, limit=1)),
}


def attempt(estate: Estate, agent: Agent, doing: Doing, client: Callable[[str], Any] | None = None) -> str:
    """What happens when the agent does this now: `allowed`, `denied`, or `untried` where no server here can tell."""
    if doing.system == "postgres":
        return _in_postgres(estate, agent, doing)
    if doing.op not in _TRIES:
        return UNTRIED
    assert agent.aws is not None
    service, call = _TRIES[doing.op]
    url = f"{estate.cloud.server.endpoint}/{ACCOUNT}/{doing.on}"
    try:
        call((client or estate.cloud.client_as(agent.aws))(service), doing.on, url, doing.resource)
    except botocore.exceptions.ClientError as error:
        return DENIED if error.response["Error"]["Code"] in _REFUSALS else ALLOWED
    return ALLOWED


def _in_postgres(estate: Estate, agent: Agent, doing: Doing) -> str:
    assert agent.database is not None
    try:
        with psycopg.connect(estate.url(agent.database.role), application_name="estate-check") as connection:
            connection.execute(operations.sql(doing, "NULL").encode())
            connection.rollback()
    except psycopg.errors.InsufficientPrivilege:
        return DENIED
    except psycopg.OperationalError as error:
        if "not permitted to log in" in str(error) or "too many connections for role" in str(error):
            return DENIED
        raise
    return ALLOWED


@contextmanager
def unseen(estate: Estate) -> Iterator[None]:
    """While it lasts, Postgres writes no log: what is tried for a check is not the agent's doing."""
    quiet = {"log_statement": "none", "log_min_messages": "panic", "log_min_error_statement": "panic", "log_connections": ""}
    before = {name: _setting(estate, name) for name in quiet}
    _set(estate, quiet)
    try:
        yield
    finally:
        _set(estate, before)


def _setting(estate: Estate, name: str) -> str:
    return str(estate.postgres.execute(f"SHOW {name}")[0][0])


def _set(estate: Estate, settings: dict[str, str]) -> None:
    """Sets them, and waits until new connections have them."""
    for name, value in settings.items():
        estate.postgres.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    estate.postgres.execute("SELECT pg_reload_conf()")
    for _ in range(10_000):
        if all(_setting(estate, name) == value for name, value in settings.items()):
            return
    raise AssertionError(f"Postgres does not take over {settings}")


def tried(estate: Estate, agent: Agent, doings: list[Doing]) -> dict[tuple[str, str], str]:
    """What happens now for each of these, by (operation, what it is done on)."""
    client = estate.cloud.client_as(agent.aws) if agent.aws else None
    with unseen(estate):
        return {(doing.op, doing.on): attempt(estate, agent, doing, client) for doing in doings}


def policies(estate: Estate) -> dict[str, Any]:
    """Everything that decides in IAM, policy texts byte for byte as they stand there."""
    iam = estate.cloud.client("iam")
    iam.meta.events.unregister("after-call.iam", json_decode_policies)
    found: dict[str, Any] = {}
    for role in _all(iam, "list_roles", "Roles"):
        name = role["RoleName"]
        found[role["Arn"]] = {
            "trust": unquote(iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]),
            "inline": {p: unquote(iam.get_role_policy(RoleName=name, PolicyName=p)["PolicyDocument"]) for p in iam.list_role_policies(RoleName=name)["PolicyNames"]},
            "attached": _attached(iam, iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]),
            "boundary": role.get("PermissionsBoundary"), "tags": _tags(iam.list_role_tags(RoleName=name)["Tags"]),
        }  # fmt: skip
    for user in _all(iam, "list_users", "Users"):
        name = user["UserName"]
        keys = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
        found[user["Arn"]] = {
            "inline": {p: unquote(iam.get_user_policy(UserName=name, PolicyName=p)["PolicyDocument"]) for p in iam.list_user_policies(UserName=name)["PolicyNames"]},
            "attached": _attached(iam, iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]),
            "keys": sorted((key["AccessKeyId"], key["Status"]) for key in keys), "tags": _tags(iam.list_user_tags(UserName=name)["Tags"]),
        }  # fmt: skip
    return json.loads(json.dumps(found, default=str))


def _all(client: Any, operation: str, key: str) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate():
        yield from page[key]


def _attached(iam: Any, attached: list[dict[str, str]]) -> dict[str, str]:
    found = {}
    for one in attached:
        version = iam.get_policy(PolicyArn=one["PolicyArn"])["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=one["PolicyArn"], VersionId=version)["PolicyVersion"]["Document"]
        found[one["PolicyArn"]] = unquote(document)
    return found


def _tags(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def privileges(estate: Estate) -> list[tuple[Any, ...]]:
    """Every privilege, membership and role attribute of the database server."""
    return postgres.snapshot(estate.postgres, estate.company)
