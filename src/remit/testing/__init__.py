"""What a plugin author imports to prove a plugin."""
