"""The nouns: frozen, typed records that cross from one stage to another."""
