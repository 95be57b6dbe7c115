"""Papers held against the wire: what forms, lists and registers say, and what may not be made of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadapron.assess.predicates.hosts import windows_editions
from leadapron.assess.predicates.ports import read_ports
from leadapron.assess.predicates.systems import Family, read_system, windows_products
from leadapron.model.findings import Confidence, Finding, SubjectType
from tests.assess.builders import RULES, judge, names_of

PAPERS = frozenset(
    rule.name
    for rule in RULES
    if rule.name.startswith(("declared-", "ae-", "asset-"))
    or any("declared" in sample or "unseen" in sample for sample in rule.samples.fires)
)
"""Rules that rest on documents."""

CT: dict[str, Any] = {"id": "ct", "roles": ["modality"], "addresses": ["192.0.2.1"]}
STORED: dict[str, Any] = {
    "client": "ct", "server": "pacs", "service": "dicom", "port": 104, "accepted": 3, "operations": {"C-STORE": 40},
}  # fmt: skip


def form(answers: dict[str, Any], **sample: Any) -> tuple[Finding, ...]:
    return judge(assets=[CT], declared={"ct": {"mds2": answers}}, **sample)


def only(findings: tuple[Finding, ...], rule: str) -> Finding:
    (found,) = (finding for finding in findings if finding.rule == rule)
    return found


def test_a_form_that_promises_encryption_is_quoted_beside_the_packets() -> None:
    findings = form({"TXCF-2": {"answer": "yes", "note": "TLS 1.2"}}, flows=[STORED])
    finding = only(findings, "declared-clear")
    assert (finding.subject.label, finding.confidence, len(finding.flows)) == ("ct", Confidence.SEEN, 1)
    assert finding.params["shown"] == "dicom/104 (pacs)"
    (citation,) = finding.citations
    assert (citation.source, citation.place, citation.quote) == ("sample", "TXCF-2", "yes; TLS 1.2")
    assert citation.dated == date(2026, 1, 5)


def test_nothing_rests_on_papers_where_there_are_none() -> None:
    """Whoever has but a capture sees nothing new."""
    papers = ("declared", "titles", "unseen", "zones")
    for rule in RULES:
        for sample in (*rule.samples.fires, *rule.samples.silent):
            seen: dict[str, Any] = {key: value for key, value in sample.items() if key not in papers}
            found = judge(None, **seen)
            assert not PAPERS & set(names_of(found)), rule.name


def test_capability_is_less_than_a_promise() -> None:
    assert only(form({"CONN-7": "yes"}, flows=[STORED]), "declared-clear").confidence is Confidence.LIKELY
    assert "declared-clear" not in names_of(form({"CONN-7": "optional"}, flows=[STORED]))


# ---------------------------------------------------------------- makers' forms
def test_a_weakness_that_a_form_declares_cites_only_the_answers_that_make_it_one() -> None:
    finding = only(form({"AUTH-1": "yes", "PAUT-4": "yes", "PAUT-5": "no", "SGUD-3.1": "yes"}), "cred-default")
    assert finding.params["answers"] == "PAUT-5 = no"
    assert [citation.place for citation in finding.citations] == ["PAUT-5"]
    assert finding.confidence is Confidence.LIKELY


def test_unread_and_blank_answers_accuse_nobody() -> None:
    rules = [rule for rule in RULES if rule.predicate == "form-answers"]
    questions = {question for rule in rules for sample in rule.samples.fires for question in _asked(sample)}
    for answer in ("note", "blank", "n/a"):
        assert not PAPERS & set(names_of(form(dict.fromkeys(questions, answer)))) - {"no-sbom"}


def _asked(sample: Any) -> set[str]:
    return {question for said in sample["declared"].values() for question in said["mds2"]}


@pytest.mark.parametrize(
    ("answer", "flow", "param", "shown"),
    [
        ("NAUT-1", {**STORED, "client": "pc", "calling_ae_titles": ["FINDSCU"]}, "strangers", "dicom/104 (FINDSCU)"),
        ("TXCF-4", {**STORED, "client": "pc", "called_ae_titles": ["ANY-SCP"]}, "strangers", "dicom/104 (ANY-SCP)"),
        ("NAUT-1", {**STORED, "client": "pc", "client_roles": ["office"]}, "strangers", "dicom/104 (pc)"),
        ("NAUT-3", STORED, "uncertified", "dicom/104 (ct)"),
        ("PAUT-1", {"service": "smb", "port": 445, "anonymous": True, "shares": ["IPC$", "DATA"]}, "unsigned",
         "smb/445 (DATA)"),
    ],
)  # fmt: skip
def test_strangers_let_in(answer: str, flow: dict[str, Any], param: str, shown: str) -> None:
    findings = judge(flows=[{**flow, "server": "pacs"}], declared={"pacs": {"mds2": {answer: "yes"}}})
    finding = only(findings, "declared-auth")
    assert (finding.subject.id, finding.params[param]) == ("pacs", shown)


@pytest.mark.parametrize("versions", [["TLS 1.3"], ["TLS 1.2", "TLS 1.3"], []])
def test_certificates_that_nobody_can_see_are_not_missed(versions: list[str]) -> None:
    flow = {"client": "ct", "service": "dicom-tls", "port": 2762, "encrypted": True, "tls_versions": versions}
    assert "declared-auth" not in names_of(form({"NAUT-3": "yes"}, flows=[flow]))


def exposed(part: str, **answer: Any) -> dict[str, Any]:
    return {"ct": [{"part": part, "product": "X", "version": "1", "verdict": "affected", "fixed": "2", **answer}]}


def test_updates_that_the_owner_may_install_are_late() -> None:
    exposures = exposed("system", cvss=9.8, exploited=["CVE-1"])
    finding = only(form({"CSUP-2.4": "yes", "CSUP-7": "yes"}, exposures=exposures), "patch-late")
    assert finding.params["answers"] == "CSUP-2.4 = yes, CSUP-7 = yes"
    assert {"rank.exploited", "rank.severe=9.8"} <= set(finding.rank_reason)


@pytest.mark.parametrize(
    "answers", [{"CSUP-7": "yes"}, {"CSUP-2.1": "no"}, {"CSUP-2.1": "yes", "CSUP-2.2": "yes"}, {"CSUP-5.1": "yes"}]
)
def test_updates_that_only_the_maker_installs_are_not(answers: dict[str, str]) -> None:
    assert "patch-late" not in names_of(form(answers, exposures=exposed("system")))


# ---------------------------------------------------------------- operating systems
@pytest.mark.parametrize(
    ("declared", "os", "version", "differs"),
    [
        ("Windows 10", "Windows", "6.1.7601", True),
        ("Windows 7 Embedded", "Windows", "6.1.7601", False),
        ("Windows Embedded Standard 7", "Windows", "6.1.7601", False),
        ("Windows Embedded Standard 2009", "Windows", "5.1", False),
        ("Microsoft® Windows® 10 IoT Enterprise LTSC 2019", "Windows", "10.0.17763", False),
        ("Windows Server 2019", "Windows", "10.0.17763", False),
        ("Windows Server 2012 R2", "Windows", "6.2.9200", True),
        ("Windows 10 22H2", "Windows", "10.0.17763", True),
        ("Windows 10.0.19045", "Windows", "10.0.17763", True),
        ("Windows 11", "Windows", "", False),
        ("Windows", "Windows", "10.0.17763", False),
        ("Windows 10", "Debian", "12", True),
        ("Windows 10 console, Linux reconstruction", "Debian", "12", False),
        ("Debian GNU/Linux 12 (bookworm)", "Debian", "12", False),
        ("Debian 11", "Debian", "12", True),
        ("Debian, kernel 5.10", "Debian", "12", False),
        ("Ubuntu 22.04", "Debian", "12", True),
        ("Ubuntu 22.04", "Linux", "", False),
        ("Embedded Linux", "Debian", "12", False),
        ("VxWorks 6.9", "Windows", "", True),
        ("as delivered", "Windows", "10.0.17763", False),
    ],
)
def test_systems_in_papers_and_on_the_wire(declared: str, os: str, version: str, differs: bool) -> None:
    findings = judge(
        None, "declared-os",
        assets=[{**CT, "os": os, "os_version": version}], declared={"ct": {"device": {"os": declared}}},
    )  # fmt: skip
    assert bool(findings) is differs


def test_two_systems_at_one_address_make_it_only_possible() -> None:
    findings = judge(
        None, "declared-os",
        assets=[{**CT, "os": "Linux", "systems_behind": 2}], declared={"ct": {"device": {"os": "Windows 10"}}},
    )  # fmt: skip
    assert [finding.confidence for finding in findings] == [Confidence.POSSIBLE]


def test_every_edition_that_ships_names_at_most_one_product() -> None:
    """Channels of Windows Server that are named by their release have none."""
    for editions in windows_editions().values():
        for edition in editions:
            assert len(windows_products(edition.name)) == (0 if edition.name.endswith("AC") else 1), edition.name


@given(st.text(max_size=200))
def test_any_text_can_be_read_for_a_system(text: str) -> None:
    system = read_system(text)
    assert system is None or (system.family in Family and not system.differs(system))


# ---------------------------------------------------------------- ports
@pytest.mark.parametrize(
    ("text", "listed", "unlisted"),
    [
        ("TCP 104 (DICOM), 443 (HTTPS)", [104, 443], [3389]),
        ("Ports: 104, 2762 and 5000-5010", [104, 2762, 5004], [5011]),
        ("104/tcp; 161/udp", [104, 161], [162]),
        ("TCP 2762 DICOM over TLS; nothing else", [2762], [104]),
        ("Ports TCP : 104 et 11112, aucun autre", [104, 11112], [80]),
    ],
)
def test_lists_of_ports_are_read(text: str, listed: list[int], unlisted: list[int]) -> None:
    ports = read_ports(text)
    assert ports is not None
    assert all(map(ports.has, listed))
    assert not any(map(ports.has, unlisted))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yes",
        "See the service manual, TCP 104 among others",
        "TCP/IP version 4",
        "TLS 1.2 on all ports",
        "2 USB ports, TCP 104",
        "TCP port 104 (configurable)",
        "TCP ports such as 104",
        "TCP 104, " + "x" * 500,
        "DICOM and HTTPS",
        "port 0",
        "port 99999",
    ],
)
def test_what_is_no_whole_list_is_not_used(text: str) -> None:
    assert read_ports(text) is None


@given(st.text(alphabet="tcpudor 0123456789-,;./()", max_size=120) | st.text(max_size=120))
def test_any_text_can_be_read_for_ports(text: str) -> None:
    ports = read_ports(text)
    assert ports is None or all(0 < low <= high <= 65535 for low, high in ports.ranges)


def test_a_list_that_does_not_fit_the_device_is_only_possible() -> None:
    flow = {"client": "pc", "server": "ct", "service": "rdp", "port": 3389}
    note = {"CONN-2": {"answer": "yes", "note": "TCP 104"}}
    for services, confidence in ((["rdp/3389"], Confidence.POSSIBLE), (["dicom/104"], Confidence.LIKELY)):
        findings = judge(
            None, "declared-ports",
            assets=[{**CT, "services": services}], flows=[flow], declared={"ct": {"mds2": note}},
        )  # fmt: skip
        assert [(f.confidence, f.params["ports"]) for f in findings] == [(confidence, "rdp/3389")]


# ---------------------------------------------------------------- the AE register
def register(*assets: dict[str, Any], titles: list[dict[str, Any]]) -> dict[str, str]:
    """Rule → subject of the findings on a register."""
    flows = [{"client": asset["id"], "server": "x", "service": "dicom", "port": 104} for asset in assets]
    found = judge(assets=list(assets), flows=flows, titles=titles)
    return {finding.rule: finding.subject.label for finding in found if finding.rule.startswith("ae-")}


def test_a_renamed_device_is_neither_a_stranger_nor_dead() -> None:
    assert register(
        {**CT, "ae_titles": ["CT_NEW"]}, titles=[{"ae_title": "CT1", "address": "192.0.2.1"}]
    ) == {"ae-moved": "ct"}  # fmt: skip


def test_a_moved_title_is_said_of_the_device_that_uses_it() -> None:
    titles = [{"ae_title": "CT1", "address": "192.0.2.7", "port": 104}]
    assert register({**CT, "ae_titles": ["CT1"]}, titles=titles) == {"ae-moved": "ct"}
    finding = only(judge(assets=[{**CT, "ae_titles": ["CT1"]}], titles=titles), "ae-moved")
    assert finding.params["registered"] == "CT1 (192.0.2.7:104)"
    assert finding.params["used"] == "CT1 (192.0.2.1)"
    assert finding.citations[0].place == "1"


def test_titles_differ_by_case() -> None:
    found = register({**CT, "ae_titles": ["ct1"]}, titles=[{"ae_title": "CT1"}])
    assert found == {"ae-unregistered": "ct", "ae-dead": "CT1"}


def test_a_doubled_title_is_a_subject_of_its_own() -> None:
    titles = [{"ae_title": "CT1", "address": address} for address in ("192.0.2.1", "192.0.2.2")]
    finding = only(judge(assets=[{**CT, "ae_titles": ["CT1"]}], titles=titles), "ae-duplicate")
    assert (finding.subject.type, finding.subject.id) == (SubjectType.NETWORK, "aet:CT1")
    assert finding.params["places"] == "192.0.2.1, 192.0.2.2"


# ---------------------------------------------------------------- lists and documents
def test_gaps_are_one_finding_for_all_devices() -> None:
    assets = [CT, {"id": "mr", "roles": ["modality"], "addresses": ["192.0.2.2"]}]
    rows = {"ct": {"device": {"name": "CT 1"}}, "mr": {"device": {"name": "MR 1"}}}
    found = {finding.rule: finding for finding in judge(assets=assets, declared=rows) if finding.rule in PAPERS}
    assert set(found) == {"no-owner", "os-no-date", "no-mds2", "no-sbom"}
    for finding in found.values():
        assert (finding.subject.type, finding.subject.id) == (SubjectType.NETWORK, "network")
        assert (finding.params["devices"], finding.params["count"]) == ("ct, mr", 2)
        assert finding.subject.addresses == ("192.0.2.1", "192.0.2.2")
    assert [citation.quote for citation in found["no-owner"].citations] == ["CT 1", "MR 1"]


def test_a_promised_parts_list_is_quoted() -> None:
    finding = only(form({"SBOM-1": {"answer": "yes", "note": "on request"}}), "no-sbom")
    assert [citation.quote for citation in finding.citations] == ["yes; on request"]


def test_support_ends_on_its_last_day() -> None:
    for end, over in (("2026-11-23", True), ("2026-11-24", False), ("sometime", False)):
        findings = judge(assets=[CT], declared={"ct": {"device": {"end_of_support": end}}})
        assert ("support-ended" in names_of(findings)) is over


def test_listed_devices_that_were_not_seen_are_named_as_the_list_names_them() -> None:
    rows = [{"name": "MR 2"}, {"hostname": "us7"}, {"manufacturer": "GE", "product": "LOGIQ"}, {}]
    finding = only(judge(flows=[STORED], unseen=rows), "asset-unseen")
    assert finding.params["devices"] == "MR 2, us7, GE LOGIQ, sample:4"
    assert finding.params["observed"] == "60 min"
