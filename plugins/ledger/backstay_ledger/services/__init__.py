"""The use cases of the general ledger, one function each; other plugins use the contract."""
