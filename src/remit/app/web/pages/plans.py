"""Plans with their stages, replay and proofs; applying and taking back."""

from __future__ import annotations

from typing import Any

ROUTES: tuple[Any, ...] = ()
