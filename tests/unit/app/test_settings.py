"""Where state is kept: the option before the environment before the data folder, and no password on a command line."""

from __future__ import annotations

import pytest

from remit.app.settings import store_url
from remit.model.errors import UsageError

SECRET = "postgresql://dana:c4n4ry@db.example/remit"


@pytest.mark.parametrize(
    ("given", "environment", "expected"),
    [
        (None, {}, None),
        (None, {"REMIT_STORE": ""}, None),
        (None, {"REMIT_STORE": "sqlite:///a"}, "sqlite:///a"),
        (None, {"REMIT_STORE": SECRET}, SECRET),
        ("sqlite:///b", {"REMIT_STORE": "sqlite:///a"}, "sqlite:///b"),
        ("postgresql://dana@db.example/remit", {"REMIT_STORE": SECRET}, "postgresql://dana@db.example/remit"),
        ("", {"REMIT_STORE": "sqlite:///a"}, "sqlite:///a"),
    ],
)
def test_the_option_goes_before_the_environment(given: str | None, environment: dict[str, str], expected: str | None) -> None:
    assert store_url(given, environment) == expected


@pytest.mark.parametrize("url", [SECRET, "postgresql://dana@db.example/remit?password=c4n4ry"])
def test_a_password_on_the_command_line_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="REMIT_STORE") as refused:
        store_url(url, {})
    assert "c4n4ry" not in str(refused.value)
