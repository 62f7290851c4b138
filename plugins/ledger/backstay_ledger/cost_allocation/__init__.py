"""Cost allocation: rules that spread what accounts took in a period over values of a dimension."""
