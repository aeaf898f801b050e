"""The demo estate: a small company with real servers, its ninety days before the start, and who is in it."""
