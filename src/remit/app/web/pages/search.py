"""One box that finds agents, identities, findings, plans and resources."""

from __future__ import annotations

from typing import Any

ROUTES: tuple[Any, ...] = ()
