"""Tests import `web` from here."""
