"""From evidence to inventory: which agents exist, which identities they use, which are copies."""
