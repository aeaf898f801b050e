"""Decisions as they happen, and what each rests on."""

from __future__ import annotations

from typing import Any

ROUTES: tuple[Any, ...] = ()
