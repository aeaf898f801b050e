"""Tables of facts, read as data."""
