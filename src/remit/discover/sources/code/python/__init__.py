"""Python and notebooks, by syntax tree."""
