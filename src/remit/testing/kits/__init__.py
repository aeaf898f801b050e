"""Conformance suites: one per kind of plugin."""
