"""Which tags name a team and nobody in it."""

from __future__ import annotations

import pytest

from remit.model.teams import is_team_alone


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("team", "finops", True),
        ("Team", "Payments Platform", True),
        ("app.example.com/squad", "checkout", True),
        ("team", "finops@example.com", False),
        ("team", "@acme/finops", False),
        ("team", "#finops", False),
        ("owner", "finops", False),
        ("owning-team", "finops", False),
        ("contact", "finops", False),
    ],
)
def test_the_bare_name_of_a_team_is_nobody_to_ask(key: str, value: str, expected: bool) -> None:
    assert is_team_alone(key, value) is expected
