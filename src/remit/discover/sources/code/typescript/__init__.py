"""TypeScript and JavaScript, by syntax tree."""
