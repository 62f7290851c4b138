"""Background jobs: asked for, claimed, run once, and looked after."""
