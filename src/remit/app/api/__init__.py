"""The HTTP service: who may ask, AuthZEN in front, everything else behind it."""
