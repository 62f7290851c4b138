"""What people make of lists for themselves: saved views, and work on many records at once."""
