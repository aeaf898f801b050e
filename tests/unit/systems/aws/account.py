"""A small AWS account on a live server that enforces, with people, agents, and the two roles of Remit; everything acts by its own keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from tests.servers import LiveAws, aws_server

from remit.model.connection import Connection

ADMIN = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


def allow(actions: object, resources: object = "*") -> str:
    """The text of a policy with one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}]})


class Account:
    """One account; `profiles` are the keys of its users, in a credentials file as people have it."""

    def __init__(self, server: LiveAws, folder: Path) -> None:
        self.server = server
        self.number = server.account
        self._folder = folder
        self._keys: dict[str, dict[str, str]] = {}
        self.iam = server.client("iam")

    def arn(self, name: str) -> str:
        """`role/x`, `user/x`, `policy/x` as an ARN."""
        return f"arn:aws:iam::{self.number}:{name}"

    def user(self, name: str, policy: str | None = None, path: str = "/", tags: Mapping[str, str] = {}) -> str:
        """A user with an access key, and its ARN."""
        given = [{"Key": key, "Value": value} for key, value in tags.items()]
        arn = self.iam.create_user(UserName=name, Path=path, Tags=given)["User"]["Arn"]
        if policy is not None:
            self.iam.put_user_policy(UserName=name, PolicyName="given", PolicyDocument=policy)
        self.new_key(name)
        return str(arn)

    def new_key(self, name: str) -> str:
        """Another access key of a user: its id."""
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        self._keys.setdefault(name, key)
        lines = [
            f"[{user}]\naws_access_key_id = {found['AccessKeyId']}\naws_secret_access_key = {found['SecretAccessKey']}\n"
            for user, found in self._keys.items()
        ]
        (self._folder / "credentials").write_text("\n".join(lines), "utf-8")
        return str(key["AccessKeyId"])

    def key_of(self, name: str) -> str:
        """The id of a user's first access key."""
        return self._keys[name]["AccessKeyId"]

    def role(self, name: str, policy: str | None = None, path: str = "/", trusts: tuple[str, ...] = ()) -> str:
        """A role that these users may become, and its ARN."""
        trust = {"Effect": "Allow", "Principal": {"AWS": [self.arn(f"user/{user}") for user in trusts]}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn = self.iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        if policy is not None:
            self.iam.put_role_policy(RoleName=name, PolicyName="given", PolicyDocument=policy)
        return str(arn)

    def client(self, service: str, user: str) -> Any:
        """A client that acts as a user."""
        found = self._keys[user]
        return self.server.client(service, found["AccessKeyId"], found["SecretAccessKey"])

    def client_as(self, service: str, role: str, user: str) -> Any:
        """A client that acts as a role, which this user becomes."""
        given = self.client("sts", user).assume_role(RoleArn=role, RoleSessionName="work")["Credentials"]
        return self.server.client(service, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def environment(self) -> dict[str, str]:
        """What Remit is given."""
        return {
            "AWS_SHARED_CREDENTIALS_FILE": str(self._folder / "credentials"),
            "AWS_CONFIG_FILE": str(self._folder / "config"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def connection(self, **settings: str) -> Connection:
        """A connection with the profiles `remit-read` and `remit-write`."""
        given = {
            "endpoint_url": self.server.endpoint,
            "region": self.server.region,
            "profile": "remit-read",
            "write_profile": "remit-write",
        }
        return Connection(id="aws:main", kind="aws", name="main", settings={**given, **settings})


def answer(call: Any) -> str:
    """`allowed`, or the code by which the server refuses."""
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "allowed"


@contextmanager
def live_account(folder: Path) -> Iterator[Account]:
    """An empty account on a server of its own; call `server.enforce()` when it is made."""
    with aws_server() as server:
        yield Account(server, folder)
