"""Search over records: one index for all of them, kept in the transaction of each change."""
