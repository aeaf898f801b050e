"""What really happens: events bound to agents, judged by their remits, and the findings that follow."""
