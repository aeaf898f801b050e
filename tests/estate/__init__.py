"""An organisation made from a seed, with its truth: the judge of the loop, which knows nothing of the product."""
