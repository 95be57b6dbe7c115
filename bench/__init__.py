"""Reproducible measurements: CPU and memory beside peers (`python -m bench`, `python -m bench.spread`), accuracy
(`python -m bench.accuracy`)."""
