"""The spread engine: when does each device fall, in each of many runs?

`compile_graph` turns a department and a scenario into a `Graph` (`build_graph`: from plain arrays); `entries` says
where it may begin; `spread` runs it and yields a `Batch` at a time; `backend` tells what computes. Exact, not stepped:
see `pressure` (compiled) and `expanded` (without numba).
"""

from leadapron.whatif.engine.department import WAYS, compile_graph, entries
from leadapron.whatif.engine.graph import Edges, Graph, Law, Rules, build_graph
from leadapron.whatif.engine.run import BATCH_BYTES, Backend, Batch, backend, batch_size, spread

__all__ = [
    "BATCH_BYTES",
    "WAYS",
    "Backend",
    "Batch",
    "Edges",
    "Graph",
    "Law",
    "Rules",
    "backend",
    "batch_size",
    "build_graph",
    "compile_graph",
    "entries",
    "spread",
]
