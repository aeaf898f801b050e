"""Parcels."""

from decimal import Decimal

import pytest
from web.carriers import cheapest


def test_a_heavy_parcel_goes_with_northline():
    agent, price = cheapest(Decimal("9"), "DE")
    assert (agent.name, price) == ("northline", Decimal("9.50"))


def test_nobody_takes_parcels_to_the_moon():
    with pytest.raises(LookupError):
        cheapest(Decimal("1"), "XX")
