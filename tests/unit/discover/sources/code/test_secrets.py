"""Secret values in texts: found by format and context, kept as fingerprints. All values here are made up and cut in two, so that
nothing takes this file for a leak."""

from __future__ import annotations

import hashlib

import pytest

from remit.discover.sources.code.reader import SourceFile
from remit.discover.sources.code.secrets import secrets_in, wants

_RANDOM = "q8ZrT1vLw3XkYb6NcP0dHsJf5GmA2eUo9BxV7iKtRnQz4WyMhDgS8lCpOa3E1uFjXb5"
_HEX = "9f3b1c7e5d2a8046b1e7c3d95fa2086e4b7d1c93a5f8e2067c4d9b1fa3e85072"


def _file(text: str, path: str = "a.py") -> SourceFile:
    return SourceFile(path=path, data=text.encode(), text=text, is_test=False)


def _kinds(text: str, path: str = "a.py") -> list[str]:
    return [seen.kind for seen in secrets_in(_file(text, path))]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("aws-access-key", "AKIA" + "QYLPMN5HRT7VXW3Z"),
        ("github-token", "ghp_" + _RANDOM[:36]),
        ("github-token", "github_pat_" + _RANDOM[:62]),
        ("gitlab-token", "glpat-" + _RANDOM[:20]),
        ("anthropic-key", "sk-ant-" + "api03-" + _RANDOM),
        ("openai-key", "sk-" + _RANDOM[:48]),
        ("openai-key", "sk-proj-" + _RANDOM),
        ("openrouter-key", "sk-or-v1-" + _HEX),
        ("slack-token", "xoxb-" + "4829301756-" + _RANDOM[:30]),
        ("google-api-key", "AIza" + _RANDOM[:35]),
        ("stripe-key", "sk_live_" + _RANDOM[:24]),
        ("huggingface-token", "hf_" + _RANDOM[:34]),
        ("npm-token", "npm_" + _RANDOM[:36]),
        ("groq-key", "gsk_" + _RANDOM[:52]),
        ("langsmith-key", "lsv2_pt_" + _HEX[:32] + "_" + _HEX[:10]),
        ("telegram-bot-token", "7219364805" + ":AA" + _RANDOM[:33]),
        ("jwt", "eyJ" + _RANDOM[:30] + ".eyJ" + _RANDOM[5:45] + "." + _RANDOM[:43]),
    ],
)
def test_a_published_format_is_known_and_only_its_fingerprint_is_kept(kind: str, value: str):
    text = f"first = 1\nvalue = '{value}'\n"
    (seen,) = secrets_in(_file(text))
    assert (seen.kind, seen.place.line) == (kind, 2)
    assert seen.fingerprint == hashlib.sha256(f"remit-secret:{value}".encode()).hexdigest()[:16]
    assert value not in repr(seen)


def test_the_password_of_an_address_is_one():
    (seen,) = secrets_in(_file(f"URL = 'postgresql+psycopg://app:{_RANDOM[:14]}@db.example.org:5432/orders'"))
    assert seen.kind == "connection-string"


def test_a_private_key_is_one():
    body = "\n".join(_RANDOM for _ in range(5))
    assert _kinds("-----BEGIN RSA " + f"PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\n") == ["private-key"]


def test_a_value_without_a_format_is_told_by_what_it_is_given_to():
    assert _kinds(f'CLIENT_SECRET = "{_RANDOM[:32]}"') == ["secret"]


def test_settings_need_no_quotes_and_their_name_decides():
    text = f"# mail\nSMTP_PASSWORD={_RANDOM[:12]}\nMAX_TOKENS=4096123456\nMODEL=gpt-5-mini-2026\n"
    assert _kinds(text, "config/.env") == ["password"]
    assert _kinds(text, "config/notes.md") == []


def test_a_setting_that_repeats_a_name_is_not_filled_in():
    assert _kinds("FIRECRAWL_API_KEY=FIRECRAWL_API_KEY\n", ".env.example") == []


@pytest.mark.parametrize(
    "text",
    [
        "AKIA" + "IOSFODNN7EXAMPLE",
        "token = 'ghp_" + "x" * 36 + "'",
        "key = 'sk-" + "your-key-goes-here-and-nowhere-else-ok'",
        "api_key = '${OPENAI_API_KEY_OF_THE_TEAM_1234}'",
        "api_key = os.environ['OPENAI_API_KEY_1234567']",
        "url = 'postgres://user:password@localhost:5432/db'",
        "url = 'postgres://postgres:postgres@10.0.0.1/db'",
        "risk-" + _RANDOM[:48].lower(),
        "secret = 'plain words that are long enough'",
        "token = 'https://example.org/a/b/c/12345'",
        "const token_name = 'SomeClassNameThatIsLong'",
        "handoff_secret = 'NAME_OF_THE_SECRET_IN_THE_TEST_4207'",
        '"api_key_hash": "' + hashlib.sha256(b"x").hexdigest() + '",',
    ],
)
def test_what_stands_for_a_secret_is_none(text: str):
    assert _kinds(text) == []


def test_one_value_is_one_secret_whatever_formats_fit_it():
    assert _kinds('api_key = "sk-ant-' + f'api03-{_RANDOM}"') == ["anthropic-key"]


@pytest.mark.parametrize(
    ("path", "expected"), [(".env", True), ("a/.env.local", True), ("id_rsa", True), ("x.pem", True), ("a.png", False)]
)
def test_files_that_hold_keys_are_read_for_them(path: str, expected: bool):
    assert wants(path) is expected


@pytest.mark.parametrize(
    "text", ["sk-" * 200_000, "api_key=" * 100_000, "://a:" * 100_000, "-----BEGIN " * 50_000, "eyJ" + "a" * 500_000, "A" * 1_000_000]
)
def test_a_text_made_to_be_slow_is_not(text: str):
    assert _kinds(text) == []


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("      AWS_SECRET_ACCESS_KEY: " + _RANDOM, ["aws-key"]),
        ("      - OPENAI_API_KEY=" + _RANDOM, ["model-key"]),
        ("      OPENAI_API_KEY: ${OPENAI_API_KEY}", []),
        ("      OPENAI_API_KEY: {{ .Values.key }}", []),
        ("      openai_api_key: " + _RANDOM, []),
        ("      DATABASE_URL: postgres://svc:q8Zr4XUtn7EM@db/fin", ["connection-string"]),
        ("      DATABASE_URL: postgres://svc:postgres@db/fin", []),
        ("      MODEL: " + _RANDOM, []),
    ],
)
def test_yaml_gives_values_to_environment_variables(line: str, kinds: list[str]):
    assert _kinds(f"services:\n  a:\n    environment:\n{line}\n", "compose.yaml") == kinds
