"""Starting an installation: first run, web server, job runner."""
