"""The ledger's bespoke pages: home, entry editor, account card, reports, opening balances.

Nothing is imported here, so that each module of pages can be imported first; all_pages has them
all.
"""
