"""Fixtures of the tests of the web UI."""

from tests.web.fixtures import (
    axe,
    browser,
    client,
    client_of,
    cookies,
    empty_client,
    empty_world,
    own_client,
    own_world,
    served,
    visit,
    world,
)

__all__ = [
    "axe",
    "browser",
    "client",
    "client_of",
    "cookies",
    "empty_client",
    "empty_world",
    "own_client",
    "own_world",
    "served",
    "visit",
    "world",
]
