"""Meadow, a second theme: it has style sheets only, and they come after those of Harbor."""
