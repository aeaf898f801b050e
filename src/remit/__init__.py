"""Remit secures AI agents by intent: it discovers, understands and enforces."""
