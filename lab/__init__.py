"""Builds a real imaging department in network namespaces, runs it and captures it.

`python -m lab build SCENARIO.toml --out DIR` needs Linux, root and the Debian packages of `packages.txt`.
Everything it starts lives in namespaces it made itself; nothing reaches a real network.
"""
