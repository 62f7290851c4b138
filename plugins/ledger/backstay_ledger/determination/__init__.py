"""Account determination: lines name a role, and a company's rules say which account that is."""
