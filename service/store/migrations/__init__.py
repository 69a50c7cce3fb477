"""Alembic's migrations; ``service.store.schema`` runs them."""
