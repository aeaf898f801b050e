"""The web UI: routes per noun, rendered on the server; reads and forms work without JavaScript."""
