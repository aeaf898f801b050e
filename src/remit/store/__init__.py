"""What Remit keeps: a store of records, events and uses, and the decision log of points."""
