"""One file per place outside that is told of denials and findings; nothing is sent unless told to."""
