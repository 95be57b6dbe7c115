"""Hostile bytes for every parser; `python -m tests.fuzz` runs it for as long as one likes."""
