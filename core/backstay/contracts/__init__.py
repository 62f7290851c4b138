"""The protocols by which plugins meet."""
