"""What mends a disagreement: plans, their replay and their state machine."""
