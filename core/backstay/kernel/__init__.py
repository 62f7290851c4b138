"""The kernel: discovery, loading, lifecycle and migrations of plugins."""
