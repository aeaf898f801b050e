"""Code and configuration in a repository: walks a folder and reads every file kind that can show an agent."""
