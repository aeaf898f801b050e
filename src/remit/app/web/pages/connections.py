"""What is connected, its ledger, and connecting more."""

from __future__ import annotations

from typing import Any

ROUTES: tuple[Any, ...] = ()
