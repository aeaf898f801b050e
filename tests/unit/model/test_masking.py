"""What looks like a secret leaves a text; what only talks of one stays."""

from __future__ import annotations

import random
import string

import pytest

from remit.model.masking import without_secrets

_RANDOM = random.Random(11)


def _made(length: int, prefix: str = "", letters: str = string.ascii_letters + string.digits) -> str:
    return prefix + "a1Z9" + "".join(_RANDOM.choice(letters) for _ in range(length - 4))


@pytest.mark.parametrize(
    "text",
    [
        "use the token {} for GitHub",
        "the password is {}",
        "password={}",
        "PGPASSWORD: '{}'",
        '{{"api_key": "{}"}}',
        "Authorization: Bearer {}",
        "Database password is `{}`.",
        "postgres://rw:{}@db/x",
        "https://u:{}@h/x and more",
        "ALTER ROLE x PASSWORD '{}'",
        "host=h user=u password={} dbname=d",
        "a?X-Amz-Signature={}&x=1",
        "https://h/q?key={}",
    ],
)
def test_a_named_value_is_taken_out_and_the_rest_stays(text: str) -> None:
    secret = _made(20)
    assert without_secrets(text.format(secret)) == text.format("***").replace("{{", "{").replace("}}", "}")


@pytest.mark.parametrize("prefix", ["ghp_", "sk-proj-", "xoxb-", "glpat-", "hf_"])
def test_a_published_form_is_taken_out_wherever_it_stands(prefix: str) -> None:
    secret = _made(36, prefix)
    assert without_secrets(f"session-{secret}\n{secret}") == "session-***\n***"
    assert without_secrets("x AKIA" + "Q2" * 8) == "x ***"


def test_a_secret_key_of_aws_and_a_private_key_are_taken_out_line_for_line() -> None:
    key = "wJalrXUtnFEMI7K7MDENG9bPxRfiCYzQ8dLkT2aB"
    assert without_secrets(f"secret {key} x") == "secret *** x"
    assert without_secrets(f"see {key}, then") == "see ***, then"
    pem = f"a\n-----BEGIN RSA PRIVATE KEY-----\n{_made(60)}\n{_made(60)}\n-----END RSA PRIVATE KEY-----\nb"
    kept = without_secrets(pem)
    assert (kept.count("\n"), kept.startswith("a\n"), kept.endswith("\nb"), len(kept) < len(pem) - 100) == (
        pem.count("\n"),
        True,
        True,
        True,
    )


@pytest.mark.parametrize(
    "text",
    [
        "The password is required, and the token expires.",
        "token: str = Field(default=None)",
        "read the secret arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-a1b2c3",
        "password: ${DB_PASSWORD_1}",
        "DB_PASSWORD=$(cat /run/secrets/db1)",
        "https://example.com:8443/a@b",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b of today",
        "arn:aws:s3:::billing-exports-2026/reports/q3/summary.csv",
        "sha256:" + "0a" * 32,
        "use token tools/fetch2_v1.py",
        "",
        "key: reports/2026/11.csv",
    ],
)
def test_what_only_talks_of_secrets_stays_as_it_is(text: str) -> None:
    assert without_secrets(text) is text or without_secrets(text) == text


def test_a_long_hostile_text_costs_no_more_than_its_length() -> None:
    for unit in ("password", "://a:", "-----BEGIN PRIVATE KEY-----", "token = ", "a1"):
        assert len(without_secrets(unit * 30_000)) > 0


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:secretsmanager:us-west-2:123456789012:secret:weather-api-key-51",
        "arn:aws:secretsmanager:*:*:secret:billing/key07-AbC4eF",
        "Read the secret weather-api-key-51 before you call.",
        "the secret prod/orders-db-07.",
    ],
)
def test_the_name_of_a_secret_in_a_vault_stays(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize("text", ["arn:x:secret:{}", "secret: {}", "my secret {}", "secret=weather-api-key-51", "token weather-key-51"])
def test_what_only_looks_like_such_a_name_is_taken_out(text: str) -> None:
    assert without_secrets(text.format(_made(20))).endswith("***")
