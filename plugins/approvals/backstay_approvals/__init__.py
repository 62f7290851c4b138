"""Approvals: what one person began, others have to agree to before it happens."""
