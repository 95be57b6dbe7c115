"""Reproducible measurements: CPU and memory beside named peers (`python -m bench`), accuracy (`python -m bench.accuracy`)."""
