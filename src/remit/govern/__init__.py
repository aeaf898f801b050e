"""States of an agent and who may move them."""
