"""Dimensions: what a line is about besides its account, such as a cost centre or a project."""
