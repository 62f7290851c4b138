"""Lists of records: what an address asks for, queries, pages, saved views, bulk work and files."""
