"""The tiny test system: a wall of lockers, whose policy is a list of numbered doors."""
