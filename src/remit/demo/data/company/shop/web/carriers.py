"""Carriers and the agents that hand our parcels to them."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Agent:
    """A shipping agent: a company that takes parcels for a carrier."""

    name: str
    base: Decimal
    a_kilogram: Decimal
    countries: frozenset[str]

    def run(self, kilograms: Decimal) -> Decimal:
        """What a parcel costs with this agent."""
        return self.base + self.a_kilogram * kilograms


AGENTS = [
    Agent(name="harbour", base=Decimal("3.20"), a_kilogram=Decimal("0.90"), countries=frozenset({"DE", "NL"})),
    Agent(name="northline", base=Decimal("4.10"), a_kilogram=Decimal("0.60"), countries=frozenset({"DE", "DK", "SE"})),
]


def cheapest(kilograms: Decimal, country: str) -> tuple[Agent, Decimal]:
    """The agent that takes a parcel for least."""
    fitting = [agent for agent in AGENTS if country in agent.countries]
    if not fitting:
        raise LookupError(f"nobody takes parcels to {country}")
    best = min(fitting, key=lambda agent: agent.run(kilograms))
    return best, best.run(kilograms)
