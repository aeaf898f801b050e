"""The table of harmless tries: all of it reads or lists, and all of it can be called."""

from __future__ import annotations

import botocore.session
import pytest
from tests.unit.systems.aws.test_stop import _role

from remit.systems.aws import catalogue
from remit.systems.aws.probes import Try, call_for, probes_of, tries

EXAMPLE = {"partition": "aws", "region": "eu-west-1", "account": "123456789012", "bucket": "exports", "key": "a/b c.csv", "secret": "a/b-x"}
GIVES_OUT = ("GetSecretValue", "GetParameter", "GetItem", "Scan", "Query", "GetCostAndUsage", "Invoke", "ReceiveMessage", "Decrypt")


def _resource(row: Try) -> str:
    class Words(dict[str, str]):
        def __missing__(self, name: str) -> str:
            return f"some-{name}"

    return row.resource.format_map(Words(EXAMPLE))


@pytest.mark.parametrize("action", tries())
def test_every_try_is_harmless_and_a_call_that_exists(action: str) -> None:
    row = tries()[action]
    assert catalogue.vocabulary().verb_of(action) in ("list", "read")
    assert not any(word.lower() in action for word in GIVES_OUT)
    assert catalogue.concerns(row.action, _resource(row))
    call = call_for(row.action, _resource(row))
    assert call is not None
    client = botocore.session.Session().create_client(
        call.service, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y"
    )
    operation = client.meta.method_to_api_mapping[call.method]
    shape = client.meta.service_model.operation_model(operation).input_shape
    assert set(call.arguments) <= set(shape.members)
    assert set(shape.required_members) <= set(call.arguments)
    client.close()


def test_words_of_an_arn_become_arguments() -> None:
    call = call_for("S3:getobject", "arn:aws:s3:::exports/a/b c.csv")
    assert call is not None
    assert call.arguments == {"Bucket": "exports", "Key": "a/b c.csv", "Range": "bytes=0-0"}
    queue = call_for("sqs:GetQueueUrl", "arn:aws:sqs:eu-west-1:123456789012:jobs")
    assert queue is not None
    assert (queue.region, queue.arguments["QueueName"]) == ("eu-west-1", "jobs")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:DeleteObject", "arn:aws:s3:::exports/a"),
        ("s3:ListBucket", "arn:aws:s3:::exports/a"),
        ("s3:ListBucket", "arn:aws:s3:::exp*"),
        ("s3:ListBucket", "*"),
        ("iam:ListRoles", "arn:aws:iam::123456789012:role/x"),
        ("nonsense", ""),
    ],
)
def test_what_destroys_or_is_not_one_thing_is_not_tried(action: str, resource: str) -> None:
    assert call_for(action, resource) is None


def test_what_cannot_be_tried_is_named_to_be_evaluated() -> None:
    text = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::exports/*"}]}
    role = _role("writes", InlinePolicies=[{"PolicyName": "p", "PolicyText": "", "PolicyDocument": text}])
    tried, probe = probes_of([role], "aws:main", role.id, is_allowed=False)
    assert (probe.action, probe.resource) == ("s3:PutObject", "arn:aws:s3:::exports/remit-proof")
    assert call_for(probe.action, probe.resource) is None
    assert call_for(tried.action, tried.resource) is not None


def test_probes_are_of_what_was_possible_each_service_once_before_any_twice() -> None:
    text = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["iam:*", "sqs:*", "s3:DeleteObject"], "Resource": "*"}]}
    role = _role("wide", InlinePolicies=[{"PolicyName": "p", "PolicyText": "", "PolicyDocument": text}])
    found = [probe.action for probe in probes_of([role], "aws:main", role.id, is_allowed=False)]
    assert {action.partition(":")[0] for action in found[:2]} == {"iam", "sqs"}
    assert all(not probe.is_allowed for probe in probes_of([role], "aws:main", role.id, is_allowed=False))


def test_where_nothing_harmless_was_possible_one_thing_is_tried_all_the_same() -> None:
    role = _role("empty")
    (probe,) = probes_of([role], "aws:main", role.id, is_allowed=False)
    assert (probe.action, probe.resource) == ("s3:ListAllMyBuckets", "*")
    assert list(probes_of([role], "aws:main", role.id, is_allowed=True)) == []
