"""HTTP: the service, its settings, its store."""
