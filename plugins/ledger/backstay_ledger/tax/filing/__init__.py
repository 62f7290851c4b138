"""Tax returns as they were filed."""
