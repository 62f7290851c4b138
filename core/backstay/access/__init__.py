"""Who may do what: users, roles, grants, sessions."""
