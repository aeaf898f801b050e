"""The company's AWS account: people, agents and Remit itself, each with what it was granted over the years, and buckets with objects.

Everything is made by boto3 before the emulator enforces; from then on each acts with its own key or in a session of its role. Policies
without conditions, since the emulator knows no context of a request. Keys are written to an AWS credentials file and nowhere else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from remit.demo.estate.cast import (
    ACCOUNT,
    ADA,
    BUCKET_CUSTOMERS,
    BUCKET_LETTERS,
    BUCKET_ORDERS,
    BUCKET_REPORTS,
    BUCKET_TRAIL,
    COMPANY,
    JONAS,
    LETTER_FILER,
    MIRA,
    NIGHT_REPORT,
    NIGHT_REPORT_2025,
    PRICE_SCOUT,
    REFUND_DESK,
    REGION,
    REVIEW_READER,
    SHARED_ROLE,
)

READ_PROFILE, WRITE_PROFILE = "remit-read", "remit-write"
RUNTIME = "runtime"
"""The user of the platform that runs agents: it becomes the role of each."""
ADA_USER = "ada"
COPY_USER = NIGHT_REPORT_2025
FILER_USER = LETTER_FILER
_LISTS = "s3:ListBucket"
_READS = "s3:GetObject"
_WRITES = "s3:PutObject"


class Statement(msgspec.Struct, frozen=True):
    """Actions allowed on resources."""

    actions: Sequence[str]
    resources: Sequence[str] = ("*",)


def objects(bucket: str, prefix: str = "") -> str:
    """The ARN pattern of the objects under a prefix."""
    return f"arn:aws:s3:::{bucket}/{prefix}*"


def bucket_arn(bucket: str) -> str:
    """The ARN of a bucket."""
    return f"arn:aws:s3:::{bucket}"


PRICE_MODEL = "anthropic.claude-3-5-haiku-20241022-v1:0"
_MODEL_ARN = f"arn:aws:bedrock:{REGION}::foundation-model/{PRICE_MODEL}"
_PRICE_TASK = (
    "Compare the prices of Tidewater Books with the list prices of publishers. Read the price files in the bucket tidewater-reports,\n"
    "and propose changes of more than five percent with one sentence each. Propose only; people decide about prices.\n"
)
LEGACY_POLICY = "reporting-legacy"
"""A managed policy from the first year, attached to the night report and to its copy."""
_LEGACY = (Statement(("s3:*", "sqs:*")), Statement(("iam:List*", "iam:Get*")))
ROLES: Mapping[str, tuple[Mapping[str, str], Sequence[Statement]]] = {
    NIGHT_REPORT: ({"owner": MIRA}, (Statement(("sns:*", "secretsmanager:GetSecretValue", "dynamodb:*")),)),
    REFUND_DESK: (
        {"owner": JONAS},
        (Statement((_READS, _WRITES), (objects(BUCKET_LETTERS),)), Statement((_LISTS,), (bucket_arn(BUCKET_LETTERS),))),
    ),
    SHARED_ROLE: (
        {"owner": JONAS},
        (Statement((_READS, _WRITES), (objects(BUCKET_LETTERS),)), Statement((_LISTS,), (bucket_arn(BUCKET_LETTERS),))),
    ),
    PRICE_SCOUT: (
        {"owner": ADA},
        (
            Statement((_READS,), (objects(BUCKET_REPORTS, "prices/"),)),
            Statement(("bedrock:InvokeModel",), (_MODEL_ARN,)),
        ),
    ),
    REVIEW_READER: (
        {},
        (
            Statement((_LISTS,), (bucket_arn(BUCKET_CUSTOMERS),)),
            Statement((_READS,), (objects(BUCKET_CUSTOMERS),)),
            Statement((_WRITES,), (objects(BUCKET_REPORTS, "reviews/"),)),
        ),
    ),
}
"""Role -> tags, inline policy."""
_FILES = {
    BUCKET_ORDERS: ("orders/{day}/all.csv", "lists/titles.csv"),
    BUCKET_REPORTS: ("daily/{day}.md", "reorder/{day}.csv", "prices/harbour-press.csv"),
    BUCKET_CUSTOMERS: ("reviews/2026-W11/review-1.txt", "complaints/complaint-1.txt"),
    BUCKET_LETTERS: ("tickets/1.txt", "returns/letter-1.txt", "answers/opening-hours.txt", "inbox/scan-1.txt"),
}
"""What stands in each bucket; `{day}` for each of the last days."""
_DAYS = 3


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The account as it was made: the keys by user."""

    endpoint: str
    keys: Mapping[str, tuple[str, str]]
    """User -> id and secret of its access key."""

    def client(self, service: str, user: str) -> Any:
        """A client that acts with the key of a user."""
        return client(self.endpoint, service, *self.keys[user])

    def session(self, service: str, role: str, name: str) -> Any:
        """A client in a new session of a role."""
        given = self.client("sts", RUNTIME).assume_role(RoleArn=role_arn(role), RoleSessionName=name)["Credentials"]
        return client(self.endpoint, service, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def role_arn(name: str) -> str:
    """The ARN of a role."""
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def user_arn(name: str) -> str:
    """The ARN of a user, with its path."""
    path = next((path for user, path, _, _ in _users() if user == name), "/")
    return f"arn:aws:iam::{ACCOUNT}:user{path}{name}"


def client(endpoint: str, service: str, key: str, secret: str, token: str | None = None) -> Any:
    """A boto3 client that acts with this key and no other."""
    return _session().client(
        service, endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token, region_name=REGION
    )


@cache
def _session() -> Any:
    """One for all clients: what describes a service is read once, which takes longer than a call."""
    import boto3  # type: ignore[import-untyped]

    return boto3.session.Session()


def make(endpoint: str, now: datetime) -> Account:
    """Makes the account but for Remit's own users."""
    iam = client(endpoint, "iam", "setup", "setup")
    legacy = iam.create_policy(PolicyName=LEGACY_POLICY, PolicyDocument=document(_LEGACY, indent=2))["Policy"]["Arn"]
    keys = {}
    for name, path, tags, statements in _users():
        _user(iam, name, path, tags, statements)
        keys[name] = _key(iam, name)
    iam.attach_user_policy(UserName=NIGHT_REPORT_2025, PolicyArn=legacy)
    for name, (tags, statements) in ROLES.items():
        given = {**tags, **({"expires": f"{now - timedelta(days=41):%Y-%m-%d}"} if name == PRICE_SCOUT else {})}
        _role(iam, name, given, statements, _service_of(name))
    iam.attach_role_policy(RoleName=NIGHT_REPORT, PolicyArn=legacy)
    _role(iam, "shop-web", {"owner": ADA}, (Statement((_READS, _WRITES), (objects(BUCKET_ORDERS),)),), "ecs-tasks.amazonaws.com")
    _buckets(endpoint, now)
    _hosted(endpoint)
    return Account(endpoint=endpoint, keys=keys)


def make_remit(account: Account, policies: Mapping[str, str]) -> Account:
    """Makes the two users of Remit with the policies that it printed; `policies` by the name of the profile."""
    iam = client(account.endpoint, "iam", "setup", "setup")
    keys = dict(account.keys)
    for name, text in policies.items():
        iam.create_user(UserName=name, Tags=[{"Key": "purpose", "Value": "service account of Remit"}])
        found = json.loads(text)
        for number, policy in enumerate(found if isinstance(found, list) else [found], start=1):
            iam.put_user_policy(UserName=name, PolicyName=f"least-privilege-{number}", PolicyDocument=json.dumps(policy))
        keys[name] = _key(iam, name)
    return Account(endpoint=account.endpoint, keys=keys)


def write_profiles(account: Account, endpoint: str, folder: Path) -> dict[str, str]:
    """Writes the AWS files into a folder that nobody else may read: a profile for each user and role. Gives the variables that name them.

    Each profile names the endpoint, so that whoever acts with one of these keys acts here and nowhere else.
    """
    folder.mkdir(mode=0o700)
    common = f"region = {REGION}\nendpoint_url = {endpoint}\noutput = json\n"
    users = [f"[profile {name}]\n{common}" for name in account.keys]
    roles = [f"[profile {name}]\n{common}role_arn = {role_arn(name)}\nsource_profile = {RUNTIME}\n" for name in ROLES]
    lines = [f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n" for name, (key, secret) in account.keys.items()]
    for name, text in (("config", "\n".join((*users, *roles))), ("credentials", "\n".join(lines))):
        _write_private(folder / name, text)
    return {"AWS_CONFIG_FILE": str(folder / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials")}


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)


def _users() -> Sequence[tuple[str, str, Mapping[str, str], Sequence[Statement]]]:
    """(name, path, tags, inline policy) of each user."""
    becomes = Statement(("sts:AssumeRole",), (role_arn("*"),))
    platform = (Statement(("s3:Get*", "s3:List*", "s3:PutObject", "iam:List*", "cloudwatch:*", "ec2:*")),)
    return (
        (ADA_USER, "/people/", {"email": ADA}, platform),
        ("mira", "/people/", {"email": MIRA}, (Statement(("s3:Get*", "s3:List*"), ("*",)),)),
        (RUNTIME, "/", {"owner": ADA, "purpose": "service account of the platform that runs agents"}, (becomes,)),
        (NIGHT_REPORT_2025, "/agents/", {"purpose": "night report"}, ()),
        (
            LETTER_FILER,
            "/agents/",
            {"owner": JONAS},
            (Statement((_READS, _WRITES), (objects(BUCKET_LETTERS),)), Statement((_LISTS,), (bucket_arn(BUCKET_LETTERS),))),
        ),
    )


def _user(iam: Any, name: str, path: str, tags: Mapping[str, str], statements: Sequence[Statement]) -> None:
    iam.create_user(UserName=name, Path=path, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="given", PolicyDocument=document(statements, indent=None))


def _role(iam: Any, name: str, tags: Mapping[str, str], statements: Sequence[Statement], service: str) -> None:
    users = [user_arn(RUNTIME), user_arn(WRITE_PROFILE)]
    trust = {"Effect": "Allow", "Principal": {"Service": service, "AWS": users}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        Description=f"{COMPANY}: {name}",
    )
    iam.put_role_policy(RoleName=name, PolicyName=f"{name}-access", PolicyDocument=document(statements, indent=2))


def _service_of(role: str) -> str:
    return "bedrock.amazonaws.com" if role == PRICE_SCOUT else "ecs-tasks.amazonaws.com"


def document(statements: Sequence[Statement], indent: int | None) -> str:
    """The text of a policy."""
    listed = [{"Effect": "Allow", "Action": list(one.actions), "Resource": list(one.resources)} for one in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": listed}, indent=indent)


def _key(iam: Any, user: str) -> tuple[str, str]:
    made = iam.create_access_key(UserName=user)["AccessKey"]
    return made["AccessKeyId"], made["SecretAccessKey"]


def _hosted(endpoint: str) -> None:
    """The agent that lives in Bedrock, as the company's Terraform made it."""
    client(endpoint, "bedrock-agent", "setup", "setup").create_agent(
        agentName=PRICE_SCOUT,
        agentResourceRoleArn=role_arn(PRICE_SCOUT),
        foundationModel=PRICE_MODEL,
        instruction=_PRICE_TASK,
        tags={"owner": ADA},
    )


def _buckets(endpoint: str, now: datetime) -> None:
    s3 = client(endpoint, "s3", "setup", "setup")
    for bucket in (*_FILES, BUCKET_TRAIL):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    days = [f"{now - timedelta(days=back):%Y-%m-%d}" for back in range(1, _DAYS + 1)]
    for bucket, names in _FILES.items():
        for key in dict.fromkeys(name.format(day=day) for name in names for day in days):
            s3.put_object(Bucket=bucket, Key=key, Body=f"{COMPANY}: {key}\n".encode())
