"""Tests of the house itself: what the documents promise exists, and what the conventions say holds."""
