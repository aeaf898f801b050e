"""The list of agents, riskiest first."""

from __future__ import annotations

from typing import Any

ROUTES: tuple[Any, ...] = ()
