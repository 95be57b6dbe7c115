"""What can be wrong with a workspace, said to the person who named it."""

from leadapron.model.errors import UsageError


class WorkspaceError(UsageError):
    """A folder is not a usable workspace, or a file in it cannot be read; names it and says what to do."""
