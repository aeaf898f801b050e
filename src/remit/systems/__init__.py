"""One folder per system that is acted upon: its actions, its access rules and its compiled policy."""
