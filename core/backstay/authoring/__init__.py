"""What authors of plugins need: a plugin to begin with, its migrations, and the check of it."""
