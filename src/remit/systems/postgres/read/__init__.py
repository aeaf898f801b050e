"""What a live Postgres says of itself, and its log."""
