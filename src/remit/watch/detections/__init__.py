"""One rule a file: what it is about, and what it sees in a window."""
