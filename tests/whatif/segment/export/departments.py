"""A small department to export, and any department (hypothesis) with names as hostile as a wire can carry."""

from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from hypothesis import strategies as st
from msgspec.structs import replace

from leadapron.model.events import Service, Transport
from leadapron.model.segmentation import Allow, Segmentation, Standing, Zone
from leadapron.whatif.segment.zones import Atlas

SMALL = Segmentation(
    zones=(
        Zone(name="modalities", networks=("10.20.0.0/24", "fd00:1::/64")),
        Zone(name="serveurs d’été", networks=("10.20.1.0/24", "fd00:2::/64")),
        Zone(name="vendor", networks=("10.20.1.128/28",)),
    ),
    rules=(
        Allow(
            id="scanners-to-pacs",
            source_zone="modalities",
            target_zone="serveurs d’été",
            sources=("10.20.0.5", "10.20.0.6", "fd00:1::5"),
            targets=("10.20.1.10", "fd00:2::10"),
            transport=Transport.TCP,
            ports=(104, 11112),
            service=Service.DICOM,
            connections=412,
            last_seen=datetime(2024, 5, 6, 17, 30, tzinfo=UTC),
        ),
        Allow(
            id="names",
            source_zone="modalities",
            target_zone="serveurs d’été",
            targets=("10.20.1.53",),
            transport=Transport.UDP,
            ports=(53,),
            service=Service.DNS,
        ),
        Allow(
            id="maker-visit",
            source_zone="vendor",
            target_zone="modalities",
            transport=Transport.TCP,
            ports=(22,),
            service=Service.SSH,
            standing=Standing.ASK,
        ),
        Allow(
            id="files-between-all",
            source_zone="modalities",
            target_zone="serveurs d’été",
            transport=Transport.TCP,
            ports=(445,),
            service=Service.SMB,
        ),
        Allow(
            id="files-of-one",
            source_zone="modalities",
            target_zone="serveurs d’été",
            sources=("10.20.0.6",),
            transport=Transport.TCP,
            ports=(445,),
            service=Service.SMB,
            standing=Standing.REFUSE,
        ),
    ),
)


class Call(NamedTuple):
    """A connection someone tries to open."""

    source: str
    target: str
    transport: Transport
    port: int


NETWORKS = (
    "10.0.0.0/16",
    "10.0.0.0/24",
    "10.0.0.64/26",
    "10.0.1.0/24",
    "192.0.2.16/28",
    "2001:db8::/48",
    "2001:db8:0:1::/64",
    "2001:db8:0:1:8000::/65",
)
"""Some inside others."""
ADDRESSES = (
    "10.0.0.2",
    "10.0.0.3",
    "10.0.0.70",
    "10.0.0.71",
    "10.0.1.9",
    "10.0.2.200",
    "192.0.2.17",
    "192.0.2.90",
    "2001:db8::4",
    "2001:db8:0:1::5",
    "2001:db8:0:1:8000::6",
    "2001:db8:9::1",
)
"""Some in no zone, whatever the zones."""
PORTS = (22, 104, 105, 443, 445, 50_000, 65_535)
NASTY = st.text(st.sampled_from("aé'\"`$(){};|&<>#!?%\\\n\r\t\0\x1b\u2028 -_/*名\U0001f480,=:"), max_size=12)


@st.composite
def segmentations(draw: st.DrawFn) -> Segmentation:
    """Nested zones of both families, rules between any of them, named by an enemy."""
    count = draw(st.integers(2, 4))
    owners = draw(st.lists(st.integers(0, count), min_size=len(NETWORKS), max_size=len(NETWORKS)))
    zones = tuple(
        Zone(name=f"{draw(NASTY)}{number}", networks=networks)
        for number in range(count)
        if (networks := tuple(text for text, owner in zip(NETWORKS, owners, strict=True) if owner == number))
    ) or (Zone(name="only", networks=NETWORKS[:1]),)
    rules = [draw(_rule(zones, rule)) for rule in draw(st.lists(NASTY, max_size=4))]
    carved = [draw(_carved(rule, draw(_rule(zones, rule.id)))) for rule in rules if draw(st.booleans())]
    return Segmentation(zones=zones, rules=tuple(draw(st.permutations(rules + carved))))


@st.composite
def _carved(draw: st.DrawFn, rule: Allow, other: Allow) -> Allow:
    """The opposite of a rule for some of what it says, so that refusals and permissions overlap."""
    refused = rule.standing is Standing.REFUSE
    return replace(
        rule,
        standing=Standing.KEEP if refused else Standing.REFUSE,
        ports=draw(st.sampled_from([rule.ports, rule.ports[:1], other.ports])),
        sources=draw(st.sampled_from([rule.sources, rule.sources[:1], ()])),
        targets=draw(st.sampled_from([rule.targets, rule.targets[:1], ()])),
    )


@st.composite
def _rule(draw: st.DrawFn, zones: tuple[Zone, ...], name: str) -> Allow:
    atlas = Atlas(zones)
    ends = draw(st.sampled_from(zones)), draw(st.sampled_from(zones))
    living = [tuple(one for one in ADDRESSES if atlas.zone_of(one) == zone.name) for zone in ends]
    named = [draw(st.sets(st.sampled_from(some), max_size=2)) if some else set() for some in living]
    return Allow(
        id=name,
        source_zone=ends[0].name,
        target_zone=ends[1].name,
        sources=tuple(sorted(named[0])),
        targets=tuple(sorted(named[1])),
        transport=draw(st.sampled_from(Transport)),
        ports=tuple(sorted(draw(st.sets(st.sampled_from(PORTS), max_size=3)))),
        service=draw(st.sampled_from(Service)),
        standing=draw(st.sampled_from(Standing)),
        reason=draw(NASTY),
    )


CALLS = [
    Call(source, target, transport, port)
    for source in ADDRESSES
    for target in ADDRESSES
    if source != target and ip_address(source).version == ip_address(target).version
    for transport in Transport
    for port in (*PORTS, 4_242)
]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Segmentation, list[Call]]:
    """Rules, and calls to try: half of them between any two addresses, half about what a rule says."""
    segmentation = draw(segmentations())
    tried = draw(st.lists(st.sampled_from(CALLS), min_size=10, max_size=10))
    atlas = Atlas(segmentation.zones)
    for rule in segmentation.rules:
        about = [call for call in CALLS if _is_about(rule, call, atlas)]
        tried += draw(st.lists(st.sampled_from(about), min_size=2, max_size=2)) if about else []
    return segmentation, tried


def _is_about(rule: Allow, call: Call, atlas: Atlas) -> bool:
    """The rule fits, or would if it named another device or port."""
    zones = atlas.zone_of(call.source), atlas.zone_of(call.target)
    misses = (
        bool(rule.sources) and call.source not in rule.sources,
        bool(rule.targets) and call.target not in rule.targets,
        bool(rule.ports) and call.port not in rule.ports,
    )
    return zones == (rule.source_zone, rule.target_zone) and call.transport is rule.transport and sum(misses) <= 1


def inside(address: str, network: str) -> bool:
    """Whether the address is in the network; never across families."""
    parsed, held = ip_address(address), ip_network(network)
    return parsed.version == held.version and parsed in held
