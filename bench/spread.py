"""Runs per second of the spread engine beside plain NetworkX and SciPy, on departments of growing size; one table.

    python -m bench.spread [--nodes 300 3000 30000 100000] [--rounds N] [--folder DIR]

Every engine runs the same attack for 24 hours from the same office computer. The machines this runs on are shared:
trust CPU seconds (of all threads) and ratios, best of the rounds. The peers add up the rates between two devices first,
which favours them: it leaves fewer edges.
"""

from __future__ import annotations

import argparse
import heapq
import platform
import random
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from itertools import permutations
from pathlib import Path

import msgspec
import networkx
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from bench.measure import measure
from leadapron.model.department import Basis, Department, DeviceClass, Link, Node, Passage, Way
from leadapron.model.scenarios import Course, Scenario
from leadapron.whatif.engine import BATCH_BYTES, Graph, compile_graph, spread
from leadapron.whatif.engine.expanded import expand

HORIZON = 24.0
ENTRY = 3
SIZES = (300, 3_000, 30_000, 100_000)
OURS, SCIPY, NETWORKX = "leadapron", "SciPy Dijkstra", "NetworkX heap"
RUNS = {300: (10_000, 1_000, 200), 3_000: (2_000, 200, 20), 30_000: (200, 20, 2), 100_000: (60, 8, 0)}
"""Nodes → runs of ours, SciPy, NetworkX; at 100,000 nodes the dictionaries of NetworkX do not fit in memory."""

SITE = {
    DeviceClass.OFFICE: ("office", 150, 0.15, 0.05),
    DeviceClass.RIS: ("clinic", 50, 0.25, 0.05),
    DeviceClass.READING: ("reading", 25, 0.25, 0.1),
    DeviceClass.MODALITY: ("scanners", 30, 0.5, 0.15),
    DeviceClass.SERVER: ("servers", 20, 0.2, 0.3),
    DeviceClass.GATEWAY: ("makers", 5, 0.4, 0.5),
    DeviceClass.OTHER: ("things", 20, 0.05, 0.0),
}
"""Class → zone, devices, share that is weak to SMB and to RDP: 300 devices."""

WORM = Scenario(
    name="worm",
    course=Course.WORM,
    within={Way.SMB: 1.0, Way.RDP: 0.05},
    across={Way.SMB: 0.03, Way.RDP: 0.01, Way.DICOM: 0.2, Way.CREDENTIALS: 0.05},
    horizon=HORIZON,
)


class Timing(Struct, frozen=True, kw_only=True):
    """One engine on one size; best of the rounds."""

    runs: int
    cpu: float
    """Seconds of all threads."""
    wall: float
    fallen: float
    """Devices, mean."""


class Row(Struct, frozen=True, kw_only=True):
    """One size."""

    nodes: int
    pairs: int
    """Of devices one of which can take over the other."""
    compile: float
    """Milliseconds from a department to a graph."""
    engines: Mapping[str, Timing]


def department(nodes: int, seed: int = 1) -> Department:
    """Sites of 300 devices whose zones are open to each other; servers of partner sites and the first site too."""
    chance = np.random.default_rng(seed)
    sites = nodes // 300
    devices: list[Node] = []
    passages: list[Passage] = []
    links: list[Link] = []
    for site in range(sites):
        for kind, (zone, count, smb, rdp) in SITE.items():
            dicom = 0.2 if kind in (DeviceClass.MODALITY, DeviceClass.SERVER) else 0.0
            credentials = float(kind is not DeviceClass.OTHER)
            for number in range(count):  # weak or not, for good: the peers know no chance of being weak
                chances = {Way.SMB: smb, Way.RDP: rdp, Way.DICOM: dicom, Way.CREDENTIALS: credentials}
                weak = {way: 1.0 for way, value in chances.items() if chance.random() < value}
                name = f"{zone}-{site}-{number}"
                devices.append(Node(id=name, label=name, zone=f"{zone}-{site}", kind=kind, weak=weak))
        zones = [zone for zone, *_ in SITE.values()]
        open_to = [(source, target, way) for source, target in permutations(zones, 2) for way in (Way.SMB, Way.RDP)]
        open_to += [(*pair, Way.DICOM) for pair in permutations(("reading", "servers", "scanners"), 2)]
        passages += [_passage(f"{source}-{site}", f"{target}-{site}", way) for source, target, way in open_to]
        for partner in {(site + 1) % sites, (site * 7 + 3) % sites, 0} - {site}:
            passages.append(_passage(f"servers-{site}", f"servers-{partner}", Way.SMB))
            passages.append(_passage(f"servers-{partner}", f"office-{site}", Way.SMB))
        members = [f"office-{site}-{number}" for number in range(150)]
        links += [_link(f"servers-{site}-2", member, Way.CREDENTIALS) for member in members]
        links += [_link(f"makers-{site}-0", f"scanners-{site}-{number}", Way.DICOM) for number in range(10)]
    return Department(nodes=tuple(devices), passages=tuple(passages), links=tuple(links))


def _passage(source: str, target: str, way: Way) -> Passage:
    return Passage(source=source, target=target, way=way, basis=Basis.ASSUMED)


def _link(source: str, target: str, way: Way) -> Link:
    return Link(source=source, target=target, way=way, basis=Basis.ASSUMED)


def rates(graph: Graph) -> csr_array:
    """Source, target, sum of all rates between them: what the peers run on."""
    expanded = expand(graph)
    matrix = expanded.matrix.copy()
    matrix.data = np.add.reduceat(expanded.first, expanded.pair)
    return matrix


def ours(graph: Graph, runs: int, round_number: int) -> float:
    batches = spread(graph, entries=[ENTRY], runs=runs, seed=round_number, horizon=HORIZON)
    return sum(int(np.isfinite(batch.hours).sum()) for batch in batches) / runs


def scipy_dijkstra(matrix: csr_array, runs: int, round_number: int) -> float:
    """A delay for every pair, then shortest paths."""
    chance = np.random.default_rng(round_number)
    drawn, fallen = matrix.copy(), 0
    for _ in range(runs):
        drawn.data = chance.standard_exponential(matrix.nnz) / matrix.data
        fallen += int(np.isfinite(dijkstra(drawn, indices=ENTRY, limit=HORIZON)).sum())
    return fallen / runs


def networkx_heap(graph: networkx.DiGraph, runs: int, round_number: int) -> float:
    """The usual event-driven simulation: one heap, adjacency dictionaries."""
    chance, fallen = random.Random(round_number), 0
    for _ in range(runs):
        hours: dict[int, float] = {}
        waiting = [(0.0, ENTRY)]
        while waiting:
            now, node = heapq.heappop(waiting)
            if node in hours:
                continue
            hours[node] = now
            for target, edge in graph[node].items():
                if target not in hours:
                    then = now + chance.expovariate(edge["rate"])
                    if then <= HORIZON:
                        heapq.heappush(waiting, (then, target))
        fallen += len(hours)
    return fallen / runs


def timed(run: Callable[[int, int], float], runs: int, rounds: int) -> Timing:
    """Best CPU time of the rounds, after a first run that is not counted."""
    run(1, 0)
    found = []
    for round_number in range(1, rounds + 1):
        cpu, wall = time.process_time(), time.perf_counter()
        fallen = run(runs, round_number)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        found.append(Timing(runs=runs, cpu=cpu, wall=wall, fallen=fallen))
    return min(found, key=lambda timing: timing.cpu)


def bench(nodes: int, rounds: int) -> Row:
    """All engines on one size."""
    site = department(nodes)
    compiled = []
    for _ in range(5):
        start = time.process_time()
        graph = compile_graph(site, WORM)
        compiled.append((time.process_time() - start) * 1000)
    few, some, one = RUNS.get(nodes, (60, 8, 0))
    engines = {OURS: timed(lambda runs, number: ours(graph, runs, number), few, rounds)}
    matrix = rates(graph)
    engines[SCIPY] = timed(lambda runs, number: scipy_dijkstra(matrix, runs, number), some, rounds)
    if one:
        network = networkx.DiGraph()
        listed = matrix.tocoo()
        network.add_weighted_edges_from(
            zip(listed.row.tolist(), listed.col.tolist(), listed.data.tolist(), strict=True), weight="rate"
        )
        engines[NETWORKX] = timed(lambda runs, number: networkx_heap(network, runs, number), one, rounds)
    return Row(nodes=graph.nodes, pairs=matrix.nnz, compile=min(compiled), engines=engines)


def table(rows: list[Row]) -> str:
    """Markdown."""
    lines = [
        "| nodes | pairs | engine | fallen | runs per CPU s | runs per s | CPU µs per fallen | ours faster by |",
        "|-|-|-|-|-|-|-|-|",
    ]
    for row in rows:
        best = row.engines[OURS].runs / row.engines[OURS].cpu
        for name, timing in row.engines.items():
            speed = timing.runs / timing.cpu
            cells = (
                f"{row.nodes:,}",
                f"{row.pairs:,}",
                name,
                f"{timing.fallen:.1f}",
                f"{speed:,.3g}",
                f"{timing.runs / timing.wall:,.3g}",
                f"{1e6 / speed / timing.fallen:.2f}",
                f"{best / speed:.1f}",
            )
            lines.append(f"| {' | '.join(cells)} |")
    compiled = ", ".join(f"{row.compile:.1f} ms for {row.nodes:,}" for row in rows)
    return "\n".join((*lines, "", f"Department to graph: {compiled}."))


def memory(folder: Path) -> str:
    """Peak memory of processes that make few and many runs of 300 devices: it must not grow with them."""
    peaks = []
    for runs in (1, 100_000, 800_000):
        command = (sys.executable, "-m", "bench.spread", "--alone", str(runs))
        cost = measure(command, timeout=300, output=folder / "spread.txt")
        peaks.append(f"{cost.anonymous:.0f} MB for {runs:,} run{'s' * (runs > 1)} {cost.failure}".strip())
    return f"Peak memory, with batches of {BATCH_BYTES / 1e6:.0f} MB: {', '.join(peaks)}."


def first_call(folder: Path) -> str:
    """Seconds until the first hours are there, in a new process: numba's import, and its cache or the compiler."""
    seconds, cache = [], folder / "numba"
    shutil.rmtree(cache, ignore_errors=True)
    for _ in range(2):
        code = (
            f"import os; os.environ['NUMBA_CACHE_DIR'] = {str(cache)!r}; import time; t = time.perf_counter(); "
            "from bench.spread import alone; alone(1); print(round(time.perf_counter() - t, 2))"
        )
        seconds.append(measure((sys.executable, "-c", code), timeout=300, output=folder / "spread.txt").output)
    return f"First run in a new process: {seconds[0]} s when compiled, {seconds[1]} s from the cache."


def alone(runs: int) -> NDArray[np.int64]:
    """Only our engine, for a process of its own; returns how often each device fell."""
    graph = compile_graph(department(300), WORM)
    counts = np.zeros(graph.nodes, dtype=np.int64)
    for batch in spread(graph, entries=[ENTRY], runs=runs, seed=1, horizon=HORIZON):
        counts += np.count_nonzero(batch.hours <= HORIZON, axis=0)
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, nargs="+", default=SIZES, help="multiples of 300 fit best")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    parser.add_argument("--alone", type=int, metavar="RUNS", help="only our engine, on 300 devices")
    options = parser.parse_args()
    if options.alone is not None:
        alone(options.alone)
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for nodes in options.nodes:
        print(f"{nodes} nodes", file=sys.stderr)
        rows.append(bench(nodes, options.rounds))
    report = {"python": platform.python_version(), "machine": platform.machine(), "rows": rows}
    (options.folder / "spread.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2))
    print(table(rows))
    print(first_call(options.folder))
    print(memory(options.folder))


if __name__ == "__main__":
    main()
