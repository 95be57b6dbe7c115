"""The exceptions a person may meet; each says what is wrong, where, and what to do next."""


class LeadapronError(Exception):
    """Base of every error this project raises on purpose."""


class UsageError(LeadapronError):
    """The request cannot be carried out as given (exit code 2)."""


class SourceError(UsageError):
    """A source cannot be read at all: missing, empty, or not a capture."""


class ContentError(LeadapronError):
    """A shipped or user-supplied content file (rule, scenario, catalogue) is wrong; names file and place."""
