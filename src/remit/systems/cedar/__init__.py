"""Cedar as a target: a remit compiled to Cedar policies."""
