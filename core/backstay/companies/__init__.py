"""Companies: the owners of all business rows."""
