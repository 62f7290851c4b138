"""Open items: lines that wait for their counterpart, and the allocations that settle them."""
