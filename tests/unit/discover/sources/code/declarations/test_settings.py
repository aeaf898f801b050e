"""The identities in files of settings."""

from __future__ import annotations

import pytest
from tests.unit.discover.sources.code.declarations.seen import seen_in

from remit.model.place import Confidence

ARN = "arn:aws:iam::123456789012:role/team/runner"
PASSWORD = "Zx81kQ92mVn4"


@pytest.mark.parametrize(
    ("path", "text", "refs"),
    [
        (".env", f"DATABASE_URL=postgres://app:{PASSWORD}@db/fin", ["postgres:fin/app"]),
        ("a/.env.local", 'export DSN="postgresql+asyncpg://app@db:5432/fin?ssl=on"', ["postgres:fin/app"]),
        ("prod.env", f"RUNNER_ROLE_ARN={ARN}", [ARN]),
        (".env", "PGUSER=app\nPGDATABASE=fin", ["postgres:fin/app"]),
        (".env", "POSTGRES_DB=fin\nPOSTGRES_USER=app", ["postgres:fin/app"]),
        (".env", "DSN=host=db dbname=fin user=app password=x", ["postgres:fin/app"]),
        ("config.toml", 'url = "postgresql://app@db/fin"', ["postgres:fin/app"]),
        ("config/settings.yaml", "database:\n  url: postgresql://app@db/fin\n", ["postgres:fin/app"]),
        ("app.service", f'[Service]\nEnvironment="ROLE_ARN={ARN}"', [ARN]),
        ("Dockerfile", f"ENV ROLE_ARN={ARN}", [ARN]),
        ("deploy/aws/config", f"[default]\nregion = x\n[profile p]\nrole_arn = {ARN}\nsource_profile = default", [ARN]),
        (".env", "DATABASE_URL=postgres://${USER}:${PASSWORD}@db/fin", []),
        (".env", "DATABASE_URL=", []),
        (".env", "#DATABASE_URL=postgres://app@db/fin", []),
        (".env", "ADMIN_DATABASE_URL=postgres://app@db/fin\nTEST_DB_USER=app\nTEST_DB_NAME=fin", []),
        (".env", "PGUSER=app", []),
        ("alembic.ini", "sqlalchemy.url = postgres://app@db/fin", []),
        ("README.md", "DATABASE_URL=postgres://app@db/fin", []),
        (".env", "x=postgres://" + "a" * 5000, []),
        (".env", "\x00\x1b[2J=postgres://app@db/fin", []),
    ],
)
def test_settings_name(path: str, text: str, refs: list[str]) -> None:
    found = seen_in(path, text)
    assert sorted({identity.ref for identity in found.identities}) == refs
    assert PASSWORD not in repr(found.all)


def test_each_identity_has_its_line_its_variable_and_how_sure_it_is() -> None:
    (identity,) = seen_in("a/.env", "\n\nDATABASE_URL=postgres://app@db/fin\n").identities
    assert (str(identity.place), identity.about, identity.confidence) == ("a/.env:3", ("env:DATABASE_URL",), Confidence.LIKELY)
    (example,) = seen_in("a/.env.example", "DATABASE_URL=postgres://app@db/fin\n").identities
    assert example.confidence is Confidence.POSSIBLE


def test_a_profile_of_aws_is_told_by_its_name() -> None:
    first, second = seen_in(".aws/config", f"[profile one]\nrole_arn={ARN}\n[profile two]\nrole_arn={ARN}2\n").identities
    assert (first.about, second.about) == (("name:one", "env:role_arn"), ("name:two", "env:role_arn"))
