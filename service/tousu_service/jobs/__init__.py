"""Background jobs: a worker process beside the service takes them from the store, one at a time, and brings them to an end."""
