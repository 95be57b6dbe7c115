"""Run by Alembic on the connection that `store.decisions.database` hands over."""

from __future__ import annotations

from alembic import context

from leadapron.store.decisions.tables import Table

context.configure(connection=context.config.attributes["connection"], target_metadata=Table.metadata)
context.run_migrations()
