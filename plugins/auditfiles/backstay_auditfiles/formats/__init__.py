"""The forms of audit files: each has a writer and a reader that know nothing of each other."""
