"""The decision service: AuthZEN 1.0 over HTTP."""
