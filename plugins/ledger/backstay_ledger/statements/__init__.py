"""Financial statements: presentation trees, and what they show of the books on any day."""
