"""Events at rest: a workspace is a folder of Parquet files that any tool can read, and a key that never leaves it.

Public: `Workspace`, `Writer`, `Journal`, `read_segment`, `WorkspaceError`.
"""

from leadapron.store.errors import WorkspaceError
from leadapron.store.journal import Journal, read_segment
from leadapron.store.workspace import Workspace
from leadapron.store.writer import Writer

__all__ = ["Journal", "Workspace", "WorkspaceError", "Writer", "read_segment"]
