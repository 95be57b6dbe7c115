"""The committed captures, their truth and their scenarios say the same."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lab import oracle, patients, pcapfile, scenario
from lab.pcapfile import Packet

LAB = Path(scenario.__file__).parent
CAPTURES = LAB.parent / "src" / "leadapron" / "content" / "captures"
NAMES = ("department", "well_run")


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def told(name: str) -> dict[str, Any]:
    return dict(json.loads((CAPTURES / f"{name}.truth.json").read_text("utf-8")))


@pytest.fixture(scope="module")
def packets(name: str) -> Sequence[Packet]:
    return pcapfile.read(CAPTURES / f"{name}.pcapng.zst")


def test_pynetdicom_reads_the_operations_that_the_truth_tells(told: dict[str, Any], packets: Sequence[Packet]) -> None:
    names = {address: asset["name"] for asset in told["assets"] for address in asset["addresses"]}
    heard: dict[tuple[str, str, int], Counter[str]] = {}
    for association in oracle.associations(oracle.streams(packets)):
        stream = association.stream
        if association.accepted or association.rejected:
            key = names[stream.client], names[stream.server], stream.port
            heard.setdefault(key, Counter()).update(association.operations)

    written = {
        (flow["client"], flow["server"], flow["port"]): flow["operations"]
        for flow in told["flows"]
        if flow["service"] == "dicom" and not flow["optional"]
    }
    assert written == {key: dict(operations) for key, operations in heard.items()}


def test_every_asset_is_seen_and_no_empty_address_answers(told: dict[str, Any], packets: Sequence[Packet]) -> None:
    senders = {packet.data[26:30] for packet in packets if packet.data[12:14] == b"\x08\x00"}
    senders |= {packet.data[28:32] for packet in packets if packet.data[12:14] == b"\x08\x06"}
    seen = {".".join(map(str, sender)) for sender in senders}

    for asset in told["assets"]:
        assert set(asset["addresses"]) <= seen, asset["name"]
    assert not set(told["not_assets"]) & seen


def test_findings_name_devices_of_the_scenario(name: str, told: dict[str, Any]) -> None:
    description = scenario.load(LAB / f"{name}.toml")
    known = {device.name for device in description.devices} | {asset["name"] for asset in told["assets"]}
    known |= set(told["not_assets"])

    for rows in told["findings"].values():
        for row in rows:
            assert row["subjects"] == "*" or set(row["subjects"]) <= known, row
    expect = msgspec.to_builtins(description.expect)
    assert {"not_flows": told["not_flows"], **told["findings"]} == expect, "python -m lab restate lab/NAME.toml"
    must = {(row["rule"], tuple(row["subjects"])) for row in told["findings"]["must"]}
    assert not must & {(row["rule"], tuple(row["subjects"])) for row in told["findings"]["must_not"]}


def test_canaries_are_listed_and_the_department_really_carries_them(packets: Sequence[Packet], name: str) -> None:
    listed = (LAB / "canaries.txt").read_text("utf-8").splitlines()
    assert listed == patients.canaries()

    content = b"".join(packet.data for packet in packets)
    carried = {
        canary for canary in ("CANARYNAME", "CANARYID", "CANARYACC", "CANARYSECRET") if canary.encode() in content
    }
    assert carried == ({"CANARYNAME", "CANARYID", "CANARYACC", "CANARYSECRET"} if name == "department" else set())


def test_captures_stay_small() -> None:
    assert sum(path.stat().st_size for path in CAPTURES.iterdir()) < 8_000_000


@pytest.mark.parametrize("file", [*(LAB / f"{name}.toml" for name in NAMES), Path(__file__).with_name("tiny.toml")])
def test_scenarios_load_and_every_activity_names_a_device(file: Path) -> None:
    description = scenario.load(file)

    for _, activity in scenario.timetable(description, pace=1):
        description.device(activity.who)
        if activity.to:
            description.device(activity.to)
