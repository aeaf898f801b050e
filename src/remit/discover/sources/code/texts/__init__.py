"""What people wrote near the code: READMEs, remit files and agent cards."""
