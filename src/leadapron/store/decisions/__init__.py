"""People's decisions: who does what by when, which risks are accepted, and what each run found. Never events.

- `Decisions.open(workspace folder or database URL)` → assign, accept, revoke; record runs and say what changed.
- `DecisionsError`: the decisions cannot be read or written; says what to do.

Kept in `decisions.sqlite` of the workspace unless a database URL (PostgreSQL) is given. Importing this package takes
a noticeable part of a second (SQLAlchemy, Alembic): import it where decisions are needed, not at the program's start.
"""

from leadapron.store.decisions.database import DecisionsError
from leadapron.store.decisions.decisions import Decisions

__all__ = ["Decisions", "DecisionsError"]
