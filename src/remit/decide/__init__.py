"""The one decision: a pure function from remits, states and a request to an outcome with its reason."""
