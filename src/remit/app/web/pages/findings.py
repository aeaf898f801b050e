"""Findings: where needed, granted and used disagree."""

from __future__ import annotations

from typing import Any

ROUTES: tuple[Any, ...] = ()
