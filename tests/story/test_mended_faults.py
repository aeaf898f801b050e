"""A fault that is mended in the world itself closes its finding, and one that comes back opens the same finding again.

Mending and putting back is done with boto3, psycopg and plain files; the product is driven by its command line.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.estate import faults
from tests.estate.generate import build
from tests.story.cited import Cited
from tests.story.connected import SEED, World, execute


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with build(SEED, tmp_path_factory.mktemp("estate"), set(faults.ALL)) as estate:
        yield World(estate)


@contextmanager
def _persons_key(world: World, finding: Any) -> Iterator[None]:
    iam, arn = world.estate.cloud.client("iam"), next(place for place in finding["evidence"] if place.startswith("arn:"))
    name = arn.rpartition("/")[2]
    key = iam.list_access_keys(UserName=name)["AccessKeyMetadata"][0]["AccessKeyId"]
    iam.update_access_key(UserName=name, AccessKeyId=key, Status="Inactive")
    try:
        yield
    finally:
        iam.update_access_key(UserName=name, AccessKeyId=key, Status="Active")


@contextmanager
def _copy(world: World, finding: Any) -> Iterator[None]:
    fault = next(one for one in world.estate.company.faults if one.rule == faults.COPY)
    folder, aside = world.estate.code / fault.evidence[0], world.estate.folder / "aside"
    shutil.move(folder, aside)
    try:
        yield
    finally:
        shutil.move(aside, folder)


@contextmanager
def _no_owner(world: World, finding: Any) -> Iterator[None]:
    path = next(found for found in world.estate.code.rglob("CODEOWNERS"))
    before, folder = path.read_text(encoding="utf-8"), finding["evidence"][0].split("/")[0]
    path.write_text(f"{before}/{folder}/ @somebody\n", encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")


@contextmanager
def _expired(world: World, finding: Any) -> Iterator[None]:
    role = next(re.search(r"pg_roles (\S+)", place)[1] for place in finding["evidence"] if "pg_roles" in place)  # type: ignore[index]
    agent = next(one for one in world.estate.agents() if one.database is not None and one.database.role == role)
    assert agent.database is not None
    execute(world, f"ALTER ROLE \"{role}\" VALID UNTIL 'infinity'")
    try:
        yield
    finally:
        execute(world, f"ALTER ROLE \"{role}\" VALID UNTIL '{agent.database.valid_until}'")


@contextmanager
def _unneeded_grant(world: World, finding: Any) -> Iterator[None]:
    if any("pg_auth_members" in place for place in finding["evidence"]):
        place = next(place for place in finding["evidence"] if "pg_auth_members" in place)
        member, group = (part.partition("role/")[2] for part in place.partition("pg_auth_members ")[2].split(" -> "))
        execute(world, f'SET ROLE platform_dba; REVOKE {group} FROM "{member}"')
        try:
            yield
        finally:
            execute(world, f'SET ROLE platform_dba; GRANT {group} TO "{member}"')
        return
    place = next(place for place in finding["evidence"] if re.search(r"\[\d+\]$", place))
    statement, arn = Cited(world.estate).statement(place), place.partition("#")[0]
    iam, name = world.estate.cloud.client("iam"), arn.rpartition("/")[2]
    policy = re.search(r"#inline/(.*)\[\d+\]$", place)
    assert policy is not None
    whole = iam.get_role_policy(RoleName=name, PolicyName=policy[1])["PolicyDocument"]
    rest = [one for one in whole["Statement"] if one != statement]
    iam.put_role_policy(RoleName=name, PolicyName=policy[1], PolicyDocument=json.dumps(whole | {"Statement": rest}))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=name, PolicyName=policy[1], PolicyDocument=json.dumps(whole))


@contextmanager
def _dormant(world: World, finding: Any) -> Iterator[None]:
    """Its credentials are taken away: the role is deleted, the login is locked; later both come back as they were."""
    iam = world.estate.cloud.client("iam")
    arn = next((place for place in finding["evidence"] if place.startswith("arn:")), "")
    role = next((re.search(r"pg_roles (\S+)", place)[1] for place in finding["evidence"] if "pg_roles" in place), "")  # type: ignore[index]
    name, path = arn.rpartition("/")[2], "/" + arn.partition(":role/")[2].rpartition("/")[0]
    found = iam.get_role(RoleName=name)["Role"]
    attached = [one["PolicyArn"] for one in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]]
    inline = {
        one: iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"]
        for one in iam.list_role_policies(RoleName=name)["PolicyNames"]
    }
    for one in attached:
        iam.detach_role_policy(RoleName=name, PolicyArn=one)
    for one in inline:
        iam.delete_role_policy(RoleName=name, PolicyName=one)
    iam.delete_role(RoleName=name)
    execute(world, f'ALTER ROLE "{role}" NOLOGIN')
    try:
        yield
    finally:
        execute(world, f'ALTER ROLE "{role}" LOGIN')
        iam.create_role(
            RoleName=name,
            Path=path if path.endswith("/") else f"{path}/",
            AssumeRolePolicyDocument=json.dumps(found["AssumeRolePolicyDocument"]),
            Tags=found.get("Tags", []),
        )
        for one in attached:
            iam.attach_role_policy(RoleName=name, PolicyArn=one)
        for one, document in inline.items():
            iam.put_role_policy(RoleName=name, PolicyName=one, PolicyDocument=json.dumps(document))


_MENDS = {
    "persons-key": _persons_key, "copy": _copy, "no-owner": _no_owner, "expired-grant": _expired, "used-not-needed": _unneeded_grant,
    "dormant": _dormant,
}  # fmt: skip


@pytest.mark.real
@pytest.mark.parametrize("rule", sorted(_MENDS))
def test_a_fault_that_is_mended_in_the_world_closes_its_finding_and_one_that_comes_back_opens_it(world: World, rule: str) -> None:
    before = world.findings()
    mine = [one for one in before.values() if one["rule"] == rule]
    assert mine, sorted(before)
    for finding in mine:
        with _MENDS[rule](world, finding):
            world.driver.json("scan")
            assert set(before) - set(world.findings()) == {finding["id"]}
            assert set(world.findings()) <= set(before)
        world.driver.json("scan")
        assert set(world.findings()) == set(before)
