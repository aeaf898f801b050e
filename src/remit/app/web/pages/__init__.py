"""One file per noun: the routes of its pages and what its forms do."""
