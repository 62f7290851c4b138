"""The sidebar and the command palette, from declarations."""
