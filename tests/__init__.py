"""Tests mirror ``src/leadapron``; the first test of a file shows normal use."""
