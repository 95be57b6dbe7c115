"""The command line: arguments in, screens and files out. It decides nothing; `app` does the work."""

from leadapron.cli.main import main

__all__ = ["main"]
