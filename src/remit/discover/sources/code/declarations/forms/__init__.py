"""One file for each form in which agents, MCP servers, deployments and pipelines are declared."""
