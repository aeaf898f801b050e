"""Fixtures of the tests of the web UI."""

from tests.web.fixtures import client, client_of, empty_client, empty_world, own_client, own_world, world

__all__ = ["client", "client_of", "empty_client", "empty_world", "own_client", "own_world", "world"]
