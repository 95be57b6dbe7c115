"""What the rules let through, against the plainest reading of them."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from leadapron.model.events import Service, Transport
from leadapron.model.segmentation import Allow, Segmentation, Standing
from leadapron.whatif.segment import Why, allows
from tests.whatif.segment.site import ZONES

TO_SERVERS = Allow(
    id="images", source_zone="scanners", target_zone="servers", targets=("10.0.2.1",), transport=Transport.TCP,
    ports=(104,), service=Service.DICOM,
)  # fmt: skip
BUT_ONE = Allow(
    id="not-this-one", source_zone="scanners", target_zone="servers", sources=("10.0.1.9",), transport=Transport.TCP,
    ports=(), service=Service.UNKNOWN, standing=Standing.REFUSE,
)  # fmt: skip
RULES = Segmentation(zones=ZONES, rules=(TO_SERVERS, BUT_ONE))


def test_a_rule_allows_and_says_which() -> None:
    decision = allows(RULES, "10.0.1.1", "10.0.2.1", Transport.TCP, 104)
    assert (decision.allowed, decision.rule, decision.why) == (True, TO_SERVERS, Why.RULE)


def test_everything_else_is_refused() -> None:
    asked = [
        ("10.0.1.1", "10.0.2.1", Transport.TCP, 105, Why.NO_RULE),
        ("10.0.1.1", "10.0.2.1", Transport.UDP, 104, Why.NO_RULE),
        ("10.0.2.1", "10.0.1.1", Transport.TCP, 104, Why.NO_RULE),
        ("10.0.1.1", "10.0.2.200", Transport.TCP, 104, Why.NO_RULE),
        ("10.0.1.9", "10.0.2.1", Transport.TCP, 104, Why.REFUSED),
        ("10.9.9.9", "10.0.2.1", Transport.TCP, 104, Why.NO_ZONE),
    ]
    for source, target, transport, port, why in asked:
        decision = allows(RULES, source, target, transport, port)
        assert (decision.allowed, decision.why) == (False, why)


def test_inside_a_zone_nothing_is_filtered() -> None:
    assert allows(RULES, "10.0.1.9", "10.0.1.1", Transport.TCP, 445).why is Why.INSIDE
    assert allows(RULES, "10.0.2.1", "10.0.2.200", Transport.TCP, 445).why is Why.NO_RULE, "nested, not inside"


HOSTS = ["10.0.1.1", "10.0.1.9", "10.0.2.1", "10.0.2.7", "10.0.2.200", "2001:db8:2::1", "10.9.9.9"]
NAMES = [zone.name for zone in ZONES]


def zone_of(host: str) -> str:
    """Of all networks that hold it, the longest."""
    address = ip_address(host)
    holding = [
        (ip_network(text).prefixlen, zone.name) for zone in ZONES for text in zone.networks
        if ip_network(text).version == address.version and address in ip_network(text)
    ]  # fmt: skip
    return max(holding)[1] if holding else ""


def subset(hosts: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(hosts), max_size=2, unique=True).map(tuple)


RULE = st.builds(
    Allow, id=st.uuids().map(str), source_zone=st.sampled_from(NAMES), target_zone=st.sampled_from(NAMES),
    sources=subset(HOSTS), targets=subset(HOSTS), transport=st.sampled_from(Transport),
    ports=st.lists(st.sampled_from([104, 445]), max_size=2, unique=True).map(tuple),
    service=st.just(Service.UNKNOWN), standing=st.sampled_from(Standing),
)  # fmt: skip


@given(
    st.lists(RULE, max_size=5), st.sampled_from(HOSTS), st.sampled_from(HOSTS), st.sampled_from(Transport),
    st.sampled_from([80, 104, 445]),
)  # fmt: skip
def test_decisions_agree_with_the_plainest_reading(
    rules: list[Allow], source: str, target: str, transport: Transport, port: int
) -> None:
    home, away = zone_of(source), zone_of(target)
    fitting = [
        rule for rule in rules
        if (rule.source_zone, rule.target_zone, rule.transport) == (home, away, transport)
        and source in (rule.sources or (source,)) and target in (rule.targets or (target,))
        and port in (rule.ports or (port,))
    ]  # fmt: skip
    refused = any(rule.standing is Standing.REFUSE for rule in fitting)
    expected = bool(home and away) and (home == away or (bool(fitting) and not refused))
    decision = allows(Segmentation(zones=ZONES, rules=tuple(rules)), source, target, transport, port)
    assert decision.allowed is expected
