"""Ninety days that happened: CloudTrail files in a bucket, JSON logs of Postgres in a folder, up to a given moment."""

# ruff: noqa: E501 - records and templates read better in one line
from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.estate import operations
from tests.estate.names import Draw
from tests.estate.truth import ACCOUNT, Agent, AwsIdentity, Company, Doing

DAYS = 90
_EVENTS = {
    "s3.get": "GetObject", "s3.put": "PutObject", "s3.list": "ListObjects", "s3.delete": "DeleteObject", "ddb.get": "GetItem", "ddb.query": "Query",
    "ddb.put": "PutItem", "sqs.send": "SendMessage", "sns.publish": "Publish", "secrets.get": "GetSecretValue", "logs.filter": "FilterLogEvents",
    "bedrock.invoke": "InvokeModel", "lambda.invoke": "Invoke",
}  # fmt: skip
_SOURCES = {
    "s3": "s3",
    "ddb": "dynamodb",
    "sqs": "sqs",
    "sns": "sns",
    "secrets": "secretsmanager",
    "logs": "logs",
    "bedrock": "bedrock",
    "lambda": "lambda",
}


@dataclass(frozen=True)
class Happened:
    """One thing that an agent did."""

    at: datetime
    agent: Agent
    doing: Doing
    was_denied: bool = False


def happened(made: Company, now: datetime) -> list[Happened]:
    """Everything that agents did, oldest first; each at work on most days, all of them within the last day but the dormant."""
    draw = Draw(f"history-{made.seed}")
    found = []
    for agent in made.agents:
        if agent.copy_of:
            continue
        for doing in agent.doings:
            if doing.is_used:
                found += [Happened(at, agent, doing) for at in _moments(draw, now, agent.last_day, 0.6)]
            elif not doing.is_granted and doing.system == "aws":
                found += [Happened(at, agent, doing, True) for at in _moments(draw, now, agent.last_day, 0.05)]
        for doing in agent.stray:
            found += [Happened(now - timedelta(days=day, minutes=draw.randrange(60, 900)), agent, doing) for day in (41, 12, 3)]
    return sorted(found, key=lambda one: one.at)


def _moments(draw: Draw, now: datetime, last_day: int, chance: float) -> Iterator[datetime]:
    for day in range(DAYS - 1, last_day - 1, -1):
        if day == last_day or draw.random() < chance:
            yield now - timedelta(days=day, minutes=draw.randrange(5, 200 if day == last_day else 1300), seconds=draw.randrange(60))


def write_trail(made: Company, client: Any, now: datetime) -> int:
    """Writes the CloudTrail files; gives the number of well-formed records."""
    draw = Draw(f"trail-{made.seed}")
    days: dict[str, list[Any]] = defaultdict(list)
    count = 0
    for one in happened(made, now):
        if one.doing.system == "aws":
            assert one.agent.aws is not None
            body = record(draw, made, one.agent, one.agent.aws, one.doing, one.at)
            if one.was_denied:
                action = one.doing.actions[0]
                because = f"User: {body['userIdentity']['arn']} is not authorized to perform: {action} on resource: {one.doing.resource}"
                body |= {
                    "errorCode": "AccessDenied",
                    "errorMessage": f"{because} because no identity-based policy allows the {action} action",
                }
            days[one.at.strftime("%Y/%m/%d")].append(body)
            count += 1
    for number in range(DAYS):
        at = now - timedelta(days=number, hours=3)
        days[at.strftime("%Y/%m/%d")] += list(_bystanders(draw, made, at))
    for number, (day, records) in enumerate(sorted(days.items())):
        prefix = f"AWSLogs/{ACCOUNT}/CloudTrail/{made.region}/{day}"
        name = f"{ACCOUNT}_CloudTrail_{made.region}_{day.replace('/', '')}T2355Z_{draw.capitals(16)}.json.gz"
        if number % 17 == 5:
            records = [*records, *_malformed(made)]
        body = gzip.compress(json.dumps({"Records": records}).encode(), mtime=0)
        client.put_object(Bucket=made.trail_bucket, Key=f"{prefix}/{name}", Body=body)
    day = (now - timedelta(days=20)).strftime("%Y/%m/%d")
    spoiled = f"AWSLogs/{ACCOUNT}/CloudTrail/{made.region}/{day}/{ACCOUNT}_CloudTrail_{made.region}_broken.json.gz"
    client.put_object(Bucket=made.trail_bucket, Key=spoiled, Body=gzip.compress(b'{"Records": [' + b"x" * 5000)[:40])
    digest = f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{made.region}/{day}/{ACCOUNT}_CloudTrail-Digest.json.gz"
    client.put_object(Bucket=made.trail_bucket, Key=digest, Body=gzip.compress(b'{"digestS3Bucket": "x"}'))
    return count


def record(draw: Draw, made: Company, agent: Agent, identity: AwsIdentity, doing: Doing, at: datetime) -> dict[str, Any]:
    """One record as CloudTrail writes it."""
    service = _SOURCES[doing.op.split(".")[0]]
    parameters, resources = _on(draw, made, doing)
    is_data = service in {"s3", "dynamodb", "sqs", "sns", "lambda"}
    made_record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": who(draw, identity, agent.session, at),
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": _EVENTS[doing.op],
        "awsRegion": made.region,
        "sourceIPAddress": "bedrock.amazonaws.com"
        if identity.style == "bedrock"
        else f"10.{draw.randrange(255)}.4.{draw.randrange(1, 255)}",
        "userAgent": draw.one(("[Boto3/1.40.2 md/Botocore#1.40.2 ua/2.1 os/linux]", "aws-sdk-js/3.600.0 ua/2.0 os/linux#5.10")),
        "requestParameters": parameters,
        "responseElements": None,
        "requestID": draw.uuid(),
        "eventID": draw.uuid(),
        "readOnly": doing.op.split(".")[1] in {"get", "list", "query", "scan", "filter"},
        "eventType": "AwsApiCall",
        "managementEvent": not is_data,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Data" if is_data else "Management",
    }
    if resources:
        made_record["resources"] = resources
    return made_record


def who(draw: Draw, identity: AwsIdentity, session: str, at: datetime) -> dict[str, Any]:
    """The `userIdentity` of a record."""
    number = Draw(identity.arn)
    if identity.kind == "user":
        return {
            "type": "IAMUser", "principalId": f"AIDA{number.capitals(17)}", "arn": identity.arn, "accountId": ACCOUNT,
            "accessKeyId": identity.key_id, "userName": identity.name,
        }  # fmt: skip
    principal = f"AROA{number.capitals(17)}"
    found: dict[str, Any] = {
        "type": "AssumedRole",
        "principalId": f"{principal}:{session}",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{identity.name}/{session}",
        "accountId": ACCOUNT,
        "accessKeyId": f"ASIA{draw.capitals(16)}",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": principal,
                "arn": identity.arn,
                "accountId": ACCOUNT,
                "userName": identity.name,
            },
            "attributes": {"creationDate": at.strftime("%Y-%m-%dT%H:00:00Z"), "mfaAuthenticated": "false"},
        },
    }
    if identity.style == "bedrock":
        found["invokedBy"] = "bedrock.amazonaws.com"
    return found


def _on(draw: Draw, made: Company, doing: Doing) -> tuple[dict[str, Any], list[dict[str, str]]]:
    service, verb = doing.op.split(".")
    if service == "s3":
        bucket, _, prefix = doing.on.partition("/")
        owned = {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"}
        if verb == "list":
            return {"bucketName": bucket, "Host": f"{bucket}.s3.amazonaws.com", "list-type": "2", "prefix": f"{prefix}/"}, [
                {"type": "AWS::S3::Object", "ARNPrefix": f"arn:aws:s3:::{bucket}/{prefix}/"}, owned,
            ]  # fmt: skip
        key = f"{prefix}/{draw.hex(6)}.json"
        return {"bucketName": bucket, "Host": f"{bucket}.s3.{made.region}.amazonaws.com", "key": key}, [
            {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"}, owned,
        ]  # fmt: skip
    if service == "ddb":
        table = {"accountId": ACCOUNT, "type": "AWS::DynamoDB::Table", "ARN": doing.resource}
        return {"tableName": doing.on, "key": {"id": draw.hex(6)}}, [table]
    if service == "sqs":
        return {
            "queueUrl": f"https://sqs.{made.region}.amazonaws.com/{ACCOUNT}/{doing.on}",
            "messageBody": "HIDDEN_DUE_TO_SECURITY_REASONS",
        }, [{"accountId": ACCOUNT, "type": "AWS::SQS::Queue", "ARN": doing.resource}]
    if service == "sns":
        return {"topicArn": doing.resource, "message": "HIDDEN_DUE_TO_SECURITY_REASONS"}, [
            {"accountId": ACCOUNT, "type": "AWS::SNS::Topic", "ARN": doing.resource}
        ]
    if service == "secrets":
        return {"secretId": doing.on}, []
    if service == "logs":
        return {"logGroupName": doing.on, "filterPattern": draw.one(("ERROR", made.canaries["trail"]))}, []
    if service == "bedrock":
        return {"modelId": doing.on}, []
    return {"functionName": doing.resource, "invocationType": "RequestResponse"}, [
        {"accountId": ACCOUNT, "type": "AWS::Lambda::Function", "ARN": doing.resource}
    ]


def _bystanders(draw: Draw, made: Company, at: datetime) -> Iterator[dict[str, Any]]:
    """People, deployments and services, who are no agents; and what some of them hand over that is secret."""
    moment = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    common = {
        "eventVersion": "1.11",
        "eventTime": moment,
        "awsRegion": made.region,
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
    }
    person = draw.one(made.people)
    console = {
        "type": "IAMUser", "principalId": "AIDAPERSON", "arn": f"arn:aws:iam::{ACCOUNT}:user/people/{person.login}", "accountId": ACCOUNT,
        "accessKeyId": f"ASIA{draw.capitals(16)}", "userName": person.login,
        "sessionContext": {"attributes": {"creationDate": moment, "mfaAuthenticated": "true"}},
    }  # fmt: skip
    yield common | {
        "userIdentity": console, "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin", "eventType": "AwsConsoleSignIn",
        "eventID": draw.uuid(), "sourceIPAddress": "203.0.113.9", "requestParameters": None, "responseElements": {"ConsoleLogin": "Success"},
    }  # fmt: skip
    if draw.random() < 0.3:
        deploy = AwsIdentity("role", "github-actions-deploy", "/", "ecs")
        yield common | {
            "userIdentity": who(draw, deploy, "GitHubActions", at), "eventSource": "lambda.amazonaws.com", "eventName": "UpdateFunctionCode20150331v2",
            "eventID": draw.uuid(), "requestParameters": {"functionName": "shop", "environment": {"variables": {"PASSWORD": made.canaries["trail"]}}},
        }  # fmt: skip
    if draw.random() < 0.3:
        yield common | {
            "userIdentity": {"type": "AWSService", "invokedBy": "ecs-tasks.amazonaws.com"}, "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole",
            "eventID": draw.uuid(), "requestParameters": {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/{made.name}-shop-web", "roleSessionName": draw.hex(32)},
        }  # fmt: skip


def _malformed(made: Company) -> list[Any]:
    return [
        None, 7, "text", [], {}, {"eventTime": "yesterday", "userIdentity": []},
        {"eventTime": "2026-02-30T25:61:00Z", "eventName": made.hostile[0], "eventSource": made.hostile[1], "userIdentity": {"type": "AssumedRole", "arn": made.hostile[2]}},
        {"eventVersion": "1.11", "eventTime": "2026-10-01T10:00:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "eventID": made.hostile[4],
         "userIdentity": {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/x/{made.hostile[4]}"}, "requestParameters": made.hostile[6]},
    ]  # fmt: skip


def write_log(made: Company, folder: Path, now: datetime) -> int:
    """Writes the JSON logs of the days before today; gives the number of statements of agents."""
    draw = Draw(f"log-{made.seed}")
    days: dict[str, list[str]] = defaultdict(list)
    count = 0
    for one in happened(made, now):
        if one.doing.system == "postgres":
            assert one.agent.database is not None
            name = one.agent.database.role
            application = draw.one((one.agent.slug, "", "psycopg")) if not one.agent.database.person else one.agent.slug
            days[one.at.strftime("%Y-%m-%d")] += _statement(draw, made, name, application, one.doing, one.at)
            count += 1
    for number in range(DAYS):
        at = now - timedelta(days=number, hours=2)
        days[at.strftime("%Y-%m-%d")] += _other_lines(draw, made, at)
    for number, (day, lines) in enumerate(sorted(days.items())):
        if number % 13 == 4:
            lines = [
                *lines,
                "not json at all",
                '{"timestamp":"2026-',
                '["a","list"]',
                "null",
                json.dumps({"timestamp": 5, "user": {}, "message": []}),
            ]
        (folder / f"postgresql-{day}_000000.json").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return count


def line(draw: Draw, user: str, database: str, application: str, at: datetime, message: str, **more: Any) -> str:
    """One record as the server writes it."""
    moment = at.strftime("%Y-%m-%d %H:%M:%S.") + f"{draw.randrange(1000):03d} UTC"
    body = {
        "timestamp": moment, "user": user, "dbname": database, "pid": draw.randrange(1000, 30000), "remote_host": "10.20.3.7",
        "remote_port": draw.randrange(30000, 60000), "session_id": f"{draw.hex(8)}.{draw.hex(4)}", "line_num": draw.randrange(3, 90), "ps": "idle",
        "session_start": at.strftime("%Y-%m-%d %H:00:00 UTC"), "vxid": f"{draw.randrange(2, 90)}/{draw.randrange(2, 9000)}", "txid": 0,
        "error_severity": "LOG", "message": message, "application_name": application, "backend_type": "client backend", "query_id": 0,
    }  # fmt: skip
    if not application:
        del body["application_name"]
    return json.dumps(body | more)


def _statement(draw: Draw, made: Company, role: str, application: str, doing: Doing, at: datetime) -> list[str]:
    if draw.random() < 0.5:
        text = operations.sql(doing, "'" + draw.hex(6) + "'")
        return [line(draw, role, made.database, application, at, f"statement: {text}")]
    text = operations.numbered(operations.sql(doing, "%s"))
    count = text.count("$")
    detail = "Parameters: " + ", ".join(f"${number} = '{draw.hex(6)}'" for number in range(1, count + 1))
    more = {"detail": detail} if count else {}
    return [line(draw, role, made.database, application, at, f"execute <unnamed>: {text}", ps="SELECT", **more)]


def _other_lines(draw: Draw, made: Company, at: datetime) -> list[str]:
    """What others did: the shop, people at a prompt, an administrator who changes a password, somebody who sends attacks."""
    table = list(made.tables)[-1]
    person = draw.one(made.people[:5]).database_role
    taken = {agent.database.role for agent in made.agents if agent.database}
    found = [
        line(draw, "shop_web", made.database, "gunicorn", at, f"statement: SELECT count(*) FROM {table}"),
        line(draw, "postgres", "postgres", "psql", at, f"statement: ALTER ROLE shop_web PASSWORD '{made.canaries['sql']}'"),
        line(draw, "shop_web", made.database, made.hostile[draw.randrange(6)][:63], at, "statement: SELECT 1"),
    ]
    if person not in taken:
        found.append(line(draw, person, made.database, "psql", at, f"statement: SELECT * FROM {table} LIMIT 10"))
    if draw.random() < 0.1:
        found.append(line(draw, "shop_web", made.database, "gunicorn", at, f"statement: SELECT '{made.hostile[6]}' FROM ((("))
    return found


def moment(now: datetime | None) -> datetime:
    """The end of the history: this moment, whole seconds."""
    return (now or datetime.now(UTC)).replace(microsecond=0)
