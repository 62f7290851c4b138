"""A register of a company's vehicles."""
