"""What a plugin offers: one protocol per kind of plugin, and the registry that finds plugins by walking their folder."""
