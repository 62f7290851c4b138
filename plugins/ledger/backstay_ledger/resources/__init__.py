"""The ledger's resources: lists, records and forms that core makes from declarations.

Nothing is imported here, so that each module can be imported first; all_resources has them all.
"""
