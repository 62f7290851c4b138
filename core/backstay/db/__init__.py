"""The database: sessions, types, guards, ids."""
