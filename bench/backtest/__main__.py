"""Back-test on the command line: see the package."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

import bench.backtest
from bench.backtest.compare import compare
from bench.backtest.incident import load_incidents
from bench.backtest.table import tables


def main() -> None:
    incidents = load_incidents()
    parser = argparse.ArgumentParser(
        description=bench.backtest.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=60)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--incident", choices=sorted(incidents), help="only this one")
    parser.add_argument("--json", type=Path, help="write all figures here too")
    options = parser.parse_args()
    compared = []
    for name, incident in incidents.items():
        if options.incident in (None, name):
            print(f"{incident.title} …", file=sys.stderr)
            compared.append(compare(incident, draws=options.draws, runs=options.runs, seed=options.seed))
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(compared), indent=2))
    print(tables(compared))


if __name__ == "__main__":
    main()
