"""One folder per discovery source; each emits evidence and gaps and nothing else."""
