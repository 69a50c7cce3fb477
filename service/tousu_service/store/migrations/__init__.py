"""Alembic's migrations; ``tousu_service.store.schema`` runs them."""
