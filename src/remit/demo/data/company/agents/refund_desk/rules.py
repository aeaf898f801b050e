"""The rules that a refund has to meet, whatever the model thinks."""

from decimal import Decimal

MOST = Decimal("60.00")
REASONS = {"damaged", "wrong", "missing"}


def check(amount: str, reason: str) -> None:
    """Raises ValueError for a refund that a person has to decide."""
    if not Decimal("0") < Decimal(amount) <= MOST:
        raise ValueError(f"{amount} EUR is for a person to decide")
    if reason not in REASONS:
        raise ValueError(f"{reason} is no reason for a refund")
