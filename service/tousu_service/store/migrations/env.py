"""What Alembic runs: the migrations, on the connection it was handed, in its transaction."""

from alembic import context

from tousu_service.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
