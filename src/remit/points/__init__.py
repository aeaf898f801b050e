"""One folder per enforcement point; each asks for a decision and obeys it."""
