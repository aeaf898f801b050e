"""AWS: identities and what they can do, read from IAM and decided by its rules."""
