"""Every export, read back by a reader of its own, decides as the rules do."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from leadapron.model.events import Transport
from leadapron.model.segmentation import Segmentation, Standing
from leadapron.whatif.segment.decision import Decider, Why
from leadapron.whatif.segment.export import FORMATS, export
from leadapron.whatif.segment.export.plan import plan_of
from tests.whatif.segment.export import firewalls, hosts, linux, switches
from tests.whatif.segment.export.departments import ADDRESSES, SMALL, Call, cases

Case = tuple[Segmentation, list[Call]]
Reader = Callable[[Mapping[str, str], Call], bool]
NETWORK: Mapping[str, Reader] = {
    "nftables": linux.nftables,
    "iptables": linux.iptables,
    "cisco-ios": switches.cisco,
    "cisco-nxos": switches.cisco,
    "paloalto": firewalls.paloalto,
    "fortigate": firewalls.fortigate,
}
"""Engines between the zones."""


def slug_of(segmentation: Segmentation, address: str) -> str:
    return plan_of(segmentation).area_of(address).slug


def _has_udp_on_every_port(segmentation: Segmentation) -> bool:
    """Lists without memory leave out its answers."""
    return any(
        rule.transport is Transport.UDP and not rule.ports and rule.standing is not Standing.REFUSE
        for rule in segmentation.rules
    )


def test_a_scanner_reaches_the_pacs_and_nothing_else() -> None:
    pacs = Call("10.20.0.5", "10.20.1.10", Transport.TCP, 104)
    office = pacs._replace(port=3389)
    for name, reader in NETWORK.items():
        files = export(SMALL, name)
        assert reader(files, pacs), name
        assert not reader(files, office), name


@pytest.mark.parametrize("name", NETWORK)
@given(case=cases())
def test_engines_between_zones_decide_as_the_rules_do(name: str, case: Case) -> None:
    segmentation, tried = case
    decider, files = Decider(segmentation), export(segmentation, name)
    for call in tried:
        if not decider.atlas.zone_of(call.source) and not decider.atlas.zone_of(call.target):
            assert NETWORK[name](files, call), "traffic of no zone is left alone"
        else:
            assert NETWORK[name](files, call) == decider.decide(*call).allowed, call


@pytest.mark.parametrize("name", ["cisco-ios", "cisco-nxos"])
@given(case=cases())
def test_switches_without_memory_let_answers_through(name: str, case: Case) -> None:
    segmentation, tried = case
    decider, files = Decider(segmentation), export(segmentation, name)
    for call in tried:
        if decider.decide(*call).allowed and not _has_udp_on_every_port(segmentation):
            assert switches.answered(files, call), call


@pytest.mark.parametrize("name", ["cisco-ios", "cisco-nxos"])
@settings(max_examples=30)
@given(case=cases())
def test_lists_that_are_typed_again_replace_those_before(name: str, case: Case) -> None:
    segmentation, tried = case
    opened = tuple(replace(rule, sources=(), targets=(), standing=Standing.KEEP) for rule in segmentation.rules)
    exports = (export(each, name) for each in (replace(segmentation, rules=opened), segmentation))
    both = {str(number): text for number, files in enumerate(exports) for text in files.values()}
    for call in tried:
        assert switches.cisco(both, call) == switches.cisco(export(segmentation, name), call), call


@given(case=cases())
def test_windows_computers_decide_as_the_rules_do(case: Case) -> None:
    segmentation, tried = case
    decider, files = Decider(segmentation), export(segmentation, "windows")
    for call in tried:
        if decider.atlas.zone_of(call.target):
            assert hosts.windows(files, call) == _at_a_computer(decider, call), call


def _at_a_computer(decider: Decider, call: Call) -> bool | None:
    """Between zones its own default does not matter; inside a zone nothing is opened that was closed."""
    decision = decider.decide(*call)
    return None if decision.why is Why.INSIDE else decision.allowed


@given(case=cases())
def test_the_script_of_one_computer_decides_as_the_rules_do(case: Case) -> None:
    segmentation, (call, *_) = case
    decider = Decider(segmentation)
    if decider.atlas.zone_of(call.target):
        files = export(segmentation, "windows", device=call.target)
        assert len(files) == 1
        assert hosts.windows(files, call) == _at_a_computer(decider, call)


@given(case=cases())
def test_pods_decide_as_the_rules_do(case: Case) -> None:
    segmentation, tried = case
    decider, files = Decider(segmentation), export(segmentation, "kubernetes")
    for call in tried:
        if decider.atlas.zone_of(call.target):
            zone = slug_of(segmentation, call.target)
            assert hosts.kubernetes(files, zone, call) == decider.decide(*call).allowed, call


@given(case=cases(), device=st.sampled_from(ADDRESSES))
def test_mud_controllers_decide_as_the_rules_do(case: Case, device: str) -> None:
    segmentation, tried = case
    decider = Decider(segmentation)
    if not decider.atlas.zone_of(device):
        return
    files = export(segmentation, "mud", device=device)
    for call in tried:
        for mine in (call._replace(source=device), call._replace(target=device)):
            if mine.source != mine.target and (":" in mine.source) == (":" in mine.target):
                allowed = decider.decide(*mine).allowed
                opened, answered = hosts.mud(files, device, mine)
                assert opened == allowed, mine
                assert answered == allowed or _has_udp_on_every_port(segmentation), mine


def test_every_format_has_a_reader_here() -> None:
    assert {each.name for each in FORMATS} == {*NETWORK, "windows", "kubernetes", "mud"}
