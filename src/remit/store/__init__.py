"""What Remit keeps: the decision log."""
