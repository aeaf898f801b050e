"""Shell and SQL text turned into the actions in it, and the patterns that those are compared with."""
