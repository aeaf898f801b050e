"""The page of one agent: the four questions, then needed, granted and used, with every reason."""

from __future__ import annotations

from typing import Any

ROUTES: tuple[Any, ...] = ()
