"""Where stages and plugins meet; reads as the loop."""
