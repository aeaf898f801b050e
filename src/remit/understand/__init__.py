"""What an agent is for, and how that compares with what it is granted and does."""
