"""The actions of AWS, their verbs, and what they are about."""

from __future__ import annotations

import pkgutil
import tomllib

import pytest

from remit.model.verbs import Verb
from remit.systems.aws.catalogue import action_of, actions_matching, concerns, services, vocabulary

VERBS = {
    "list": "s3:ListBucket s3:ListAllMyBuckets ec2:DescribeInstances iam:ListRoles dynamodb:ListTables",
    "read": "s3:GetObject dynamodb:Query dynamodb:GetItem ce:GetCostAndUsage secretsmanager:GetSecretValue kms:Decrypt sqs:ReceiveMessage "
    "athena:GetQueryResults iam:GetRole sts:GetCallerIdentity logs:FilterLogEvents logs:StartQuery ssm:GetParameter",
    "create": "s3:PutObject dynamodb:PutItem sqs:SendMessage kinesis:PutRecord logs:CreateLogStream "
    "logs:PutLogEvents s3:CreateBucket ec2:RunInstances",
    "update": "dynamodb:UpdateItem dynamodb:BatchWriteItem lambda:UpdateFunctionCode ec2:StopInstances s3:PutObjectTagging ec2:CreateTags",
    "delete": "s3:DeleteObject dynamodb:DeleteItem ec2:TerminateInstances sqs:DeleteMessage kms:ScheduleKeyDeletion",
    "execute": "lambda:InvokeFunction bedrock:InvokeModel bedrock:InvokeAgent states:StartExecution athena:StartQueryExecution "
    "ssm:SendCommand redshift-data:ExecuteStatement",
    "transmit": "sns:Publish ses:SendEmail ses:SendRawEmail",
    "pay": "ec2:PurchaseReservedInstancesOffering aws-marketplace:Subscribe route53domains:RegisterDomain",
    "administer": "iam:CreateUser iam:PassRole iam:PutRolePolicy iam:TagRole sts:AssumeRole s3:PutBucketPolicy s3:PutObjectAcl "
    "lambda:AddPermission kms:CreateGrant organizations:AttachPolicy sts:GetFederationToken",
}


@pytest.mark.parametrize(("verb", "action"), [(verb, action) for verb, actions in VERBS.items() for action in actions.split()])
def test_an_action_has_the_verb_that_a_person_expects(verb: str, action: str):
    assert vocabulary().verb_of(action) is Verb(verb)


def test_an_action_that_nobody_knows_is_administer_and_letter_case_does_not_count():
    assert vocabulary().verb_of("s3:MakeCoffee") is Verb.ADMINISTER
    assert vocabulary().verb_of("S3:GETOBJECT") is Verb.READ
    assert vocabulary().names["s3:getobject"] == "s3:GetObject"


def test_the_catalogue_is_whole():
    assert len(vocabulary().verbs) > 20_000
    assert len(services()) > 400
    assert all(action_of(name) is not None for name in list(vocabulary().names)[::500])


def test_every_action_that_the_table_names_is_known():
    table = tomllib.loads((pkgutil.get_data("remit.systems.aws", "actions.toml") or b"").decode())
    unknown = {name for names in table["actions"].values() for name in names if name.lower() not in vocabulary().names}
    assert unknown == set()
    listed = [name.lower() for names in table["actions"].values() for name in names]
    assert len(listed) == len(set(listed))


def test_a_pattern_names_actions():
    assert set(actions_matching("S3:getobject*")) >= {"s3:GetObject", "s3:GetObjectTagging"}
    assert actions_matching("s3:GetObject") == ("s3:GetObject",)
    assert actions_matching("coffee:*") == ()
    assert "sns:Publish" in actions_matching("s?s:Publish")


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:ListBucket", "arn:aws:s3:::b", True),
        ("s3:ListBucket", "arn:aws:s3:::b/k", False),
        ("s3:ListBucket", "arn:aws:s3:::b/*", False),
        ("s3:ListBucket", "arn:aws:s3:::b*", True),
        ("s3:GetObject", "arn:aws:s3:::b/*", True),
        ("s3:GetObject", "arn:aws:s3:::b", False),
        ("s3:GetObject", "*", True),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::b", False),
        ("s3:MakeCoffee", "arn:aws:s3:::b", True),
        ("dynamodb:PutItem", "arn:aws:dynamodb:*:*:table/orders", True),
        ("dynamodb:PutItem", "arn:aws:s3:::b/k", False),
        ("dynamodb:Query", "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/index/by-day", True),
        ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:111122223333:function:f:live", True),
        ("bedrock:InvokeModel", "arn:aws:bedrock:eu-west-1::foundation-model/m", True),
        ("ssm:GetParameter", "arn:aws:ssm:eu-west-1:111122223333:parameter/prod/db/url", True),
        ("iam:PassRole", "arn:aws:iam::111122223333:role/agents/x", True),
    ],
)
def test_an_action_concerns_resources_of_its_forms(action: str, resource: str, expected: bool):
    assert concerns(action, resource) is expected
