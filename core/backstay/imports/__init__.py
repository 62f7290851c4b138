"""Files on their way into the records: the one engine that every import uses."""
