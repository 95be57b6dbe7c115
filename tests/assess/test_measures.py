"""What a workspace can say of practices by itself, and how sure it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from leadapron.assess.measures import QUARTER, measured
from leadapron.assess.view import View
from leadapron.know.procedures import load_words
from leadapron.model.content import LANGUAGES
from leadapron.model.events import ProcedureAnswer
from leadapron.model.findings import Confidence
from leadapron.model.procedures import Basis, Measure
from leadapron.rules.samples import START, picture_of

WORDS = load_words()
NOW = START + timedelta(days=10)
YES, PARTIAL, NO = ProcedureAnswer.YES, ProcedureAnswer.PARTIAL, ProcedureAnswer.NO


def measure(now: datetime = NOW, **sample: Any) -> dict[Measure, Basis]:
    found = dict(measured(View(picture_of(sample)), now=now))
    for basis in found.values():
        for language in LANGUAGES:
            assert WORDS.say(language, basis.message, basis.params)
    return found


def ct(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "roles": ["modality"], "modalities": ["CT"], "zone": "z1", **more}


ROW = {"os": "Windows 10", "software_version": "VB10", "owner": "Ada", "location": "R1", "criticality": "vital",
       "end_of_support": "2031-01-01"}  # fmt: skip


def test_devices_with_a_full_row_answer_the_inventory() -> None:
    found = measure(
        assets=[ct("ct1"), ct("ct2"), {"id": "pc", "roles": ["office"]}],
        declared={"ct1": {"device": ROW}, "ct2": {"device": {**ROW, "owner": ""}}},
    )
    assert {name: basis.answer for name, basis in found.items() if name is not Measure.MODALITIES_MIXED} == {
        Measure.DEVICES_LISTED: YES,
        Measure.DEVICES_DESCRIBED: PARTIAL,
        Measure.DEVICES_OWNED: PARTIAL,
        Measure.CRITICALITY_KNOWN: YES,
        Measure.SUPPORT_DATES_KNOWN: YES,
        Measure.LIST_COMPARED: YES,
    }
    said = found[Measure.DEVICES_OWNED]
    assert WORDS.say("en", said.message, said.params) == "No owner in the list for: ct2 (1 of 2 have one)."
    assert said.sure is Confidence.SEEN
    assert found[Measure.DEVICES_LISTED].sure is Confidence.LIKELY


def test_a_device_that_no_list_names_is_named() -> None:
    found = measure(assets=[ct("ct1"), ct("ct2", zone="z2")], declared={"ct1": {"device": ROW}})
    assert found[Measure.DEVICES_LISTED].answer is PARTIAL
    assert found[Measure.DEVICES_LISTED].params == {"count": 1, "total": 2, "missing": "ct2"}


def test_a_list_that_fits_nothing_is_a_no() -> None:
    found = measure(assets=[ct("ct1")], unseen=[{"name": "old ct"}])
    assert found[Measure.DEVICES_LISTED].answer is NO
    assert Measure.DEVICES_OWNED not in found


def test_without_a_list_nothing_is_said_of_lists() -> None:
    assert measure(assets=[ct("ct1")]) == {}


def test_a_comparison_grows_old() -> None:
    sample: dict[str, Any] = {"assets": [ct("ct1")], "declared": {"ct1": {"device": ROW}}}
    assert Measure.LIST_COMPARED in measure(**sample)
    assert Measure.LIST_COMPARED not in measure(now=START + QUARTER + timedelta(days=1), **sample)


def test_forms_and_lists_of_parts_are_counted_where_any_were_added() -> None:
    found = measure(assets=[ct("ct1"), ct("ct2", zone="z2")], declared={"ct1": {"documents": ["mds2"]}})
    assert found[Measure.FORMS_HELD].answer is PARTIAL
    assert Measure.SBOMS_HELD not in found


def test_titles_outside_the_register_are_named() -> None:
    found = measure(
        assets=[ct("ct1", ae_titles=["CT_A"]), {"id": "odd", "ae_titles": ["STORESCU"], "zone": "z9"}],
        titles=[{"ae_title": "CT_A"}],
    )
    basis = found[Measure.TITLES_REGISTERED]
    assert (basis.answer, basis.params["missing"]) == (PARTIAL, "STORESCU")


@pytest.mark.parametrize(
    ("services", "answer"),
    [(["dicom-tls", "dicom-tls"], YES), (["dicom-tls", "dicom"], PARTIAL), (["dicom"], NO)],
)
def test_encryption_is_a_share_of_links(services: list[str], answer: ProcedureAnswer) -> None:
    flows = [
        {"client": f"ct{n}", "server": "pacs", "service": name, "port": n, "encrypted": name == "dicom-tls"}
        for n, name in enumerate(services)
    ]
    assert measure(flows=flows)[Measure.DICOM_ENCRYPTED].answer is answer


def test_links_that_nobody_answered_do_not_count() -> None:
    assert measure(flows=[{"client": "ct", "server": "p", "service": "dicom", "port": 104, "answered": 0}]) == {}


def test_all_ct_scanners_in_one_segment_is_said_as_surely_as_segments_are_known() -> None:
    scanners = [ct("ct1"), ct("ct2"), {**ct("mr1"), "modalities": ["MR"]}]
    assert measure(assets=scanners)[Measure.MODALITIES_MIXED].answer is NO
    assert measure(assets=scanners)[Measure.MODALITIES_MIXED].sure is Confidence.POSSIBLE
    planned = measure(assets=scanners, zones=[{"zone": "z1", "network": "10.0.1.0/24"}])
    assert planned[Measure.MODALITIES_MIXED].sure is Confidence.LIKELY
    spread = measure(assets=[ct("ct1"), ct("ct2", zone="z2")])
    assert spread[Measure.MODALITIES_MIXED].answer is YES


def test_silence_of_logs_and_clocks_proves_little() -> None:
    ntp = {"client": "ct1", "server": "dns", "service": "ntp", "transport": "udp", "port": 123}
    found = measure(assets=[ct("ct1", sends_syslog=True), ct("ct2", zone="z2")], flows=[ntp])
    assert (found[Measure.LOGS_SENT].answer, found[Measure.LOGS_SENT].sure) == (PARTIAL, Confidence.POSSIBLE)
    assert (found[Measure.CLOCKS_AGREE].answer, found[Measure.CLOCKS_AGREE].sure) == (YES, Confidence.POSSIBLE)
    alone = measure(assets=[ct("ct1", sends_syslog=True)], flows=[ntp])
    assert (alone[Measure.LOGS_SENT].answer, alone[Measure.LOGS_SENT].sure) == (YES, Confidence.LIKELY)
    assert alone[Measure.CLOCKS_AGREE].sure is Confidence.LIKELY


def test_long_lists_of_names_are_cut() -> None:
    found = measure(assets=[ct(f"ct{n:02}", zone=f"z{n}") for n in range(9)], unseen=[{"name": "x"}])
    assert found[Measure.DEVICES_LISTED].params["missing"] == "ct00, ct01, ct02, ct03, ct04, ct05 … (+3)"
