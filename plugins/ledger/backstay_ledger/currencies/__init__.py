"""Foreign currencies: rates, what amounts are worth on a day, revaluation, rounding of cash."""
