"""The source tree of the organisation: agents in many frameworks, what deploys them, and code that is no agent."""
