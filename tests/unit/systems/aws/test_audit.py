"""Records of CloudTrail as events."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import pytest

from remit.contracts.system import RawRecord
from remit.model.access import Unread
from remit.model.connection import Connection
from remit.model.event import Event, Result
from remit.systems.aws.audit import events_of

CONNECTION = Connection(id="aws:main", kind="aws", name="main")
ROLE = "arn:aws:iam::111122223333:role/agents/triage"
SESSION: dict[str, Any] = {
    "type": "AssumedRole",
    "arn": "arn:aws:sts::111122223333:assumed-role/triage/run-7",
    "accountId": "111122223333",
    "accessKeyId": "ASIAQQQQQQQQQQQQQQQQ",
    "sessionContext": {"sessionIssuer": {"type": "Role", "arn": ROLE}, "sourceIdentity": "dana"},
}
WHERE = "arn:aws:{}:eu-west-1:111122223333:"


def record(service: str = "s3", name: str = "GetObject", parameters: Any = None, **more: Any) -> RawRecord:
    body = {
        "eventID": "e-1",
        "eventTime": "2026-05-01T10:00:00Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "eventType": "AwsApiCall",
        "awsRegion": "eu-west-1",
        "recipientAccountId": "111122223333",
        "userIdentity": SESSION,
        "requestParameters": parameters,
        **more,
    }
    return RawRecord(place="s3://logs/x.json.gz#1", payload=json.dumps(body).encode(), cursor="")


def read(given: RawRecord) -> Sequence[Event]:
    found = events_of(CONNECTION, given)
    assert not isinstance(found, Unread), found
    return found


def test_an_event_says_who_did_what_by_which_key():
    (event,) = read(record(parameters={"bucketName": "exports", "key": "2026/a.csv"}))
    assert event == Event(
        id="e-1",
        source="aws:main",
        happened="2026-05-01T10:00:00Z",
        principal=ROLE,
        system="aws:s3",
        action="s3:GetObject",
        resource="arn:aws:s3:::exports/2026/a.csv",
        result=Result.ALLOWED,
        place="s3://logs/x.json.gz#1",
        session="run-7",
        credential=hashlib.sha256(b"remit-secret:ASIAQQQQQQQQQQQQQQQQ").hexdigest()[:16],
        person="dana",
    )


@pytest.mark.parametrize(
    ("service", "name", "parameters", "expected"),
    [
        ("s3", "ListObjectsV2", {"bucketName": "b", "prefix": "x"}, {("s3:ListBucket", "arn:aws:s3:::b")}),
        ("s3", "HeadObject", {"bucketName": "b", "key": "k"}, {("s3:GetObject", "arn:aws:s3:::b/k")}),
        ("s3", "GetObject", {"bucketName": "b", "key": "k", "versionId": "3"}, {("s3:GetObjectVersion", "arn:aws:s3:::b/k")}),
        ("s3", "DeleteObjects", {"bucketName": "b"}, {("s3:DeleteObject", "arn:aws:s3:::b/*")}),
        (
            "s3",
            "CopyObject",
            {"bucketName": "b", "key": "k", "x-amz-copy-source": "/a/j"},
            {("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:GetObject", "arn:aws:s3:::a/j")},
        ),
        ("s3", "ListBuckets", None, {("s3:ListAllMyBuckets", "*")}),
        ("lambda", "Invoke", {"functionName": "f"}, {("lambda:InvokeFunction", WHERE.format("lambda") + "function:f")}),
        (
            "lambda",
            "Invoke20150331",
            {"functionName": WHERE.format("lambda") + "function:f"},
            {("lambda:InvokeFunction", WHERE.format("lambda") + "function:f")},
        ),
        (
            "lambda",
            "UpdateFunctionCode20150331v2",
            {"functionName": "f"},
            {("lambda:UpdateFunctionCode", WHERE.format("lambda") + "function:f")},
        ),
        ("cloudfront", "ListDistributions2020_05_31", {}, {("cloudfront:ListDistributions", "*")}),
        ("monitoring", "PutMetricData", {}, {("cloudwatch:PutMetricData", "*")}),
        (
            "bedrock",
            "Converse",
            {"modelId": "vendor.model-1"},
            {("bedrock:InvokeModel", "arn:aws:bedrock:eu-west-1::foundation-model/vendor.model-1")},
        ),
        (
            "bedrock",
            "InvokeModel",
            {"modelId": "eu.vendor.model-1"},
            {("bedrock:InvokeModel", WHERE.format("bedrock") + "inference-profile/eu.vendor.model-1")},
        ),
        (
            "dynamodb",
            "Query",
            {"tableName": "orders", "indexName": "by"},
            {("dynamodb:Query", WHERE.format("dynamodb") + "table/orders/index/by")},
        ),
        (
            "dynamodb",
            "BatchGetItem",
            {"requestItems": {"a": {}, "b": {}}},
            {
                ("dynamodb:BatchGetItem", WHERE.format("dynamodb") + "table/a"),
                ("dynamodb:BatchGetItem", WHERE.format("dynamodb") + "table/b"),
            },
        ),
        (
            "sqs",
            "SendMessageBatch",
            {"queueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"},
            {("sqs:SendMessage", WHERE.format("sqs") + "jobs")},
        ),
        ("sns", "Publish", {"topicArn": WHERE.format("sns") + "alerts"}, {("sns:Publish", WHERE.format("sns") + "alerts")}),
        (
            "secretsmanager",
            "GetSecretValue",
            {"secretId": "prod/db"},
            {("secretsmanager:GetSecretValue", WHERE.format("secretsmanager") + "secret:prod/db-??????")},
        ),
        ("ssm", "GetParameter", {"name": "/prod/x"}, {("ssm:GetParameter", WHERE.format("ssm") + "parameter/prod/x")}),
        ("sts", "AssumeRole", {"roleArn": "arn:aws:iam::111122223333:role/t"}, {("sts:AssumeRole", "arn:aws:iam::111122223333:role/t")}),
        ("kms", "ReEncrypt", None, {("kms:ReEncryptFrom", "*"), ("kms:ReEncryptTo", "*")}),
        ("ce", "GetCostAndUsage", {}, {("ce:GetCostAndUsage", "*")}),
        (
            "coffee",
            "Make",
            {"cup": "arn:aws:coffee:eu-west-1:111122223333:cup/1"},
            {("coffee:Make", "arn:aws:coffee:eu-west-1:111122223333:cup/1")},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_call_is_named_by_the_permission_that_it_needs(service: str, name: str, parameters: Any, expected: set[tuple[str, str]]):
    assert {(event.action, event.resource) for event in read(record(service, name, parameters))} == expected


def test_the_resources_that_a_record_lists_go_before_its_parameters():
    key = WHERE.format("kms") + "key/1"
    (event,) = read(record("kms", "Decrypt", {"keyId": "alias/x"}, resources=[{"ARN": key, "type": "AWS::KMS::Key"}]))
    assert event.resource == key


def test_a_denial_is_taken_at_its_word_where_parameters_are_left_out():
    key = WHERE.format("kms") + "key/1"
    who = "User: arn:aws:sts::111122223333:assumed-role/triage/run-7 is not authorized to perform: "
    told = f"{who}kms:Decrypt on resource: {key} because no identity-based policy allows the kms:Decrypt action"
    (event,) = read(record("kms", "Decrypt", None, errorCode="AccessDenied", errorMessage=told))
    assert (event.action, event.resource, event.result) == ("kms:Decrypt", key, Result.DENIED)
    lying = f"{who}iam:DeleteUser on resource: {key}"
    assert [event.action for event in read(record("kms", "Decrypt", None, errorCode="AccessDenied", errorMessage=lying))] == ["kms:Decrypt"]


@pytest.mark.parametrize(
    ("parameters", "listed", "expected"),
    [
        ({"source": "ada@example.com"}, [], {"*"}),
        ({"fromEmailAddress": "ada@example.com", "configurationSetName": "main", "template": "t"}, [], {"*"}),
        (
            {"configurationSetName": "main"},
            ["identity/example.com", "configuration-set/main"],
            {"identity/example.com", "configuration-set/main"},
        ),
        ({"fromEmailAddressIdentityArn": WHERE.format("ses") + "identity/example.com"}, [], {"identity/example.com"}),
    ],
)
def test_mail_is_sent_as_the_identity_that_the_record_lists_and_never_as_what_a_parameter_may_mean(
    parameters: dict[str, str], listed: list[str], expected: set[str]
):
    here = WHERE.format("ses")
    events = read(record("ses", "SendEmail", parameters, resources=[{"ARN": here + name} for name in listed]))
    assert {event.resource.removeprefix(here) for event in events} == expected


def test_the_words_in_which_ses_denies_are_read_too():
    thing = WHERE.format("ses") + "identity/example.com"
    said = f"User `{SESSION['arn']}' is not authorized to perform `ses:SendEmail' on resource `{thing}'"
    (event,) = read(record("ses", "SendEmail", errorCode="AccessDenied", errorMessage=said))
    assert (event.action, event.resource, event.result) == ("ses:SendEmail", thing, Result.DENIED)


def test_events_of_one_record_have_ids_of_their_own():
    events = read(record("ssm", "GetParameters", {"names": ["a", "b", "c"]}))
    assert len({event.id for event in events}) == 3


@pytest.mark.parametrize(
    ("error", "result"),
    [
        ("AccessDenied", Result.DENIED),
        ("AccessDeniedException", Result.DENIED),
        ("Client.UnauthorizedOperation", Result.DENIED),
        ("AuthorizationError", Result.DENIED),
        ("NoSuchKey", Result.FAILED),
        ("ThrottlingException", Result.FAILED),
        (None, Result.ALLOWED),
    ],
)
def test_how_it_ended_tells_a_denial_from_another_error(error: str | None, result: Result):
    (event,) = read(record(errorCode=error))
    assert event.result is result


@pytest.mark.parametrize(
    ("identity", "principal", "session"),
    [
        ({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ci/bot"}, "arn:aws:iam::111122223333:user/ci/bot", ""),
        ({"type": "Root", "accountId": "111122223333", "arn": "arn:aws:iam::111122223333:root"}, "arn:aws:iam::111122223333:root", ""),
        ({"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/x/i-1"}, "arn:aws:iam::111122223333:role/x", "i-1"),
        (
            {**SESSION, "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::999988887777:role/triage"}}},
            "arn:aws:iam::111122223333:role/triage",
            "run-7",
        ),
        ({"type": "FederatedUser", "arn": "arn:aws:sts::111122223333:federated-user/dana"}, "arn:aws:iam::111122223333:user/dana", "dana"),
    ],
)
def test_the_principal_is_the_user_or_role_behind(identity: dict[str, Any], principal: str, session: str):
    (event,) = read(record(userIdentity=identity))
    assert (event.principal, event.session) == (principal, session)


@pytest.mark.parametrize(
    "more",
    [
        {"userIdentity": {"type": "AWSService", "invokedBy": "lambda.amazonaws.com"}},
        {"userIdentity": {"type": "AWSAccount", "accountId": "999988887777", "principalId": "AROAX:y"}},
        {"eventType": "AwsServiceEvent"},
        {"eventType": "AwsConsoleSignIn"},
    ],
)
def test_what_is_nobodys_of_the_account_gives_no_events(more: dict[str, Any]):
    assert read(record(**more)) == ()


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"7", "not an object"),
        (record(eventTime="yesterday").payload, "`eventTime`"),
        (record(eventID=None).payload, "`eventID`"),
        (record(eventName=7).payload, "`eventName`"),
        (record(userIdentity="dana").payload, "`userIdentity`"),
        (record(userIdentity={"type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}).payload, "names no principal"),
        (record(userIdentity={"type": "IAMUser", "arn": "dana"}).payload, "names no user"),
        (record(errorCode=["AccessDenied"]).payload, "`errorCode`"),
    ],
)
def test_a_malformed_record_is_told_and_stops_nothing(payload: bytes, told: str):
    found = events_of(CONNECTION, RawRecord(place="s3://logs/x\n#1", payload=payload, cursor=""))
    assert isinstance(found, Unread)
    assert told in found.why
    assert "\n" not in found.place


@pytest.mark.parametrize(
    "parameters",
    ["text", 7, ["a"], {"bucketName": 7, "key": {"a": []}}, {"bucketName": "b\u0000", "key": "*"}, {"a": [[[[[[[[[["b"]]]]]]]]]]}],
)
def test_parameters_of_any_form_leave_the_resource_open(parameters: Any):
    (event,) = read(record(parameters=parameters))
    assert event.resource == "*"


def test_nothing_else_of_the_parameters_is_kept():
    canary = "canary-5f1c"
    events = read(record("ssm", "PutParameter", {"name": "/prod/x", "value": canary, "description": canary}, errorMessage=canary))
    assert canary not in repr(events)
    assert SESSION["accessKeyId"] not in repr(events)
