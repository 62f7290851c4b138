"""What auditors need: runs of the checks, seals, samples and control queries."""
