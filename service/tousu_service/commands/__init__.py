"""The commands of the service: serve, keys, models, doctor."""
