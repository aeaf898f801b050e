"""A cabinet with keys: a system with identities, whose whole state is one JSON file."""
