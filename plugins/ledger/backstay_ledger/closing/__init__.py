"""Periods and closing: who may still post, plans that post by themselves, and the year-end."""
