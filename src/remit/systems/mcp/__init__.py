"""MCP servers as a system: tools and their verbs, and the tool filter that a remit compiles to."""
