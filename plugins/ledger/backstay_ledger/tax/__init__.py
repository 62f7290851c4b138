"""Tax: codes with dated rates, their computation, what entries say about it, and returns."""
