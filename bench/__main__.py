"""CPU seconds of the sensor beside its peers, on captures the lab makes; every round runs each program once.

    python -m bench [--rounds N] [--folder DIR] [--prototype FILE]

The machines this runs on are shared: trust CPU seconds and ratios, best of the rounds, not wall times.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from bench.measure import Cost, measure

TIMEOUT = 600.0
OURS = "leadapron, file to events"
DICOM_FIELDS = ("dicom.assoc.ae.calling", "dicom.assoc.ae.called", "dicom.userinfo.uid", "dicom.userinfo.version",
                "dicom.pctx.abss.syntax")  # fmt: skip


class Tool(Struct, frozen=True, kw_only=True):
    """One program to measure. `{capture}` and `{scratch}` in the command are filled."""

    name: str
    command: tuple[str, ...]
    version: str = ""


PEERS = (
    ("tshark, DICOM fields", "tshark -r {capture} -n -Y dicom.assoc.ae.calling -T fields", "--version"),
    ("zeek", "zeek -C -r {capture}", "--version"),
    ("suricata (flows only)", "suricata -r {capture} -l {scratch} -k none --runmode single -S /dev/null", "-V"),
    ("ndpiReader (labels only)", "ndpiReader -i {capture} -q", ""),
)
"""Name, command, and the option that tells the version."""


def tools(folder: Path, prototype: Path | None) -> Iterator[Tool]:
    """Everything that is installed, ours first."""
    python = sys.executable
    files = ("--json", "{scratch}/assessment.json", "--report", "{scratch}/report.html")
    yield Tool(name=OURS, command=(python, "-m", "bench.sensor", "{capture}"))
    yield Tool(name="leadapron assess, all of it", command=(python, "-m", "leadapron", "assess", "{capture}", *files))
    if prototype is not None:
        yield Tool(name="prototype", command=(python, str(prototype), "{capture}", "/dev/null"))
    compiler = shutil.which("cc")
    if compiler:
        walker = folder / "headers"
        subprocess.run([compiler, "-O2", "-o", walker, Path(__file__).with_name("headers.c")], check=True)
        yield Tool(name="header walk in C", command=(str(walker), "{capture}"))
    for name, words, version in PEERS:
        program, *rest = words.split()
        if shutil.which(program):
            fields = [part for field in DICOM_FIELDS for part in ("-e", field)] if program == "tshark" else []
            told = _version(program, version) if version else ""
            yield Tool(name=name, command=(program, *rest, *fields), version=told)


def captures(folder: Path) -> dict[str, Path]:
    """The two captures, made by the lab where they are not there yet."""
    wanted = {
        "bulk": (folder / "bulk.pcap", ("--kind", "store", "--megabytes", "1500")),
        "associations": (
            folder / "associations.pcap",
            ("--kind", "associations", "--count", "16000", "--ae-titles", "400"),
        ),
    }
    for path, options in wanted.values():
        if not path.exists():
            subprocess.run([sys.executable, "-m", "lab", "bulk", *options, "--out", str(path)], check=True)
    return {name: path for name, (path, _) in wanted.items()}


def run(folder: Path, rounds: int, prototype: Path | None) -> dict[str, dict[str, dict[str, object]]]:
    """Capture → tool → best cost."""
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / "scratch"
    results: dict[str, dict[str, dict[str, object]]] = {}
    programs = list(tools(folder, prototype))
    for name, capture in captures(folder).items():
        best: dict[str, tuple[Tool, Cost]] = {}
        for round_number in range(rounds):
            for tool in programs:
                shutil.rmtree(scratch, ignore_errors=True)
                scratch.mkdir()
                command = [part.format(capture=capture, scratch=scratch) for part in tool.command]
                cost = measure(command, timeout=TIMEOUT, output=scratch / "output")
                print(
                    f"{name}, round {round_number + 1}: {tool.name}: {cost.cpu:.2f} CPU s {cost.failure}",
                    file=sys.stderr,
                )
                if tool.name not in best or cost.cpu < best[tool.name][1].cpu:
                    best[tool.name] = tool, cost
        results[name] = {tool.name: _row(tool, capture, cost) for tool, cost in best.values()}
    return results


def _row(tool: Tool, capture: Path, cost: Cost) -> dict[str, object]:
    megabytes = capture.stat().st_size / 1e6
    return {
        "cpu_seconds": round(cost.cpu, 3),
        "megabytes": round(megabytes, 1),
        "megabytes_per_cpu_second": round(megabytes / cost.cpu, 1) if cost.cpu else None,
        "anonymous_megabytes": round(cost.anonymous, 1),
        "version": tool.version,
        "failure": cost.failure,
        "output": cost.output[:300] if "tshark" not in tool.command else "",
    }


def table(results: dict[str, dict[str, dict[str, object]]]) -> str:
    """Markdown, with each tool's speed relative to ours per megabyte."""
    lines = []
    for name, rows in results.items():
        ours = float(str(rows[OURS]["megabytes_per_cpu_second"]))
        lines += [
            f"\n{name}\n",
            "| program | CPU s | MB | MB per CPU s | ours is faster by | anonymous MB |",
            "|-|-|-|-|-|-|",
        ]
        for tool, row in rows.items():
            speed = float(str(row["megabytes_per_cpu_second"]))
            cells = row["cpu_seconds"], row["megabytes"], speed, f"{ours / speed:.2f}", row["anonymous_megabytes"]
            failure = f" **{row['failure']}**" if row["failure"] else ""
            lines.append(f"| {tool} {row['version']}{failure} | {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _version(*command: str) -> str:
    text = subprocess.run(command, capture_output=True, text=True, check=False)
    return (text.stdout or text.stderr).splitlines()[0].strip()[:60]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    parser.add_argument("--prototype", type=Path, help="another sensor to run beside: python FILE CAPTURE OUTPUT")
    options = parser.parse_args()
    results = run(options.folder, options.rounds, options.prototype)
    report = {"python": platform.python_version(), "machine": platform.machine(), "results": results}
    (options.folder / "results.json").write_bytes(msgspec.json.format(json.dumps(report).encode(), indent=2))
    print(table(results))


if __name__ == "__main__":
    main()
