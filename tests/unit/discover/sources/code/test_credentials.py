"""Which names hold credentials."""

from __future__ import annotations

import pytest

from remit.discover.sources.code.credentials import credential_kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("OPENAI_API_KEY", "model-key"),
        ("openai_api_key", "model-key"),
        ("CLAUDE_CODE_OAUTH_TOKEN", "model-key"),
        ("WIKI_GITHUB_TOKEN", "token"),
        ("BILLING_PAT", "token"),
        ("AWS_SECRET_ACCESS_KEY", "aws-key"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "cloud-key"),
        ("AZURE_CLIENT_SECRET", "cloud-key"),
        ("ORDERS_DATABASE_URL", "connection-string"),
        ("MYSQL_DSN", "connection-string"),
        ("PGPASSWORD", "password"),
        ("SMTP_PASS", "password"),
        ("APP_PRIVATE_KEY", "private-key"),
        ("SUPABASE_SERVICE_KEY", "secret"),
        ("WEATHER_API_KEY", "api-key"),
        ("SERVICE_CLIENT_SECRET", "oauth"),
        ("API_KEY_2", "api-key"),
    ],
)
def test_a_credential_is_known_by_its_name(name: str, kind: str):
    assert credential_kind(name) == kind


@pytest.mark.parametrize(
    "name",
    [
        "MAX_TOKENS",
        "LLM_MAX_OUTPUT_TOKENS",
        "TOKENIZERS_PARALLELISM",
        "KEY_PREFIX",
        "TOKEN_LIMIT",
        "API_KEY_HEADER",
        "PRIMARY_KEY",
        "OPENAI_MODEL",
        "OPENAI_BASE_URL",
        "MONKEY",
        "HOTKEY",
        "AWS_REGION",
        "STRIPE_PUBLISHABLE_KEY",
        "NEXT_PUBLIC_SUPABASE_ANON_KEY",
        "",
        "A" * 5000,
    ],
)
def test_what_only_sounds_like_one_is_none(name: str):
    assert credential_kind(name) is None
