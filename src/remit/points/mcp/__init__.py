"""The MCP gateway: a decision before every tool call of a server."""
