"""Reproducible measurements: CPU and memory beside peers (`python -m bench`), accuracy (`python -m bench.accuracy`)."""
