"""What commands, pages and the API show: each noun reduced once, for all three."""
