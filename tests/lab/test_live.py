"""The live lab: real servers in namespaces, captured. Needs Linux, root and the packages of lab/packages.txt."""

import subprocess
import sys
from pathlib import Path

import pytest

from lab import build, pcapfile, scenario, truth

HERE = Path(__file__).parent
LACKS = build.missing()
pytestmark = pytest.mark.skipif(bool(LACKS), reason=f"the live lab lacks {', '.join(LACKS)}")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A run of the tiny scenario, in a process of its own (this one may only use loopback): folder, process id."""
    out = tmp_path_factory.mktemp("lab")
    words = [sys.executable, "-m", "lab", "build", str(HERE / "tiny.toml"), "--out", str(out), "--pace", "4"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=HERE.parent.parent) as process:
        errors = process.communicate(timeout=120)[1]
    assert process.returncode == 0, errors
    assert "problem" not in errors
    return out, process.pid


@pytest.fixture
def built(run: tuple[Path, int]) -> Path:
    return run[0]


def test_the_journal_and_the_capture_agree(built: Path) -> None:
    description = scenario.load(HERE / "tiny.toml")
    packets = pcapfile.read(built / "tiny.pcapng")

    told = truth.tell(description, truth.journal(built / "tiny.journal.jsonl"), packets, "tiny.pcapng")

    flows = {(flow.client, flow.server, flow.service): flow.operations for flow in told.flows}
    assert flows == {
        ("ct", "archive", "dicom"): {"C-STORE": 2},
        ("archive", "engine", "hl7"): {"ORU^R01": 3},
    }
    assert told.exams == {"CT": 1}


def test_packets_between_zones_are_mirrored_twice_and_frames_fit_the_wire(built: Path) -> None:
    packets = pcapfile.read(built / "tiny.pcapng")

    requests = [packet for packet in packets if b"CT_TINY" in packet.data and b"ARCHIVE" in packet.data[:130]]
    assert {packet.interface for packet in requests} == {0, 1}
    assert max(packet.length for packet in packets) <= 1514


def test_nothing_of_the_lab_is_left_behind(run: tuple[Path, int]) -> None:
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout

    assert not [name for name in listed.split() if name.startswith(f"la{run[1]}-")]
