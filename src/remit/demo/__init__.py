"""The demo: an estate of real parts on loopback, and the story told on it by commands."""
