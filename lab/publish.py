"""From a finished run to the files that are committed: compressed capture, truth, and how it was made."""

from pathlib import Path
from typing import Any

import msgspec
import zstandard

from lab import pcapfile, truth
from lab.build import digest
from lab.scenario import Scenario

CAPTURES = Path(__file__).parent.parent / "src" / "leadapron" / "content" / "captures"
_HEAD = """# Where these captures come from

Each was made by the project's own lab (`lab/`): a scenario file describes devices, services and activity; the
builder gives every device a network namespace, starts real software in it, and records every mirrored zone with
dumpcap, so a packet that crosses zones is there twice, as on a real mirror port. No machine outside took part, and
no real patient: every name, identifier and secret is a canary listed in `lab/canaries.txt`.

`NAME.truth.json` says what passive traffic proves, what must be found and what must not. DICOM in clear was read
by pynetdicom (`lab/oracle.py`) and compared with what the devices wrote down while they did it; the rest was
checked by hand with tshark. Findings on which fair minds differ are under `may`.

To make them again: `python -m lab build lab/NAME.toml --out DIR`, then `python -m lab publish lab/NAME.toml DIR`.
Findings that later knowledge adds (advisories, ends of support) are written in the scenario by hand, and
`python -m lab restate lab/NAME.toml` carries them into the truth without recording again.
"""


def publish(scenario: Scenario, folder: Path, target: Path = CAPTURES) -> None:
    """Write a run's committed files. Raises DisagreementError when its journal and capture differ."""
    name = scenario.name
    capture = folder / f"{name}.pcapng"
    records = truth.journal(folder / f"{name}.journal.jsonl")
    told = truth.tell(scenario, records, pcapfile.read(capture), capture.name)
    target.mkdir(parents=True, exist_ok=True)
    _write(told, target)
    packed = target / f"{name}.pcapng.zst"
    # One wide window: images pass several times through the capture.
    settings = zstandard.ZstdCompressionParameters.from_level(19, window_log=27, enable_ldm=True)
    packed.write_bytes(zstandard.ZstdCompressor(compression_params=settings).compress(capture.read_bytes()))
    _record(folder / f"{name}.provenance.json", packed)
    write_provenance(target)


def restate(scenario: Scenario, target: Path = CAPTURES) -> None:
    """Bring a committed truth up to date with its scenario's expectations; the capture stays as it was recorded.

    Raises OSError when that capture was never published.
    """
    told = msgspec.json.decode((target / f"{scenario.name}.truth.json").read_bytes(), type=truth.Truth)
    _write(truth.restated(told, scenario), target)


def _write(told: truth.Truth, target: Path) -> None:
    path = target / f"{told.scenario}.truth.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")


def _record(made: Path, packed: Path) -> None:
    """Keep the run's own papers beside its capture, with the digest of the file that is committed."""
    facts: dict[str, Any] = msgspec.json.decode(made.read_bytes())
    facts["committed"] = {"file": packed.name, "bytes": packed.stat().st_size, "sha256": digest(packed)}
    path = packed.with_name(made.name)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(facts), indent=1) + b"\n")


def write_provenance(target: Path) -> None:
    """PROVENANCE.md, rewritten from the papers of every capture in the folder."""
    sections = [_HEAD]
    for path in sorted(target.glob("*.provenance.json")):
        facts: dict[str, Any] = msgspec.json.decode(path.read_bytes())
        software = ", ".join(f"{name} {number}" for name, number in sorted(facts["software"].items()))
        rows = [
            f"## {facts['scenario']}",
            "",
            f"- made: {facts['started']} to {facts['ended']}",
            f"- command: `{facts['command']}`",
            f"- `{facts['committed']['file']}`: {facts['committed']['bytes']:,} bytes,",
            f"  sha256 `{facts['committed']['sha256']}`",
            f"- `{facts['capture']['file']}` inside it: {facts['capture']['bytes']:,} bytes,",
            f"  sha256 `{facts['capture']['sha256']}`",
            f"- activities that did not go as written: {'; '.join(facts['problems']) or 'none'}",
            f"- software: {software}",
            "",
        ]
        sections.append("\n".join(rows))
    (target / "PROVENANCE.md").write_text("\n".join(sections), "utf-8")
