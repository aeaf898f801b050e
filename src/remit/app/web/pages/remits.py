"""Drafts, approval and versions of remits."""

from __future__ import annotations

from typing import Any

ROUTES: tuple[Any, ...] = ()
