"""Alembic's migrations of the decisions, run by `store.decisions.database` when they are opened."""
