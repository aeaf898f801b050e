"""What a visitor's user agent says."""

from dataclasses import dataclass

CRAWLERS = ("bot", "spider", "crawl")


@dataclass(frozen=True)
class UserAgent:
    """A browser, as it names itself."""

    name: str
    tools: tuple[str, ...] = ()


def agent_from(header: str) -> UserAgent:
    """The first product of a User-Agent header."""
    name, _, rest = header.partition(" ")
    return UserAgent(name=name or "unknown", tools=tuple(rest.split()))


def is_crawler(header: str) -> bool:
    """Whether a visitor says that it is a program."""
    return any(word in header.lower() for word in CRAWLERS)
