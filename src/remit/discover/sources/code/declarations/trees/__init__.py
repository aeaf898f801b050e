"""Trees of YAML, JSON, TOML, HCL and front matter in which every value knows its line."""
