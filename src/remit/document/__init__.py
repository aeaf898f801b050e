"""The remit document: from YAML to a checked, canonical, hashed record, and the pattern language in it."""
