"""Postgres: roles, memberships and privileges of one database, read, evaluated and narrowed by its own rules."""
