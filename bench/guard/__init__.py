"""What stands in the middle costs: the guard beside HAProxy, nginx and a relay, measured in one interleaved run.

`python -m bench.guard` measures, `python -m bench.guard.soak` watches memory over time.
"""
