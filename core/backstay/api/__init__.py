"""The API for programs: generated from the same resources and commands as the pages."""
