"""Past traffic against rules: what would stop, and the exams that go with it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from leadapron.model.inventory import Inventory
from leadapron.model.picture import Picture
from leadapron.model.segmentation import Rehearsal, Segmentation, Standing
from leadapron.whatif.segment import propose, rehearse
from leadapron.whatif.segment.suspicion import Reason
from tests.whatif.segment.site import asks, exams, finding, flow, picture, stores

CTS = exams("CT", 15, "ct1", "ct2", objects=150)
ORDERS = flow("engine", "ris", "hl7", 2575, operations={"ORM^O01": 20})


def department(*more: dict[str, Any]) -> Picture:
    """ct1 makes ten exams of its images, ct2 five; both ask the worklist."""
    flows = (stores("ct1", objects=100), stores("ct2", objects=50), asks("ct1"), asks("ct2"), *more)
    return picture(*flows, utilisation=[CTS])


def without(segmentation: Segmentation, *flows: str) -> Segmentation:
    """The rules without those that rest on these flows."""
    rules = tuple(rule for rule in segmentation.rules if not set(rule.flows) & set(flows))
    return replace(segmentation, rules=rules)


def only(*allowed: str, of: Picture) -> Rehearsal:
    """Rehearsal of rules learned from some of the flows."""
    inventory = of.inventory
    kept = tuple(one for one in inventory.flows if one.id in allowed)
    learned = replace(inventory, flows=kept)
    return rehearse(propose(replace(of, inventory=learned), ()), of, (), learned)


def test_rules_learned_from_traffic_let_it_all_through() -> None:
    seen = department()
    told = rehearse(propose(seen, ()), seen, (), seen.inventory)
    assert (told.flows, told.passed, told.blocked, told.exams, told.exams_blocked) == (4, 4, (), 15, 0)
    assert (told.unknown, told.unused, told.asked) == ((), (), 0)


def test_exams_fail_where_images_no_longer_arrive() -> None:
    told = only("ct2>pacs:104", "ct1>ris:2000", "ct2>ris:2000", of=department())
    assert [(one.flow, one.exams, one.modality, one.new) for one in told.blocked] == [("ct1>pacs:104", 10, "CT", True)]
    assert (told.exams_blocked, told.by_modality, told.by_device) == (10, {"CT": 10}, {"ct1": 10})


def test_images_that_also_go_elsewhere_are_not_lost() -> None:
    second = stores("ct1", "engine", objects=100)
    told = only("ct2>pacs:104", "ct1>engine:104", "ct1>ris:2000", "ct2>ris:2000", of=department(second))
    assert told.exams_blocked == 0
    half = department(stores("ct1", "engine", objects=50))
    assert only("ct2>pacs:104", "ct1>engine:104", "ct1>ris:2000", "ct2>ris:2000", of=half).by_device == {"ct1": 5}


def test_a_scanner_without_any_worklist_makes_no_exam() -> None:
    told = only("ct1>pacs:104", "ct2>pacs:104", "ct1>ris:2000", of=department())
    assert (told.by_device, told.blocked[0].exams) == ({"ct2": 5}, 5)


def test_losing_images_and_orders_costs_an_exam_once() -> None:
    told = only("ct1>pacs:104", "ct1>ris:2000", of=department())
    assert (told.exams_blocked, [one.exams for one in told.blocked]) == (5, [5, 5])


def test_orders_that_do_not_reach_the_ris_cost_the_exams_of_all_who_ask_it() -> None:
    visitor = flow("visitor", "ris", "hl7", 2575, operations={"ORM^O01": 20, "ADT^A01": 9}, times=2)
    seen = department(visitor, replace_server(ORDERS))
    told = only("ct1>pacs:104", "ct2>pacs:104", "ct1>ris:2000", "ct2>ris:2000", "engine>ris:2575", of=seen)
    assert [(one.flow, one.exams) for one in told.blocked] == [("visitor>ris:2575", 8)]
    assert told.exams_blocked == told.by_modality["CT"] == 8, "half the orders: 7.5 exams"


def replace_server(one: dict[str, Any]) -> dict[str, Any]:
    """As seen from another zone, so that it is filtered."""
    return one | {"client_addresses": ["10.0.3.77"]}


def test_readers_and_unread_flows_cost_no_exam_and_are_listed() -> None:
    reader = flow("ws1", "pacs", "dicom", 104, operations={"C-GET": 3, "C-STORE": 9}, objects=9)
    told = rehearse(propose(department(), ()), department(reader), (), department().inventory)
    assert [(one.flow, one.exams, one.new, one.suspect) for one in told.blocked] == [("ws1>pacs:104", 0, True, "")]


def test_attempts_and_traffic_inside_a_zone_are_not_replayed() -> None:
    seen = department(flow("ws1", "pacs", "smb", 445, answered=0), flow("ct1", "ct2", "dicom", 104))
    assert rehearse(propose(department(), ()), seen, ()).flows == 4


def test_attacks_are_told_apart_from_what_breaks() -> None:
    attack = flow("pc1", "ct1", "smb", 445)
    seen = department(attack)
    found = (finding("net-lateral", attack["id"]),)
    told = rehearse(propose(seen, found), seen, found, seen.inventory)
    assert [(one.suspect, one.new) for one in told.blocked] == [(Reason.SIDEWAYS, False)]
    assert told.suspects_passed == ()
    before_it_was_known = rehearse(propose(seen, ()), seen, found, seen.inventory)
    assert before_it_was_known.suspects_passed == (attack["id"],)


def test_what_a_person_refused_is_meant() -> None:
    seen = department(flow("ws1", "pacs", "https", 443))
    rules = propose(seen, ())
    said_no = tuple(
        replace(rule, standing=Standing.REFUSE) if "ws1>pacs:443" in rule.flows else rule for rule in rules.rules
    )
    told = rehearse(replace(rules, rules=said_no), seen, ())
    assert [(one.flow, one.suspect, one.new) for one in told.blocked] == [("ws1>pacs:443", Reason.SAID_NO, False)]


def test_questions_pass_and_are_counted_apart() -> None:
    seen = department(flow("ws1", "ct1", "vnc", 5900))
    told = rehearse(propose(seen, ()), seen, ())
    assert (told.passed, told.asked, told.blocked) == (5, 1, ())


def test_addresses_in_no_zone_are_named_and_so_are_rules_without_use() -> None:
    rules = propose(department(), ())
    told = rehearse(rules, picture(stores("ct1"), flow("visitor", "pacs", "https", 443)), ())
    assert told.unknown == ("10.0.9.9",)
    assert set(told.unused) == {rule.id for rule in rules.rules if "ct1>pacs:104" not in rule.flows}


def test_the_worst_comes_first() -> None:
    attack = flow("pc1", "ct1", "smb", 445, times=90)
    seen = department(attack, flow("ws1", "pacs", "https", 443))
    told = rehearse(replace(propose(seen, ()), rules=()), seen, [finding("net-lateral", attack["id"])])
    assert [one.flow for one in told.blocked[:2]] == ["ct1>pacs:104", "ct1>ris:2000"]
    assert told.blocked[-1].flow == attack["id"]


def test_no_traffic_at_all() -> None:
    told = rehearse(propose(Picture(inventory=Inventory()), ()), Picture(inventory=Inventory()), ())
    assert (told.flows, told.exams, told.blocked, told.unknown) == (0, 0, (), ())


def test_a_cell_without_known_images_is_shared_evenly() -> None:
    hidden = picture(asks("ct1"), asks("ct2"), utilisation=[exams("CT", 6, "ct1", "ct2", objects=60)])
    told = rehearse(without(propose(hidden, ()), "ct1>ris:2000"), hidden, ())
    assert told.by_device == {"ct1": 3, "ct2": 3}
