"""Files that declare agents, MCP servers, deployments or pipelines: YAML, JSON, TOML, Markdown and Terraform."""
