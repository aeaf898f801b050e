"""The shortest enforcement point: asked in one line of text, answers in another."""
