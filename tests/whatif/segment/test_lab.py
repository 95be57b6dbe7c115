"""Rules learned from the first half of a department's recorded day, rehearsed on the second."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from leadapron.app import find_sources, ingest, load_world, seed_of
from leadapron.app.world import World
from leadapron.assess import assess
from leadapron.know import load_fingerprints
from leadapron.model.declared import Declarations
from leadapron.model.events import Event
from leadapron.model.findings import Finding
from leadapron.model.inventory import Inventory
from leadapron.model.picture import Picture
from leadapron.model.segmentation import Rehearsal, Standing, Zone
from leadapron.rules import load_rules
from leadapron.see.inventory import build_inventory
from leadapron.store import Workspace
from leadapron.whatif.segment import Decider, propose, read_rules, rehearse, write_rules
from leadapron.whatif.segment.traffic import was_taken

CAPTURES = Path(str(files("leadapron.content") / "captures"))
NOW = datetime(2026, 11, 24, tzinfo=UTC)
PLAN = (
    Zone(name="modalities", networks=("10.20.10.0/24",)),
    Zone(name="servers", networks=("10.20.20.0/24",)),
    Zone(name="reading", networks=("10.20.30.0/24",)),
    Zone(name="office", networks=("10.20.40.0/24",)),
    Zone(name="vendor-dmz", networks=("172.31.250.0/24",)),
)
"""The department's network plan, as its papers give it."""

ATTACKS = ("net-lateral", "net-beacon", "net-flat", "dcm-move-open", "dcm-malformed", "dcm-find-open", "net-arp")
"""What the truth says must be found and is an attack; a finding names the devices it is about."""


class Part(Struct, frozen=True):
    """What was seen in a part of the day, and what was found in it."""

    picture: Picture
    findings: tuple[Finding, ...]

    @property
    def inventory(self) -> Inventory:
        return self.picture.inventory


class Day(Struct, frozen=True):
    """A recorded day and its halves."""

    whole: Part
    first: Part
    second: Part
    truth: dict[str, Any]


def recorded(name: str) -> Day:
    """The day cut in two at half its time; a conversation belongs to the half in which it began."""
    sources = find_sources([str(CAPTURES / f"{name}.pcapng.zst")])
    with Workspace.ephemeral(seed_of(sources)) as workspace:
        ingest(workspace, sources)
        events = list(workspace.events())
    first, last = min(event.ts for event in events), max(event.ts for event in events)
    middle = first + (last - first) / 2
    world, rules = load_world(), load_rules()

    def part(chosen: Iterator[Event]) -> Part:
        return seen(world, build_inventory(chosen, load_fingerprints()), rules)

    return Day(
        whole=part(iter(events)),
        first=part(event for event in events if event.ts < middle),
        second=part(event for event in events if event.ts >= middle),
        truth=json.loads((CAPTURES / f"{name}.truth.json").read_bytes()),
    )


def seen(world: World, inventory: Inventory, rules: Any) -> Part:
    picture = world.picture(inventory, Declarations(), today=NOW.date())
    return Part(picture, assess(picture, rules, now=NOW))


@pytest.fixture(scope="module")
def badly_kept() -> Day:
    return recorded("department")


@pytest.fixture(scope="module")
def well_run() -> Day:
    return recorded("well_run")


def second_half(day: Day, zones: tuple[Zone, ...] | None = None) -> Rehearsal:
    """Rules from the first half, through the file that people edit, on the traffic of the second."""
    proposal = propose(day.first.picture, day.first.findings, zones)
    rules = read_rules(write_rules(proposal, "fr").encode(), "rules.toml")
    return rehearse(rules, day.second.picture, day.second.findings, day.first.inventory)


def test_nothing_legitimate_breaks_but_what_is_new(badly_kept: Day) -> None:
    """The maker's visits, a transfer and a test tool came in the second half only."""
    told = second_half(badly_kept, PLAN)
    assert (told.flows, told.passed, told.exams, told.exams_blocked) == (45, 36, 23, 0)
    legitimate = [one for one in told.blocked if not one.suspect]
    assert all(one.new for one in legitimate)
    assert {(one.server, one.service.value, one.port) for one in legitimate} == {
        ("CTAWP66301", "rdp", 3389),
        ("MR01", "vnc", 5900),
        ("TELERAD", "dicom", 11112),
        ("10.20.20.30", "hl7", 2575),
    }


def test_nothing_breaks_in_a_well_run_department_but_what_is_new(well_run: Day) -> None:
    """Its images travel in TLS, so no exam is counted; it gave no plan, so its segments are its zones."""
    told = second_half(well_run)
    assert (told.flows, told.passed, told.suspects_passed) == (16, 15, ())
    assert [(one.new, one.suspect) for one in told.blocked] == [(True, "")]


def test_the_attacks_are_refused_and_none_slips_through(badly_kept: Day) -> None:
    addresses = {asset["name"]: set(asset["addresses"]) for asset in badly_kept.truth["assets"]}
    attackers = {
        name for entry in badly_kept.truth["findings"]["must"] if entry["rule"] in ATTACKS for name in entry["subjects"]
    }
    assert {"laptop", "office1", "office2", "xa1"} <= attackers
    told = second_half(badly_kept, PLAN)
    assert told.suspects_passed == ()
    flows = {flow.id: flow for flow in badly_kept.second.inventory.flows}
    refused = {
        (name, server, flows[one.flow].port)
        for one in told.blocked
        if one.suspect
        for name, own in addresses.items()
        if own & set(flows[one.flow].client_addresses)
        for server, its in addresses.items()
        if its & set(flows[one.flow].server_addresses)
    }
    assert refused == {
        ("laptop", "pacs", 4242),
        ("laptop", "vna", 11112),
        ("office1", "ct1", 104),
        ("ws2", "ct1", 445),
        ("xa1", "updates", 443),
    }


def test_the_sweep_would_have_met_closed_doors(badly_kept: Day) -> None:
    """Attempts are no flows, so no rule comes of them: every one is refused."""
    decider = Decider(propose(badly_kept.first.picture, badly_kept.first.findings, PLAN))
    tried = [flow for flow in badly_kept.whole.inventory.flows if not was_taken(flow) and flow.port in (445, 3389)]
    assert len(tried) >= 20
    for flow in tried:
        for client in flow.client_addresses:
            for server in flow.server_addresses:
                assert not decider.decide(client, server, flow.transport, flow.port).allowed


def test_the_whole_day_is_proposed_in_words_a_person_can_check(badly_kept: Day) -> None:
    made = propose(badly_kept.whole.picture, badly_kept.whole.findings, PLAN)
    by_standing = {standing: [rule for rule in made.rules if rule.standing is standing] for standing in Standing}
    assert {(rule.params["clients"], rule.params["servers"]) for rule in by_standing[Standing.REFUSE]} == {
        ("raspberrypi", "pacs01"),
        ("raspberrypi", "vna01"),
        ("pacs01", "raspberrypi"),
        ("INFX1", "203.0.113.66"),
        ("READ02", "CTAWP66301"),
        ("SECR01", "CTAWP66301"),
    }
    asked = {(rule.service.value, rule.params["servers"]) for rule in by_standing[Standing.ASK]}
    assert {("rdp", "CTAWP66301"), ("telnet", "DRX-EVO-3"), ("vnc", "MR01"), ("dicom", "TELERAD")} <= asked
    said = {one.message for one in made.advice}
    assert {"segment.short", "segment.one-basket", "segment.internet", "segment.inside"} <= said
    assert "segment.no-plan" not in said
    told = rehearse(made, badly_kept.whole.picture, badly_kept.whole.findings)
    assert {one.suspect for one in told.blocked} == {
        "segment.rogue", "segment.beacon", "segment.sideways", "segment.office",
    }  # fmt: skip
    assert (told.exams, told.exams_blocked, told.suspects_passed) == (52, 0, ())


def test_closing_the_archive_costs_every_exam(badly_kept: Day) -> None:
    made = propose(badly_kept.whole.picture, badly_kept.whole.findings, PLAN)
    closed = replace(made, rules=tuple(rule for rule in made.rules if rule.target_zone != "servers"))
    told = rehearse(closed, badly_kept.whole.picture, badly_kept.whole.findings)
    assert told.by_modality == badly_kept.truth["exams"]
    assert told.exams_blocked == told.exams == sum(badly_kept.truth["exams"].values())
