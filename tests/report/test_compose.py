"""An assessment and rules become one document in words."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from leadapron.model.errors import ContentError, UsageError
from leadapron.model.findings import Severity
from leadapron.report import Document, document, encode
from tests.report import sample


def test_a_document_says_what_the_assessment_found() -> None:
    made = document(sample.department(), sample.RULES, "en")

    assert made.schema == "leadapron.assessment/1"
    assert made.summary.devices == len(made.assets) == 25
    assert [zone.name for zone in made.zones] == ["10.20.1.0/24", "10.20.2.0/24", "10.20.3.0/24", "10.40.0.0/16"]
    first = made.findings[0]
    assert (first.rank, first.rule, first.severity) == (1, "smb1", Severity.CRITICAL)
    assert first.title == "CT1-CONSOLE still speaks SMB 1"
    assert first.seen == "CT1-CONSOLE accepted the SMB 1 protocol, 14 times."
    assert made.summary.severities[Severity.HIGH] == 2


def test_the_same_in_french() -> None:
    made = document(sample.department(), sample.RULES, "fr")
    assert made.language == "fr"
    assert made.findings[0].title == "CT1-CONSOLE parle encore SMB 1"
    assert "25 appareils" in made.summary.verdict[0]


def test_json_has_the_fields_that_others_rely_on() -> None:
    read = json.loads(encode(document(sample.department(), sample.RULES, "en")))

    assert {
        "id", "addresses", "mac", "hostnames", "ae_titles", "roles", "modalities", "manufacturer", "model",
        "software_versions", "serial_hash", "station_names", "os", "components", "confidence", "first_seen",
        "last_seen",
    } <= set(read["assets"][0])  # fmt: skip
    assert {
        "client", "server", "service", "port", "encrypted", "calling_ae_titles", "called_ae_titles", "operations",
        "sop_classes", "objects", "bytes", "first_seen", "last_seen",
    } <= set(read["flows"][0])  # fmt: skip
    assert {
        "rule", "subject", "title", "severity", "harm", "confidence", "evidence", "remediation", "controls",
    } <= set(read["findings"][0])  # fmt: skip
    assert {"type", "id", "label", "addresses"} <= set(read["findings"][0]["subject"])
    assert {"packets", "gaps", "anomalies", "undecodable", "drops"} <= set(read["quality"])
    assert {"modality", "hour", "exams"} <= set(read["utilisation"][0])
    assert read["sources"]


def test_equal_assessments_give_equal_bytes_and_times_are_utc() -> None:
    first, second = (encode(document(sample.hospital(), sample.RULES, "en")) for _ in range(2))
    assert first == second
    assert json.loads(first)["generated"].endswith("Z")


def test_json_reads_back() -> None:
    made = document(sample.department(), sample.RULES, "en")
    assert msgspec.json.decode(encode(made), type=Document) == made


def test_bytes_of_a_flow_count_both_directions() -> None:
    assessment = sample.department()
    entry, flow = document(assessment, sample.RULES, "en").flows[0], assessment.inventory.flows[0]
    assert entry.bytes == flow.bytes_to_server + flow.bytes_to_client


def test_finding_ids_are_unique_and_stay_when_others_come_and_go() -> None:
    assessment = sample.department()
    fewer = msgspec.structs.replace(assessment, findings=assessment.findings[1:])
    all_ids = [one.id for one in document(assessment, sample.RULES, "en").findings]
    assert len(set(all_ids)) == len(all_ids)
    assert [one.id for one in document(fewer, sample.RULES, "fr").findings] == all_ids[1:]


def test_devices_and_flows_know_their_findings() -> None:
    made = document(sample.department(), sample.RULES, "en")
    smb = next(one for one in made.findings if one.rule == "smb1")
    scanner = next(one for one in made.assets if one.id == smb.subject.id)
    assert scanner.severity is Severity.CRITICAL
    assert smb.id in scanner.findings
    flow = next(one for one in made.flows if one.id == smb.flows[0])
    assert smb.id in flow.findings
    assert flow.severity is Severity.CRITICAL


def test_an_action_names_every_subject_of_its_rule() -> None:
    made = document(sample.department(), sample.RULES, "en")
    clear = next(one for one in made.actions if one.rule == "dcm-clear")
    assert clear.subjects == ("pacs", "ris")
    assert clear.title == "pacs and ris receives images in clear"
    assert len(clear.findings) == 2
    assert [one.rule for one in made.actions] == list(dict.fromkeys(one.rule for one in made.findings))


def test_the_summary_names_the_limits() -> None:
    assessment = msgspec.structs.replace(sample.department(), interrupted=True)
    limits = document(assessment, sample.RULES, "en").summary.limits
    assert "stopped before the end" in limits[0]
    assert any(limit.startswith("12 holes") for limit in limits)


def test_a_source_without_packets_is_said_plainly() -> None:
    (verdict,) = document(sample.empty(), sample.RULES, "en").summary.verdict
    assert verdict.startswith("There is no packet in what was read")


def test_packets_without_devices_are_said_plainly() -> None:
    made = document(sample.unrecognised(), sample.RULES, "en")
    assert made.summary.verdict[0] == "No device was recognised in 12 packets."
    assert "mirror port" in made.summary.verdict[1]
    assert not any("weakness" in sentence for sentence in made.summary.verdict)


def test_why_it_ranks_there_is_in_words() -> None:
    made = document(sample.department(), sample.RULES, "en")
    logs = next(one for one in made.findings if one.rule == "log-none")
    assert len(logs.rank_reasons) == 3
    assert not any("rank." in reason or "{" in reason for reason in logs.rank_reasons)


def test_a_rule_without_sentences_is_an_error_of_content() -> None:
    with pytest.raises(ContentError, match="smb1"):
        document(sample.department(), [rule for rule in sample.RULES if rule.name != "smb1"], "en")


def test_a_sentence_with_an_unknown_parameter_is_an_error_of_content() -> None:
    finding = msgspec.structs.replace(sample.department().findings[0], params={})
    with pytest.raises(ContentError, match="server"):
        document(msgspec.structs.replace(sample.department(), findings=(finding,)), sample.RULES, "en")


def test_a_language_we_do_not_write() -> None:
    with pytest.raises(UsageError, match="en, fr"):
        document(sample.department(), sample.RULES, "de")


def test_sample_times_are_aware() -> None:
    assert sample.START.tzinfo is UTC
    assert isinstance(document(sample.department(), sample.RULES, "en").generated, datetime)
