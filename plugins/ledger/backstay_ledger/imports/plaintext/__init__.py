"""Plain-text journals as hledger, ledger and beancount write them: reading, never running."""
