"""The tiny test source: an agent is a `*.postcard` file."""
