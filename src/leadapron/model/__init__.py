"""The nouns every room shares: events (what was observed), inventory (what follows from it), findings (what we judge).

Frozen data only: nothing here writes or decides, and only `content` reads, what is shipped.
"""
