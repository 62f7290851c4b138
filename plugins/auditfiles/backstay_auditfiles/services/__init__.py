"""The services of the plugin."""
